"""What recorded tickets bring along beside what is measured of every ticket: costs, and the user's own metrics."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.comparisons.costs import Objective
from pruning.training.recording import Recording

PREFIX = "own "
"""What the columns of the user's own metrics begin with."""


def objectives(recordings: Mapping[str, Recording]) -> dict[str, Objective]:
    """The user's own metrics as something to weigh tickets by: column of `by_family` -> what it is.

    Args:
        recordings: ticket id -> what was recorded.
    """
    names = dict.fromkeys(name for each in recordings.values() for name in each.metrics)
    more = {name for each in recordings.values() for name in each.higher}
    return {PREFIX + name: Objective(name, "number", "none", more=name in more) for name in names}


def lacking(conditions: pd.DataFrame, recordings: Mapping[str, Recording]) -> dict[str, list[str]]:
    """Find the recorded tickets that cannot be paired with the others under every condition.

    Args:
        conditions: rows of the results' table `conditions`: ticket_id, corruption, severity.
        recordings: ticket id -> what was recorded.

    Returns:
        Ticket id -> the conditions, such as "fog 3", that the study's other tickets were shown (of recorded tickets
        alone: any of them) and it was not; those that lack none are left out.
    """
    names = conditions["corruption"] + " " + conditions["severity"].astype(str)
    others = names[~conditions["ticket_id"].isin(list(recordings))]
    asked = list(dict.fromkeys(others if len(others) else names))
    found = {key: [name for name in asked if name not in each.outputs] for key, each in recordings.items()}
    return {key: names for key, names in found.items() if names}


def by_family(tickets: pd.DataFrame, recordings: Mapping[str, Recording]) -> pd.DataFrame:
    """Average what was brought along over seeds, a row for each `key` that brings any.

    Args:
        tickets: ticket_id, key.
        recordings: ticket id -> what was recorded.

    Returns:
        key, and a column for each of `objectives`; NaN is what was not said.
    """
    rows = [
        {"key": row.key} | {PREFIX + name: value for name, value in recordings[row.ticket_id].metrics.items()}
        for row in tickets.itertuples()
        if row.ticket_id in recordings
    ]
    columns = ["key", *objectives(recordings)]
    return pd.DataFrame(rows, columns=columns).groupby("key", sort=False).mean().reset_index()


def efficiency(recordings: Mapping[str, Recording]) -> pd.DataFrame:
    """What recorded networks cost, as rows of the results' table `efficiency`: what is not known is left out.

    Returns:
        ticket_id, macs_kept (multiply-adds of the network for one image), bytes_network (of its state dict), of those
        networks that were at hand.
    """
    rows = [(key, each.macs, each.bytes or np.nan) for key, each in recordings.items() if each.macs]
    return pd.DataFrame(rows, columns=["ticket_id", "macs_kept", "bytes_network"])
