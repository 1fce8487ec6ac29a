"""Tickets of generative networks: their score over sparsity, which of them win, and what their controls lack.

Scores are positive and lower is better: a Fréchet distance, an error, -ELBO. Two networks are compared by their ratio,
as a distance of one run moves by factors and not by points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import t

from analysis.statistics.intervals import mean_interval
from analysis.statistics.moderation import moderated
from analysis.statistics.multiple_testing import holm, holm_steps

ALPHA = 0.05
SAME = 1e-12
"""A variance of logarithms that is nothing but rounding."""
COLLAPSED = 0.1
"""Nats of KL below which a posterior has collapsed: the decoder is told next to nothing of the image."""

SEEDS, IMAGES = "seeds", "images"
CURVE = ["key", "method", "sparsity", "value", "low", "high", "n", "over"]
PAIR = ["a", "b", "ratio", "low", "high", "p", "p_holm", "differs", "seeds"]


def score_curve(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """A score of each family of tickets, with its interval.

    Args:
        rows: a ticket each: key, method, sparsity, and of the score the columns `value`, `value`_low and `value`_high,
            which are its interval over images. What is not finite does not count.
        value: the column.

    Returns:
        A row a key, in the order given: the geometric mean over seeds, low and high (Student's interval of the
        logarithms over seeds; of a single seed that over images), n (seeds), over ("seeds" or "images").
    """
    found = []
    for key, own in rows[np.isfinite(rows[value])].groupby("key", sort=False):
        mean, low, high = np.exp(mean_interval(np.log(own[value].clip(lower=1e-12))))
        several = len(own) > 1
        if not several:
            low, high = own[f"{value}_low"].iloc[0], own[f"{value}_high"].iloc[0]
        first = own.iloc[0]
        over = SEEDS if several else IMAGES
        found.append((key, first["method"], float(first["sparsity"]), mean, low, high, len(own), over))
    return pd.DataFrame(found, columns=CURVE)


def winning(curve: pd.DataFrame, dense: str) -> pd.Series:
    """Which tickets win by the paper's definition: their mean is within the dense network's interval, or better.

    It is the definition of Kalibhat et al. (2021), and no test: where seeds vary much, worse tickets are within.

    Args:
        curve: of `score_curve`.
        dense: the dense network's key; where it is missing nobody wins.

    Returns:
        bool, a value a row of `curve`; False for the dense network.
    """
    own = curve.loc[curve["key"] == dense, "high"]
    if own.empty or not np.isfinite(own.iloc[0]):
        return pd.Series(False, index=curve.index)
    return (curve["value"] <= own.iloc[0]) & (curve["key"] != dense)


def ratios(rows: pd.DataFrame, pairs: Sequence[tuple[str, str]], value: str) -> pd.DataFrame:
    """How many times the score of a is that of b, paired by seed; all pairs are one family of tests.

    Args:
        rows: a ticket each: key, seed, and the score in the column `value`.
        pairs: keys; those without a seed in common are left out.
        value: the column.

    Returns:
        a, b, ratio (geometric mean over seeds), low and high (Student's interval of the logarithms, with variances
        moderated over the pairs, at the pair's step of Holm's procedure), p, p_holm, differs, seeds. One seed says
        nothing of others: then bounds and p are NaN, and nothing differs.
    """
    scores = rows[np.isfinite(rows[value])].pivot_table(index="seed", columns="key", values=value)
    logs = np.log(scores.clip(lower=1e-12))
    apart = {(a, b): (logs[a] - logs[b]).dropna().to_numpy() for a, b in pairs if a in logs and b in logs}
    apart = {pair: each for pair, each in apart.items() if each.size}
    table = pd.DataFrame(
        [(a, b, float(np.exp(each.mean())), each.size) for (a, b), each in apart.items()],
        columns=["a", "b", "ratio", "seeds"],
    )
    return table.assign(**_tested(list(apart.values())))[PAIR]


def _tested(apart: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """The columns of `ratios` that several seeds give, from the differences of each pair's logarithms."""
    found = {name: np.full(len(apart), np.nan) for name in ("low", "high", "p", "p_holm")}
    # what rounding leaves apart is no spread to go by: networks that no seed changes
    several = np.array([each.size > 1 and each.var(ddof=1) > SAME for each in apart], dtype=bool)
    differs = np.zeros(len(apart), dtype=bool)
    if several.any():
        kept = [each for each, told in zip(apart, several, strict=True) if told]
        sizes, means = np.array([each.size for each in kept]), np.array([each.mean() for each in kept])
        variances = np.array([each.var(ddof=1) for each in kept])
        fewest = float(sizes.min() - 1)
        variances, freedom = moderated(variances, fewest, float((sizes - 1).sum()))
        errors = np.sqrt(variances / sizes)
        p = 2 * t.sf(np.abs(means) / errors, freedom)
        reach = t.isf(ALPHA / (2 * holm_steps(p, ALPHA)), freedom) * errors
        found["low"][several], found["high"][several] = np.exp(means - reach), np.exp(means + reach)
        found["p"][several], found["p_holm"][several] = p, holm(p)
        differs[several] = holm(p) < ALPHA
    return {**found, "differs": differs}


def with_originals(tickets: pd.DataFrame, originals: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each control with the ticket that it is made from, by their keys.

    Args:
        tickets: key, method, sparsity.
        originals: method -> the method that it is made from.
    """
    first = tickets.drop_duplicates("key")
    keys = {(row.method, round(float(row.sparsity), 9)): str(row.key) for row in first.itertuples()}
    found = []
    for (method, sparsity), key in keys.items():
        original = keys.get((originals.get(method, ""), sparsity))
        if original is not None:
            found.append((key, original))
    return found


def collapsed(rows: pd.DataFrame, bound: float = COLLAPSED) -> pd.DataFrame:
    """Whose posterior has collapsed: the KL is shown to be next to nothing (Bowman et al. 2016 saw it first).

    Args:
        rows: a ticket each: key, kl, kl_low, kl_high (nats an image, the interval over images).
        bound: below which it has collapsed, in nats.

    Returns:
        key, kl (mean over seeds), low, high (Student's over seeds, else over images), collapsed: whether all of the
        interval is below the bound.
    """
    found = []
    for key, own in rows[np.isfinite(rows["kl"])].groupby("key", sort=False):
        mean, low, high = mean_interval(own["kl"])
        if len(own) == 1:
            low, high = own["kl_low"].iloc[0], own["kl_high"].iloc[0]
        found.append((key, mean, max(float(low), 0.0), float(high), bool(high < bound)))
    return pd.DataFrame(found, columns=["key", "kl", "low", "high", "collapsed"])


def kept_by_part(layers: Mapping[str, tuple[int, int]], parts: Mapping[str, str]) -> pd.DataFrame:
    """How much each part of a network keeps.

    Args:
        layers: parameter -> (kept, total), as a ticket's header has it.
        parts: of the task: name of a submodule -> its words.

    Returns:
        part (words), kept, total, share; a row a part, and a last one for all of the network.
    """
    rows = [
        (words, *np.sum([counts for name, counts in layers.items() if name.startswith(f"{part}.")] or [(0, 0)], axis=0))
        for part, words in parts.items()
    ]
    rows.append(("all", *np.sum([*layers.values()] or [(0, 0)], axis=0)))
    found = pd.DataFrame(rows, columns=["part", "kept", "total"])
    return found.assign(share=found["kept"] / found["total"].where(found["total"] > 0))
