"""Error along the straight line between two trainings, and its barrier, over seeds (Frankle et al. 2020)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.statistics.intervals import mean_interval
from analysis.statistics.replication import SHARE, bands
from analysis.statistics.verdicts import CANNOT_TELL

STABLE = 0.02
"""Below this barrier, a fraction of images, Frankle et al. 2020 call a training stable to the order of the data."""


def of_tickets(rows: pd.DataFrame, tickets: pd.DataFrame) -> pd.DataFrame:
    """Rows of the results' tables `lines` or `stability` with key and seed of their ticket, and the other's key.

    Args:
        rows: ticket_id, other, ...
        tickets: ticket_id, key, seed. Rows without both tickets are left out.

    Returns:
        The rows with key, seed and other_key.
    """
    known = tickets.set_index("ticket_id")
    rows = rows[rows["ticket_id"].isin(known.index) & rows["other"].isin(known.index)]
    return rows.assign(
        key=rows["ticket_id"].map(known["key"]),
        seed=rows["ticket_id"].map(known["seed"]),
        other_key=rows["other"].map(known["key"]),
    )


def barriers(rows: pd.DataFrame) -> pd.DataFrame:
    """Average the barrier of each pair of trainings over seeds.

    Args:
        rows: key, barrier, barrier_low, barrier_high, as `of_tickets` gives them for the table `stability`.

    Returns:
        key, value, low, high, seeds: fractions of images. The interval is over seeds; of one seed, or of seeds that
        agree to the last image and so show no spread, it is the widest of theirs over test images.
    """
    found = []
    for key, own in rows.groupby("key", sort=False):
        value, low, high = mean_interval(own["barrier"])
        if own["barrier"].nunique() == 1:
            low, high = own["barrier_low"].min(), own["barrier_high"].max()
        found.append((key, value, max(low, 0.0), high, len(own)))
    return pd.DataFrame(found, columns=["key", "value", "low", "high", "seeds"])


def stability(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `barriers` with `verdict`: "stable", "unstable", or "cannot tell", each row a question by itself.

    Stable is a barrier below `STABLE` with all of its interval, unstable one that is not below it with all of it.
    """
    stable, unstable = rows["high"] < STABLE, rows["low"] >= STABLE
    return rows.assign(verdict=np.select([stable, unstable], ["stable", "unstable"], CANNOT_TELL))


def errors_along(rows: pd.DataFrame) -> pd.DataFrame:
    """Average the error along one line over seeds, on test and on training images.

    Args:
        rows: of one pair of trainings: alpha, accuracy, train_accuracy.

    Returns:
        split ("test" or "training"), alpha, mean, low, high, n; errors as fractions, 95 % intervals over seeds.
    """
    accuracies = {"test": rows["accuracy"], "training": rows["train_accuracy"]}
    return pd.concat(
        [
            bands(rows.assign(error=1 - accuracy), ["alpha"], "error", SHARE).assign(split=split)
            for split, accuracy in accuracies.items()
        ],
        ignore_index=True,
    )
