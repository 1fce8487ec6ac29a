"""What a ticket descends from: the steps on its way, and their training curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pruning.finders.lineage import parents_of
from pruning.recipe import Recipe
from pruning.study.folder import Entry

CURVES = ["step", "label", "epoch", "loss", "train_accuracy", "test_accuracy"]


@dataclass(frozen=True)
class Step:
    """One step on the way to a ticket; `entry` is None where its ticket is not among the study's."""

    recipe: Recipe
    entry: Entry | None


def steps(recipe: Recipe, found: Mapping[str, Entry]) -> list[Step]:
    """The line of descent, the beginning first and the ticket itself last. `found`: the study's tickets by id."""
    line = [recipe]
    while parents := parents_of(line[-1]):
        line.append(parents[0])
    return [Step(each, found.get(each.id)) for each in reversed(line)]


def curves(line: Sequence[Step]) -> pd.DataFrame:
    """The training curves of the steps that are there: `CURVES`, step being its place, accuracies fractions."""
    rows = [
        {"step": place, "label": step.recipe.label, **epoch.model_dump()}
        for place, step in enumerate(line)
        if step.entry is not None
        for epoch in step.entry.info.history
    ]
    return pd.DataFrame(rows, columns=CURVES)
