"""Which samples pruning makes fragile: those that a ticket gets wrong where the baseline still gets them right."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pruning.errors import UserError

Condition = tuple[str, int]
"""A corruption and its severity; ("clean", 0) is the uncorrupted test set."""


def unpack_correct(conditions: pd.DataFrame) -> dict[Condition, np.ndarray]:
    """Correctness sample by sample of one ticket, from its rows of the table `conditions`.

    Returns {(corruption, severity): bool [n]}, in the rows' order.
    """
    return {
        (str(row.corruption), int(row.severity)): np.unpackbits(
            np.frombuffer(row.correct_bits, dtype=np.uint8), count=int(row.n)
        ).astype(bool)
        for row in conditions.itertuples(index=False)
    }


def fragility(
    baseline: Mapping[Condition, np.ndarray], tickets: Sequence[Mapping[Condition, np.ndarray]]
) -> pd.DataFrame:
    """How often each sample is wrong for the tickets while it is right for the baseline, most fragile first.

    Args:
        baseline: {condition: bool [N]}, whether the baseline is right, as `unpack_correct` gives it.
        tickets: the same for each ticket. Only conditions that all of them share count.

    Returns a DataFrame, a row a sample: sample (its index), lost (number of (ticket, condition) pairs in which the
    ticket is wrong and the baseline right), fragility (lost as a fraction of all pairs, 0 to 1), wrong (pairs in which
    the ticket is wrong, whatever the baseline), pairs. Equal fragility is ordered by `wrong`, then by index.

    Raises UserError when no condition is shared or the numbers of samples differ.
    """
    shared = [condition for condition in baseline if all(condition in ticket for ticket in tickets)]
    if not shared or not tickets:
        raise UserError("Fragility needs at least one ticket beside the baseline, measured under the same conditions.")
    sizes = {len(correct[condition]) for condition in shared for correct in (baseline, *tickets)}
    if len(sizes) > 1:
        raise UserError(
            f"The tickets were measured on different numbers of samples: {sorted(sizes)}; measure them again."
        )
    right = np.stack([baseline[condition] for condition in shared])
    lost = np.zeros(right.shape[1], dtype=np.int64)
    wrong = np.zeros_like(lost)
    for ticket in tickets:
        fails = ~np.stack([ticket[condition] for condition in shared])
        lost += (fails & right).sum(axis=0)
        wrong += fails.sum(axis=0)
    pairs = len(shared) * len(tickets)
    frame = pd.DataFrame(
        {"sample": np.arange(len(lost)), "lost": lost, "fragility": lost / pairs, "wrong": wrong, "pairs": pairs}
    )
    return frame.sort_values(["lost", "wrong", "sample"], ascending=[False, False, True], ignore_index=True)
