"""What finding each ticket took, in epochs and seconds."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from analysis.comparisons.dynamics import WHO, birds, who
from pruning.finders import lineage
from pruning.recipe import FINDERS, Recipe
from pruning.study.folder import Entry


def cost(entries: Iterable[Entry]) -> pd.DataFrame:
    """What each ticket took, the tickets it descends from included, each of them once.

    Returns:
        `WHO`, then epochs (of training weights), search_epochs (of searching for a mask), seconds (as the ticket says,
        along its line of descent), own_seconds. A training that is rewound to iteration k counts as a whole one; the
        network at iteration k costs nothing, as it lies on the way to the dense one; imported weights cost nothing. An
        early bird is trained densely until it is drawn, as far as its ticket is among the entries.
    """
    entries = list(entries)
    drawn = {entry.id: float(birds(entry)["epoch"].iloc[0]) for entry in entries if len(birds(entry))}
    rows = []
    for entry in entries:
        steps = lineage.lineage([entry.recipe])
        search = sum(lineage.cost(step) for step in steps if FINDERS[step.finder].searches)
        spared = sum(step.training.epochs - drawn[step.id] for step in steps if step.id in drawn)
        epochs = sum(map(_epochs, steps)) - search - spared
        rows.append((*who(entry), max(epochs, 0.0), search, entry.info.seconds, entry.info.own_seconds))
    return pd.DataFrame(rows, columns=[*WHO, "epochs", "search_epochs", "seconds", "own_seconds"])


def _epochs(step: Recipe) -> float:
    return 0.0 if FINDERS[step.finder].trains_nothing(step) else lineage.cost(step)
