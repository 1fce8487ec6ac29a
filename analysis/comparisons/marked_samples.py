"""Samples that somebody marked against the rest: means of what was measured of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd


def correct(samples: pd.DataFrame) -> np.ndarray:
    """Whether each prediction is the label, bool [rows], from rows of the table `samples`."""
    return np.asarray(samples["prediction"] == samples["label"])


def compare_marked(
    samples: pd.DataFrame, tickets: Sequence[str], marked: Collection[int], measures: Sequence[str]
) -> pd.DataFrame:
    """Means of the marked samples against those of the rest.

    Args:
        samples: a row a ticket and sample: ticket_id, sample, label, prediction, and what is compared.
        tickets: ids, in the order wanted.
        marked: samples.
        measures: columns to compare; "accuracy" is the share right, 0 to 1.

    Returns:
        a row a ticket: ticket_id, then each of the measures for the marked ones (`angle`) and for the rest
        (`angle_rest`). A mean of nothing is NaN.
    """
    rows = samples.assign(accuracy=correct(samples).astype(float))
    inside = rows["sample"].isin(list(marked))
    means = [
        rows[chosen].groupby("ticket_id")[list(measures)].mean().reindex(list(tickets)) for chosen in (inside, ~inside)
    ]
    order = [name for measure in measures for name in (measure, f"{measure}_rest")]
    return means[0].join(means[1], rsuffix="_rest")[order].rename_axis("ticket_id").reset_index()
