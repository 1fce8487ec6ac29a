"""Which samples pruning makes fragile: those that a ticket gets wrong where the baseline still gets them right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.corruptions.conditions import CLEAN, in_order
from analysis.results.offsets import unpack_correct
from analysis.statistics.replication import share
from pruning.errors import UserError


@dataclass(frozen=True)
class Exchanged:
    """What tickets lose against the baseline, and what they win, of all their predictions.

    Attributes:
        lost: share of (ticket, condition, image) in which the ticket is wrong and the baseline right, with its 95 %
            interval over images.
        won: the same the other way round.
        images: how many.
        half: the fewest images with half of all losses, those lost most often.
        tickets: of how many tickets the predictions are, those that were measured.
    """

    lost: tuple[float, float, float]
    won: tuple[float, float, float]
    images: int
    half: int
    tickets: int


def exchanged(conditions: pd.DataFrame, baseline: str, tickets: Sequence[str]) -> Exchanged | None:
    """What tickets lose and win against the baseline; `tickets` and `conditions` as in `fragile_samples`.

    None where there is nothing to compare. Two trainings of one method exchange images too, so that by itself this is
    no merit and no fault.
    """
    right = unpack_correct(conditions)
    there = [right[ticket] for ticket in tickets if ticket in right]
    if not there or baseline not in right:
        return None
    lost = fragility(right[baseline], there)
    won = fragility(~right[baseline], [~each for each in there])
    total = np.cumsum(np.sort(lost["lost"])[::-1])
    half = int(np.searchsorted(total, total[-1] / 2) + 1) if total[-1] else 0
    return Exchanged(_share(lost), _share(won), len(lost), half, len(there))


def _share(table: pd.DataFrame) -> tuple[float, float, float]:
    found = share(table["fragility"].to_numpy()[None])
    return float(found.value), float(found.low), float(found.high)


def fragile_samples(conditions: pd.DataFrame, baseline: str, tickets: Sequence[str], labels: pd.Series) -> pd.DataFrame:
    """The samples that tickets misclassify where the baseline does not, most fragile first.

    Args:
        conditions: rows of the table `conditions` of all of them: ticket_id, corruption, severity, n, offsets.
        baseline: an id.
        tickets: ids; those without rows are left out.
        labels: the true class of each sample, by the sample's index.

    Returns the columns of `fragility` and label, the samples with a label only. Where there is nothing to compare all
    are in the order of `labels`, and their counts are 0.
    """
    right = unpack_correct(conditions)
    there = [right[ticket] for ticket in tickets if ticket in right]
    if there and baseline in right:
        table = fragility(right[baseline], there)
    else:
        table = pd.DataFrame({"sample": labels.index, "lost": 0, "fragility": 0.0, "wrong": 0, "pairs": 0})
    return table.assign(label=table["sample"].map(labels)).dropna(subset=["label"])


def hardest_corruption(predictions: pd.DataFrame, label: int) -> str | None:
    """The corruption under which most predictions for one sample are wrong, the first in order among equals.

    Args:
        predictions: corruption, severity, prediction of the sample, a row a ticket and condition.
        label: its true class.

    Returns None when there is no corrupted condition.
    """
    rows = predictions[predictions["corruption"] != CLEAN[0]]
    wrong = (rows["prediction"] != label).groupby(rows["corruption"]).mean()
    order = [corruption for corruption, _ in in_order((str(name), 1) for name in wrong.index)]
    return max(order, key=lambda name: (float(wrong[name]), -order.index(name)), default=None)


def fragility(baseline: np.ndarray, tickets: Sequence[np.ndarray]) -> pd.DataFrame:
    """How often each sample is wrong for the tickets while it is right for the baseline, most fragile first.

    Args:
        baseline: bool [conditions, N], whether the baseline is right, as `results.offsets.unpack_correct` gives it.
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
