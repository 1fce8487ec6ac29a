"""Where a study may be: a folder, its study.toml, a packed study, or a URL."""

from __future__ import annotations

import os
from pathlib import Path

from pruning.errors import UserError
from pruning.study import bundle, remote


def local(place: str | Path) -> Path:
    """The folder or file of this machine that stands for a place; what comes from elsewhere is fetched or unpacked.

    Raises:
        UserError: it is no path, or cannot be fetched or unpacked.
        WriteError: the disk will not take it.
    """
    if not isinstance(place, str | os.PathLike):
        raise UserError(f"Give a study by its folder, a text or a path, and not as {place!r}.")
    if remote.is_url(place):
        return remote.mirrored(place)
    path = Path(place)
    return bundle.unpacked(path) if bundle.is_bundle(path) else path
