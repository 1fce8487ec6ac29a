"""Which samples pruning makes fragile: those that a ticket gets wrong where the baseline still gets them right."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pruning.errors import UserError


def fragility(baseline: np.ndarray, tickets: Sequence[np.ndarray]) -> pd.DataFrame:
    """How often each sample is wrong for the tickets while it is right for the baseline, most fragile first.

    Args:
        baseline: bool [conditions, N], whether the baseline is right, as `intervals.unpack_correct` gives it.
        tickets: the same for each ticket, under the same conditions.

    Returns a DataFrame, a row a sample: sample (its index), lost (number of (ticket, condition) pairs in which the
    ticket is wrong and the baseline right), fragility (lost as a fraction of all pairs, 0 to 1), wrong (pairs in which
    the ticket is wrong, whatever the baseline), pairs. Equal fragility is ordered by `wrong`, then by index.

    Raises UserError when there is nothing to compare, or the shapes differ.
    """
    baseline = np.asarray(baseline, dtype=bool)
    if not tickets or not len(baseline):
        raise UserError(
            "Fragile samples need a ticket beside the baseline and at least one condition measured for both."
        )
    lost = np.zeros(baseline.shape[1], dtype=np.int64)
    wrong = np.zeros_like(lost)
    for ticket in tickets:
        if np.shape(ticket) != baseline.shape:
            raise UserError(
                f"A ticket was measured on {list(np.shape(ticket))} conditions and samples, the baseline on "
                f"{list(baseline.shape)}, so they cannot be compared; finish measuring the study."
            )
        fails = ~np.asarray(ticket, dtype=bool)
        lost += (fails & baseline).sum(axis=0)
        wrong += fails.sum(axis=0)
    pairs = len(baseline) * len(tickets)
    frame = pd.DataFrame(
        {"sample": np.arange(len(lost)), "lost": lost, "fragility": lost / pairs, "wrong": wrong, "pairs": pairs}
    )
    return frame.sort_values(["lost", "wrong", "sample"], ascending=[False, False, True], ignore_index=True)
