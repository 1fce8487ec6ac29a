"""What a study lacks: a box that says so, with the commands that add it where something can be written there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app import load
from app.load import StudyView
from app.shell import elsewhere, layout
from pruning.study.commands import finding, measuring
from pruning.study.opened import only_read

LATER = "Measure the study; what is missing appears here at the next click."


def unmeasured(
    study: StudyView,
    message: str,
    todo: str = LATER,
    options: Sequence[str] = (),
    has: Callable[[StudyView], bool] | None = None,
) -> None:
    """Say that results are missing; `options` of the command that adds them.

    `has` says of other studies whether they have them: the first ones that do are a click away.
    """
    _box(study, message, todo, measuring(study.path, *options))
    if has is not None:
        elsewhere.offer(has, "measured")


def with_table(name: str) -> Callable[[StudyView], bool]:
    """Whether a study has rows of a table, for `unmeasured`."""
    return lambda study: bool(load.results(study.path).ids(name))


def unfound(study: StudyView, message: str, todo: str, measured: bool = False) -> None:
    """Say that tickets are missing, and also their results where `measured`."""
    _box(study, message, todo, finding(study.path), *([measuring(study.path)] if measured else []))


def _box(study: StudyView, message: str, todo: str, *commands: str) -> None:
    refused = only_read(study.path)
    if refused:
        layout.empty(message, layout.plain(refused))
    else:
        layout.empty(message, todo, "\n".join(commands))
