"""What a study needs before two trainings under different orders of the data can be compared."""

from __future__ import annotations

from app.load import StudyView
from app.shell import elsewhere, lacking
from app.shell.families import entries
from pruning.procedure import FINDERS


def missing(study: StudyView) -> None:
    """Say which method the study lacks, or that it was not measured yet, and what to run."""
    if _reordered(study):
        options = ["--only", "lines", "--only", "stability"]
        lacking.unmeasured(study, "The two trainings are not compared yet.", options=options)
        return
    lacking.unfound(
        study,
        "No ticket of this study was trained a second time under another order of the data.",
        'Add a [[method]] with finder = "reordered" and of = "imp" (or another method, or "dense") to study.toml, find '
        "it and measure it.",
        measured=True,
    )
    elsewhere.offer(_reordered, "order")


def _reordered(study: StudyView) -> bool:
    return any(FINDERS[entry.recipe.finder].reorders for entry in entries(study).values())
