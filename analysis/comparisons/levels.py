"""Accuracy at each level of sparsity: methods against one of them, and the sparsest ticket that is as good as dense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.comparisons.scores import Scores
from analysis.comparisons.verdicts import Told, of_pairs
from analysis.statistics.verdicts import COLUMNS as OF_A_PAIR
from analysis.statistics.verdicts import DIFFERS, EQUIVALENCE, IMAGES, NOTHING, SEEDS

BY_SPARSITY = ["method", "sparsity", *OF_A_PAIR]


def by_sparsity(
    families: pd.DataFrame,
    outcomes: Told,
    reference: str,
    others: Sequence[str],
    equivalence: float = EQUIVALENCE,
) -> pd.DataFrame:
    """Compare methods with a reference method at each sparsity that both have.

    Args:
        families: rows of `family_means.by_family`.
        outcomes: of these families.
        reference: the method compared with.
        others: the methods that are compared. All the comparisons are one family.
        equivalence: the difference that does not matter, a fraction above 0.

    Returns:
        `BY_SPARSITY`: method, sparsity, and the columns of `statistics.verdicts.judge`, the difference being the
        method's accuracy minus the reference's.
    """
    keys = {(row.method, row.sparsity): row.key for row in families.itertuples()}
    pairs = {
        (key, keys[reference, sparsity]): (method, sparsity)
        for (method, sparsity), key in keys.items()
        if method in others and (reference, sparsity) in keys
    }
    found = of_pairs(outcomes, list(pairs), equivalence)
    names = [pairs[pair] for pair in zip(found["a"], found["b"], strict=True)]
    method, sparsity = ([name[place] for name in names] for place in (0, 1))
    return found.assign(method=method, sparsity=sparsity)[BY_SPARSITY]


UNKNOWN = (np.nan, np.nan, np.nan)
"""A difference of which nothing is known."""


@dataclass(frozen=True)
class Sparsest:
    """The sparsest ticket that is shown to be as good as the baseline.

    Attributes:
        key: its key; None where none is.
        among: how many tickets were asked.
        nearest: the ticket of which most was shown; None without any.
        difference: that one less the baseline, and its interval, as `verdicts` has them.
        over: "seeds", or "images" where any of them was trained once, or "nothing" where that leaves nothing to go by.
    """

    key: str | None
    among: int
    nearest: str | None
    difference: tuple[float, float, float]
    over: str


def sparsest_equivalent(
    families: pd.DataFrame, outcomes: Told, baseline: str, equivalence: float = EQUIVALENCE
) -> Sparsest:
    """Search all pruned tickets for the sparsest that is equivalent to the baseline, or better.

    Not to be told apart is no merit: the noisier a ticket, the less is told of it. So it must be shown to be
    equivalent, by two one-sided tests, held to one error rate over all the tickets that are searched.

    Args:
        families: the pruned tickets, rows of `family_means.by_family`.
        outcomes: of these and of the baseline.
        baseline: a key.
        equivalence: the loss that does not matter, a fraction above 0.
    """
    kept = families.set_index("key")[["kept", "accuracy"]]
    found = of_pairs(outcomes, [(key, baseline) for key in kept.index if key != baseline], equivalence)
    if found.empty:
        return Sparsest(None, 0, None, UNKNOWN, "images")
    higher = not isinstance(outcomes, Scores) or outcomes.score.higher
    ahead, least = (found["difference"], found["low"]) if higher else (-found["difference"], -found["high"])
    as_good = found[found["within"] | ((found["verdict"] == DIFFERS) & (ahead > 0))]
    order = kept.loc[as_good["a"]].sort_values(["kept", "accuracy"], ascending=[True, not higher])
    over = next((each for each in (NOTHING, IMAGES) if (found["over"] == each).any()), SEEDS)
    if least.isna().all():
        return Sparsest(None, len(found), None, UNKNOWN, over)
    nearest = least.idxmax()
    value, low, high = found.loc[nearest, ["difference", "low", "high"]].astype(float)
    return Sparsest(next(iter(order.index), None), len(found), found.at[nearest, "a"], (value, low, high), over)
