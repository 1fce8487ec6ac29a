"""What a study lacks: a box that says so, with the commands that add it where something can be written there."""

from __future__ import annotations

from app.load import StudyView
from app.shell import layout
from pruning.study.commands import finding, measuring
from pruning.study.opened import only_read

LATER = "Measure the study; what is missing appears here at the next click."


def unmeasured(study: StudyView, message: str, todo: str = LATER, *options: str) -> None:
    """Say that results are missing; `options` of the command that adds them."""
    _box(study, message, todo, measuring(study.path, *options))


def unfound(study: StudyView, message: str, todo: str, measured: bool = False) -> None:
    """Say that tickets are missing, and also their results where `measured`."""
    _box(study, message, todo, finding(study.path), *([measuring(study.path)] if measured else []))


def _box(study: StudyView, message: str, todo: str, *commands: str) -> None:
    elsewhere = only_read(study.path)
    if elsewhere:
        layout.empty(message, layout.plain(elsewhere))
    else:
        layout.empty(message, todo, "\n".join(commands))
