"""Error along the straight line between two trainings, and its barrier, over seeds (Frankle et al. 2020)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.statistics.intervals import mean_interval, wilson
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


def with_images(stability: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Rows of the table `stability` with n, the test images that their line was measured on, from the table `lines`."""
    known = lines.drop_duplicates(["ticket_id", "other"])[["ticket_id", "other", "n"]]
    return stability.merge(known, on=["ticket_id", "other"], how="left")


def over_images(rows: pd.DataFrame) -> pd.DataFrame:
    """The intervals of barriers over test images: barrier_low and barrier_high.

    They are those that are stored, a bootstrap's, which knows nothing of images that were not seen. The upper end is
    therefore at least that of a share of so many images, Wilson's, also where no image changes along the line.

    Args:
        rows: barrier, barrier_low, barrier_high, n (test images).
    """
    n = rows["n"].to_numpy(float)
    most = wilson(np.clip(rows["barrier"].to_numpy(float), 0, 1) * n, n)[1]
    return rows[["barrier_low"]].assign(barrier_high=np.fmax(rows["barrier_high"].to_numpy(float), most))


def barriers(rows: pd.DataFrame) -> pd.DataFrame:
    """Average the barrier of each pair of trainings over seeds.

    Args:
        rows: key, barrier, barrier_low, barrier_high, n, as `of_tickets` gives them for the table `stability`
            (`with_images`).

    Returns:
        key, value, low, high, seeds: fractions of images. The interval is over seeds; of one seed, or of seeds that
        agree to the last image and so show no spread, it is the widest of theirs over test images (`over_images`).
    """
    found = []
    for key, own in rows.groupby("key", sort=False):
        value, low, high = mean_interval(own["barrier"])
        if own["barrier"].nunique() == 1:
            bounds = over_images(own)
            low, high = bounds["barrier_low"].min(), bounds["barrier_high"].max()
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
