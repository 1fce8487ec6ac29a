"""Tickets in a second task: how accurate each is there, by the task it was found in, beside its controls.

A row is a kind of network, by the task it comes from: tickets whose mask alone goes along, tickets whose weights do
too, random masks of the same layer-wise sparsities, the second task's own tickets as they were found, dense networks.
All of one matrix come from tickets that were found in the same way. Accuracies are those at the end of the training,
on the second task's test images, and only seeds were repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd

from analysis.comparisons.federated import against as held_against
from analysis.statistics.replication import SHARE, bands
from pruning.procedure import FINDERS
from pruning.recipe import Recipe
from pruning.study.folder import Entry

MASK, OWN_MASK, WEIGHTS, RANDOM, OWN, DENSE = "mask", "own mask", "weights", "random", "own", "dense"
KINDS: Mapping[str, str] = {
    MASK: "another task's mask",
    WEIGHTS: "another task's mask and weights",
    RANDOM: "a random mask",
    OWN_MASK: "the task's own mask",
    OWN: "the task's own ticket, as it was found",
    DENSE: "the dense network",
}
"""Kind -> words, in the order in which they are shown."""
CELL = ["kind", "first", "second", "seed", "accuracy"]
ANY = ""
"""The first task of what comes from none."""


class Group(NamedTuple):
    """Tickets found in the same way in several tasks.

    Attributes:
        label: for people. cells: of `CELL`, a row a training: its kind, the tasks it comes from and is in ("" where it
            comes from none), its accuracy.
    """

    label: str
    cells: pd.DataFrame


def is_transferred(recipe: Recipe) -> bool:
    """Whether a ticket was taken to a second task."""
    return recipe.of is not None and FINDERS[recipe.finder].changes_data


def groups(entries: Iterable[Entry]) -> dict[str, Group]:
    """The matrices that there are, by what the originals have in common; those of the most tickets first.

    Args:
        entries: all tickets of a study, of whatever data.
    """
    entries = list(entries)
    moved: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.recipe.of is not None and is_transferred(entry.recipe):
            moved.setdefault(_way(entry.recipe.of), []).append(entry)
    found = {}
    for way, own in sorted(moved.items(), key=lambda each: -len(each[1])):
        of, trainings = own[0].recipe.of, [entry.recipe.training for entry in own]
        assert of is not None
        tasks = {entry.recipe.data for entry in own}
        rows = [_moved(entry) for entry in own]
        for entry in entries:
            recipe = entry.recipe
            if recipe.data in tasks and recipe.is_dense and recipe.of is None and recipe.training in trainings:
                rows.append((DENSE, ANY, recipe.data, recipe.seed, entry.info.accuracy))
            elif recipe.data in tasks and _way(recipe) == way:
                rows.append((OWN, recipe.data, recipe.data, recipe.seed, entry.info.accuracy))
        found[way] = Group(of.but(name="").label, pd.DataFrame(rows, columns=CELL))
    return found


def _way(recipe: Recipe) -> str:
    """The same for tickets that were found in the same way, whatever their task and seed."""
    return recipe.id_without("data", "seed")


def _moved(entry: Entry) -> tuple[str, str, str, int, float]:
    recipe = entry.recipe
    assert recipe.of is not None
    kind = RANDOM if recipe.option("mask") == "shuffled" else WEIGHTS if recipe.option("weights") == "found" else MASK
    kind = OWN_MASK if kind == MASK and recipe.of.data == recipe.data else kind
    return kind, recipe.of.data, recipe.data, recipe.seed, entry.info.accuracy


def matrix(cells: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds, a row for each kind of network, the task it comes from and the one it is in.

    Only of masks and weights it matters which task they come from: other kinds are one row, and a task's own mask
    stands in the row of masks.

    Returns:
        kind, first ("" where it does not matter), second, mean, low, high (Student's 95 %, within 0 and 1; NaN for one
        seed), n; in the order of `KINDS`.
    """
    kinds = cells["kind"].replace(OWN_MASK, MASK)
    named = cells.assign(kind=kinds, first=cells["first"].where(kinds.isin([MASK, WEIGHTS]), ANY))
    each = named.groupby(["kind", "first", "second", "seed"], sort=False)["accuracy"].mean().reset_index()
    table = bands(each, ["kind", "first", "second"], "accuracy", SHARE)
    places = {kind: place for place, kind in enumerate(KINDS)}
    return table.sort_values(["kind", "first", "second"], key=lambda own: own.replace(places), ignore_index=True)


def by_kind(cells: pd.DataFrame) -> pd.DataFrame:
    """Each kind's accuracy in every second task on average: kind, seed, accuracy.

    Kinds are compared over the same second tasks: those into which a mask went from another task. A seed that lacks one
    of them is left out.
    """
    abroad = cells[cells["first"] != cells["second"]]
    tasks = sorted(abroad.loc[abroad["kind"] == MASK, "second"].unique())
    home = cells[(cells["first"] == cells["second"]) & cells["kind"].isin([OWN_MASK, OWN])]
    each = pd.concat([abroad, home]).groupby(["kind", "seed", "second"], sort=False)["accuracy"].mean().unstack()
    whole = each.reindex(columns=tasks).dropna()
    return whole.mean(axis=1).rename("accuracy").reset_index()


def against(rows: pd.DataFrame, equivalence: float = 0.01) -> pd.DataFrame:
    """Hold every kind against masks of another task, seed by seed; all of them are one family.

    Args:
        rows: of `by_kind`.
        equivalence: the difference that does not matter, a fraction.

    Returns:
        kind and the columns of `statistics.verdicts.judge`; differences are the kind's minus the mask's. No rows where
        no mask was transferred.
    """
    if MASK not in set(rows["kind"]):
        return pd.DataFrame(columns=["kind"])
    table = held_against(rows.rename(columns={"kind": "key"}), MASK, equivalence=equivalence)
    table = table.rename(columns={"key": "kind"}).set_index("kind")
    return table.reindex([kind for kind in KINDS if kind in table.index]).reset_index()
