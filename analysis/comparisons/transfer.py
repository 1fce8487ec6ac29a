"""Tickets on other data sets: curves over sparsity, and who transfers better or worse than the dense network.

A family is asked by its seeds; of one seed the draws of the few images are what was repeated, and where these too are
one, the test images. A claim of a difference follows `verdicts`: of accuracies by images and seeds, of calibration
errors, which are no means over images, by seeds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.comparisons import scores, verdicts
from analysis.comparisons.scores import Scores
from analysis.results.offsets import unpack_bits
from analysis.statistics.intervals import mean_interval, wilson
from analysis.statistics.verdicts import EQUIVALENCE, Gap, judge
from pruning.tasks import Score

SEEDS, DRAWS, IMAGES, NOTHING = "seeds", "draws", "images", "nothing"
CURVE = ["key", "method", "sparsity", "kind", "way", "shots", "value", "low", "high", "seeds", "draws", "over"]
VALUES = ("accuracy", "ece", "scaled_ece", "nll", "scaled_nll", "brier", "scaled_brier")
CLAIMED = ("accuracy", "ece")
AGAINST = ["kind", "way", "shots", "value", *verdicts.COLUMNS]


def of_tickets(table: pd.DataFrame, tickets: pd.DataFrame, upstream: pd.Series) -> pd.DataFrame:
    """Rows of the table `transfer` with what is known of their tickets, in the tickets' order.

    Args:
        table: of the results; rows without a ticket are left out.
        tickets: ticket_id, key, method, label, sparsity, seed.
        upstream: ticket_id -> accuracy on the source's clean test images.
    """
    rows = tickets[["ticket_id", "key", "method", "label", "sparsity", "seed"]].merge(table, on="ticket_id")
    return rows.assign(upstream=rows["ticket_id"].map(upstream))


def curves(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """A value of each family, way and budget, with its interval.

    Args:
        rows: of the table `transfer`, with key, method, sparsity and seed of each ticket.
        value: one of `VALUES`.

    Returns:
        A row a key, target, way and budget, in the order given: the mean over seeds of the means over draws, low and
        high (Student's 95 % interval over seeds; of one seed over draws; of one draw too Wilson's over images, which
        only the accuracy has), seeds, draws, over ("seeds", "draws", "images" or "nothing").
    """
    found = []
    known = rows[np.isfinite(rows[value])]
    for (key, kind, way, shots), own in known.groupby(["key", "kind", "way", "shots"], sort=False):
        by_seed = own.groupby("seed")[value].mean()
        draws, first = int(own.groupby("seed").size().max()), own.iloc[0]
        over = SEEDS if len(by_seed) > 1 else DRAWS if draws > 1 else IMAGES if value == "accuracy" else NOTHING
        mean, low, high = mean_interval(by_seed if over == SEEDS else own[value])
        if over == IMAGES:
            low, high = map(float, wilson(round(mean * first["n"]), first["n"]))
        most = 1.0 if value == "accuracy" or value.endswith("ece") else np.inf
        ends = max(low, 0.0), min(high, most)
        place = key, first["method"], float(first["sparsity"]), kind, way, int(shots)
        found.append((*place, mean, *ends, len(by_seed), draws, over))
    return pd.DataFrame(found, columns=CURVE)


def against(
    rows: pd.DataFrame,
    pairs: Sequence[tuple[str, str]],
    values: Sequence[str] = CLAIMED,
    equivalence: float = EQUIVALENCE,
) -> pd.DataFrame:
    """How much more of each value a has than b, and whether that is beyond chance; all that are asked are one family.

    Seeds move a prompt far more than a probe, and calibration otherwise than accuracy. So the variances over seeds are
    moderated over the pairs of one target, way, budget and value alone.

    Args:
        rows: as for `curves`, of the ways and budgets that are asked about.
        pairs: keys (a, b), such as each ticket and the dense network; those not transferred alike are left out.
        values: "accuracy", and calibration errors, "ece" or "scaled_ece".
        equivalence: the difference that does not matter, a fraction above 0.

    Returns:
        kind, way, shots, value, and the columns of `comparisons.verdicts`, a row a target, way, budget, value and pair.
        Calibration errors of one seed are left out, as nothing tells how far another training would differ.
    """
    found = {
        (*place, value, *pair): gap
        for place, own in rows.groupby(["kind", "way", "shots"], sort=False)
        for value in values
        for pair, gap in _gaps(own, pairs, value).items()
        if np.isfinite(gap.error)
    }
    if not found:
        return pd.DataFrame(columns=AGAINST)
    table = judge(list(found.values()), equivalence)
    return pd.concat([pd.DataFrame(list(found), columns=AGAINST[:6]), table], axis=1)[AGAINST]


def _gaps(own: pd.DataFrame, pairs: Sequence[tuple[str, str]], value: str) -> dict[tuple[str, str], Gap]:
    """The differences of the pairs on one target, by one way and budget: over images and seeds, or over seeds."""
    by_key = own.groupby("key", sort=False)
    if value == "accuracy":
        return verdicts.gaps_of({str(key): _shares(each) for key, each in by_key}, pairs)
    means = {str(key): each.groupby("seed")[value].mean().to_dict() for key, each in by_key}
    return scores.gaps_of(Scores(Score(value, "%", higher=False), means), pairs)


def right(packed: bytes, images: int) -> np.ndarray:
    """Which test images are classified right, bool [n], of a row of the table."""
    return unpack_bits(packed, images)


def _shares(own: pd.DataFrame) -> dict[int, np.ndarray]:
    """Seed -> of each test image in how many of the draws it is classified right, a share."""
    return {
        int(seed): np.mean([right(*row) for row in zip(each["right"], each["n"], strict=True)], axis=0)
        for seed, each in own.groupby("seed")
    }


def levelled(rows: pd.DataFrame) -> pd.DataFrame:
    """The mean accuracy of each ticket, way and budget beside what it reaches upstream.

    Args:
        rows: as for `curves`, with the column upstream: accuracy on the source's test images.

    Returns:
        key, method, sparsity, seed, kind, way, shots, upstream, accuracy; a row a ticket, not a family.
    """
    by = ["key", "method", "sparsity", "seed", "kind", "way", "shots"]
    return rows.groupby(by, sort=False)[["upstream", "accuracy"]].mean().reset_index()
