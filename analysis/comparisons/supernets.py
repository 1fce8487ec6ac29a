"""Tickets of supernets: what is left of each branch over the training, what returned, what it costs, who is better.

All of it is in the tickets' records (`pruning.finders.branch_search`), but for accuracies and multiply-adds of tickets
that never were searched for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.comparisons.verdicts import Told, of_pairs
from analysis.statistics.intervals import mean_interval
from pruning.models.supernet import Place
from pruning.study.folder import Entry

Found = Mapping[str, Sequence[Entry]]
"""Key -> its tickets, a seed each."""

EVENT = ["key", "seed", "event", "iteration", "epoch", "density", "macs", "macs_kept", "accuracy", "returned"]
BRANCH = ["branch", "cell", "kernel", "event", "epoch", "channels", "whole", "share", "macs"]


class Left(NamedTuple):
    """What is left of all branches together.

    Attributes:
        channels: how many, and `whole` of how many. share: of the branches' multiply-adds.
        empty: how many branches have no channel left, of how many there are (`branches`).
    """

    channels: int
    whole: int
    share: float
    empty: int
    branches: int


def searched(found: Found) -> dict[str, list[Entry]]:
    """Those of which it is on record what was left of each branch."""
    there = {key: [entry for entry in entries if entry.info.recorded("channels")] for key, entries in found.items()}
    return {key: entries for key, entries in there.items() if entries}


def searches(found: Found) -> list[str]:
    """The keys of those whose channels were cut on the way, and not before it."""
    return [
        key
        for key, entries in searched(found).items()
        if entries[0].recipe.of is None
        and any(len(set(own)) > 1 for own in entries[0].info.recorded("channels").values())
    ]


def events(found: Found) -> pd.DataFrame:
    """What was noted at each event: a row a ticket and event, of the columns `EVENT`; events count from 1."""
    rows = [
        (key, entry.recipe.seed, place + 1, *values)
        for key, entries in searched(found).items()
        for entry in entries
        for place, values in enumerate(zip(*(entry.info.recorded("supernet")[name] for name in EVENT[3:]), strict=True))
    ]
    return pd.DataFrame(rows, columns=EVENT)


def over_seeds(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Means over seeds at each event, with Student's interval, within what the column can be.

    Args:
        rows: of `events`.
        column: of the value.

    Returns:
        key, event, epoch, mean, low, high (NaN: one seed), n.
    """
    found, most = [], np.inf if column.startswith("macs") else 1
    for (key, event), own in rows.groupby(["key", "event"], sort=False):
        mean, low, high = mean_interval(own[column])
        low, high = np.clip([low, high], 0, most)
        found.append((key, event, own["epoch"].mean(), mean, low, high, len(own)))
    return pd.DataFrame(found, columns=["key", "event", "epoch", "mean", "low", "high", "n"])


def branches(entry: Entry) -> pd.DataFrame:
    """What is left of each branch of a ticket: a row a branch and event, of the columns `BRANCH`.

    Event 0 is the start. `share` is of the branch's channels, `macs` are the multiply-adds of those left. Cells count
    from 1.
    """
    own, whole = entry.info.recorded("channels"), entry.info.recorded("branches")
    epochs = [0.0, *entry.info.recorded("supernet")["epoch"]]
    rows = []
    for (name, left), width, price in zip(own.items(), whole["channels"], whole["macs"], strict=True):
        place = Place.of(name)
        for event, (epoch, channels) in enumerate(zip(epochs, [width, *left], strict=True)):
            share = channels / width
            rows.append(
                (name, place.cell + 1, place.kernel, event, epoch, int(channels), int(width), share, channels * price)
            )
    return pd.DataFrame(rows, columns=BRANCH)


def mean_branches(entries: Sequence[Entry]) -> pd.DataFrame:
    """The same with means over seeds of channels, share and macs."""
    keys = ["branch", "cell", "kernel", "event", "whole"]
    rows = pd.concat([branches(entry) for entry in entries])
    return rows.groupby(keys, sort=False)[["epoch", "channels", "share", "macs"]].mean().reset_index()


def left_at_the_end(rows: pd.DataFrame) -> Left:
    """Sum up what is left after the last event; `rows` are those of `branches`."""
    last, first = rows[rows["event"] == rows["event"].max()], rows[rows["event"] == 0]
    share = float(last["macs"].sum() / first["macs"].sum())
    empty = int((last["channels"] == 0).sum())
    return Left(int(last["channels"].sum()), int(last["whole"].sum()), share, empty, len(last))


def rivals(told: Told, tickets: pd.DataFrame, key: str) -> pd.DataFrame:
    """Every other ticket of a ticket's sparsity held against it: one family, and with the dense network.

    Args:
        told: who is right on each image, or scores, of all tickets.
        tickets: key, sparsity.
        key: the ticket's.

    Returns:
        rows of `comparisons.verdicts.of_pairs`, the other one (a) minus the ticket (b).
    """
    first = tickets.drop_duplicates("key").set_index("key")["sparsity"]
    others = [str(each) for each, sparsity in first.items() if each != key and np.isclose(sparsity, first[key])]
    dense = [str(each) for each, sparsity in first.items() if sparsity == 0 and each != key]
    return of_pairs(told, [(other, key) for other in [*dense, *others]])
