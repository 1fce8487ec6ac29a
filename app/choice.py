"""Which studies there are to choose from, and which one opens."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from pruning.errors import UserError
from pruning.study.folder import TICKETS, TOML
from pruning.study.known import study_folders
from pruning.study.opened import public
from pruning.study.places import local
from pruning.study.remote import is_url

FIRST = "mnist5k-lenet5"
"""The shipped study that fills the most pages."""
SCRIPTS = ("main.py", "serving.py")
"""What Streamlit runs as the app."""


def studies() -> dict[str, Path]:
    """Name -> folder of every study that can be chosen.

    One named after `--` comes first, then the shipped ones, `FIRST` before all others, and the user's own.
    """
    folders = [*_asked_for(), *sorted(study_folders(), key=lambda folder: folder.name != FIRST)]
    found: dict[str, Path] = {}
    for folder in dict.fromkeys(path.resolve() for path in folders):
        name = re.sub(r"[^\w.-]+", "-", folder.name).strip("-") or "study"
        while name in found:
            name += "-" + hashlib.blake2b(str(folder).encode(), digest_size=2).hexdigest()
        found[name] = folder
    return found


def first_with_tickets(studies: Mapping[str, Path]) -> str:
    """The name of the study to show when none was asked for; there must be at least one."""
    full = (name for name, path in studies.items() if any((path / TICKETS).glob("*.safetensors")))
    return next(full, next(iter(studies)))


def _asked_for() -> list[Path]:
    """The study folders on the command line: `python -m app PATH` hands them to Streamlit after `--`.

    Ones without a study stay in, so that opening them says what is missing.
    """
    if Path(sys.argv[0]).name not in SCRIPTS:  # somebody else's command line, such as that of the tests
        return []
    paths = [_here(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    return [path.parent if path.name == TOML else path for path in paths]


def _here(place: str) -> Path:
    """The folder that stands for a place; the place itself where it cannot be had, so that opening it says why."""
    try:
        return local(place if is_url(place) else Path(place).expanduser())
    except UserError:
        return Path(public(place))
