"""Whether images are lost by the direction of their feature or by its length, from the measure `lost`.

Each is given back by itself: the clean direction at the corrupted length, and the clean length in the corrupted
direction. Without biases no length changes which class wins, so that all is *turned*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.lost_images import BITS, CODES, of_tickets, share_of, tallies

WAYS = ("turned", "shrank", "either", "both")
"""Lost by the direction alone; by the length alone; by either by itself; only by the two together."""


def way_of(rescues: np.ndarray) -> np.ndarray:
    """The place in `WAYS` of each lost image, from its bits in the column `rescues`; uint8 -> int64."""
    by_direction, by_length = ((rescues & BITS[name]) > 0 for name in ("direction", "length"))
    found: np.ndarray = np.where(by_direction, np.where(by_length, 3, 0), np.where(by_length, 1, 2))
    return found


def by_way(rows: pd.DataFrame, tickets: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Of the images that each ticket loses under each condition, the share that is lost in each way.

    Args:
        rows: of the table `lost`.
        tickets: name -> ids of its seeds.

    Returns:
        a row a ticket and condition under which it loses any: key, corruption, severity, lost (images, the mean over
        seeds), and each of `WAYS` with _low and _high, of the lost ones, as `share_of` gives them.
    """
    rows = of_tickets(rows[rows["lost"] > 0], tickets)
    counts, way = tallies(rows["rescues"]), way_of(CODES)
    counted = rows.assign(**{name: counts[:, way == place].sum(1) for place, name in enumerate(WAYS)})
    by = ["key", "corruption", "severity"]
    found = counted.groupby(by, sort=False)["lost"].mean().to_frame()
    for name in WAYS:
        found = found.join(share_of(counted, by, name, "lost"))
    return found.reset_index()


def decided_by(table: pd.DataFrame) -> pd.Series:
    """Which of the two alone costs most of a ticket's lost images: "turned", "shrank", or "" where neither is shown.

    `table`: rows of `by_way`. It is shown where the interval lies above one half.
    """
    turned, shrank = table["turned_low"] > 0.5, table["shrank_low"] > 0.5
    return pd.Series(np.where(turned, "turned", np.where(shrank, "shrank", "")), index=table.index)
