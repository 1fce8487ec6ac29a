"""What finding each ticket took, in epochs and seconds."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from analysis.comparisons.dynamics import WHO, drawn_at, who
from analysis.statistics.intervals import mean_interval
from analysis.statistics.verdicts import DIFFERS
from pruning.finders import lineage
from pruning.procedure import FINDERS
from pruning.recipe import Recipe
from pruning.study.folder import Entry


def cost(entries: Iterable[Entry]) -> pd.DataFrame:
    """Add up what each ticket took, the tickets it descends from included, each of them once.

    Returns:
        `WHO`, then epochs (of training weights), search_epochs (of searching for a mask), seconds (as the ticket says,
        along its line of descent), own_seconds.

    A training that is rewound to iteration k counts as a whole one. The network at iteration k costs nothing, as it
    lies on the way to the dense one. Imported weights cost nothing. What recorded tickets took is not
    known; they have no row. An early bird is trained densely until it is drawn,
    as far as its ticket is among the entries.
    """
    entries = [entry for entry in entries if entry.info.recording is None]
    drawn = {entry.id: epoch for entry in entries if (epoch := drawn_at(entry)) is not None}
    rows = []
    for entry in entries:
        steps = lineage.lineage([entry.recipe])
        search = sum(lineage.cost(step) for step in steps if FINDERS[step.finder].searches)
        spared = sum(step.training.epochs - drawn[step.id] for step in steps if step.id in drawn)
        epochs = sum(map(_epochs, steps)) - search - spared
        rows.append((*who(entry), max(epochs, 0.0), search, entry.info.seconds, entry.info.own_seconds))
    return pd.DataFrame(rows, columns=[*WHO, "epochs", "search_epochs", "seconds", "own_seconds"])


def cost_by_family(entries: Iterable[Entry]) -> pd.DataFrame:
    """Average `cost` over seeds: family, epochs (all), search (of these), seconds with its 95 % interval, times.

    `times` is how many times the epochs of the dense network (the first family found densely) these are; NaN without.
    """
    entries = list(entries)
    rows = []
    for family, own in cost(entries).groupby("family", sort=False):
        search = own["search_epochs"].mean()
        rows.append((family, own["epochs"].mean() + search, search, *mean_interval(own["seconds"])))
    found = pd.DataFrame(rows, columns=["family", "epochs", "search", "seconds", "seconds_low", "seconds_high"])
    dense = [entry.recipe.family for entry in entries if entry.recipe.is_dense and entry.recipe.of is None]
    once = found.loc[found["family"].isin(dense[:1]) & (found["epochs"] > 0), "epochs"]
    return found.assign(times=found["epochs"] / (once.iloc[0] if len(once) else np.nan))


def as_good(costs: pd.DataFrame, table: pd.DataFrame, higher: bool = True) -> pd.DataFrame:
    """The tickets that are shown to be as good as another or better, the fewest epochs first.

    Args:
        costs: key, epochs.
        table: rows of `comparisons.verdicts.against` that ticket: a (a key), difference, verdict, within.
        higher: whether a higher score is better.

    Returns the rows of `table` with epochs, of those that have any.
    """
    ahead = table["difference"] > 0 if higher else table["difference"] < 0
    good = table[table["within"].astype(bool) | ((table["verdict"] == DIFFERS) & ahead)]
    return good.merge(costs[["key", "epochs"]], left_on="a", right_on="key").sort_values("epochs", kind="stable")


def _epochs(step: Recipe) -> float:
    return 0.0 if FINDERS[step.finder].trains_nothing(step) else lineage.cost(step)
