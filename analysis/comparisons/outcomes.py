"""Who is right where: the outcomes of several seeds of each ticket, under each condition, on each image.

`Outcomes` are what the results' table `conditions` holds, unpacked: for each ticket (whatever its seeds, one name) a
bool array [seeds, conditions, images], True where the prediction is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.corruptions.conditions import Condition
from analysis.metrics.corruption_error import COUNTED
from analysis.results.offsets import unpack_correct

MEAN = "mean"
"""Stands in the column `corruption` for the mean over the corruptions that count."""


@dataclass(frozen=True)
class Outcomes:
    """Who is right where: `right[name]` is bool [seeds, conditions, images], `conditions` names the middle axis."""

    conditions: list[Condition]
    right: dict[str, np.ndarray]

    @property
    def counted(self) -> dict[int, list[int]]:
        """Severity -> places of the conditions that count towards the mean, on the axis of conditions."""
        found: dict[int, list[int]] = {}
        for place, (corruption, severity) in enumerate(self.conditions):
            if corruption in COUNTED:
                found.setdefault(severity, []).append(place)
        return dict(sorted(found.items()))


def collect(conditions: pd.DataFrame, tickets: Mapping[str, Sequence[str]]) -> Outcomes:
    """Outcomes from rows of the table `conditions`.

    Args:
        conditions: ticket_id, corruption, severity, n, offsets.
        tickets: name -> ids of its seeds. Ids without rows are left out, and names without any.

    Raises:
        UserError: tickets were not measured under the same conditions, on the same images.
    """
    unpacked = unpack_correct(conditions)
    rows = conditions[conditions["ticket_id"] == next(iter(unpacked), None)]
    order = [(str(name), int(level)) for name, level in zip(rows["corruption"], rows["severity"], strict=True)]
    right = {}
    for name, ids in tickets.items():
        found = [unpacked[ticket] for ticket in ids if ticket in unpacked]
        if found:
            right[name] = np.stack(found)
    return Outcomes(order, right)
