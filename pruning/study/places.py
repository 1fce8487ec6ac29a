"""Where a study may be: a folder, its study.toml, a packed study, or a URL."""

from __future__ import annotations

from pathlib import Path

from pruning.study import bundle, remote


def local(place: str | Path) -> Path:
    """The folder or file of this machine that stands for a place; what comes from elsewhere is fetched or unpacked.

    Raises:
        UserError: it cannot be fetched or unpacked.
        WriteError: the disk will not take it.
    """
    if remote.is_url(place):
        return remote.mirrored(place)
    path = Path(place)
    return bundle.unpacked(path) if bundle.is_bundle(path) else path
