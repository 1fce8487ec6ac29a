"""Whether two methods' maps are of one shape: the same pattern, at any strength.

A map is a vector of many correlated numbers, and each network has one. Two methods are of one shape where the expected
map of one is that of the other times some strength. The squared length of the difference of the mean maps, at the two
strengths that suit equality best, is held against the squared length that noise would give it. The ratio follows an F
distribution whose degrees of freedom are multiplied by how many independent numbers the noise of a map amounts to (Box
1954). Two chances are at work, as in `verdicts`: other seeds, and other images where the maps are means over images.
The errors of both are summed. Of simulated families of equal methods, of unequal strength and noise, at most 5 % are
told apart; with two or three seeds of few tickets hardly any, as little is known of the noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution

from analysis.statistics.multiple_testing import holm
from analysis.statistics.verdicts import IMAGES, LEVEL, SEEDS

Maps = Mapping[int, np.ndarray]
"""Seed -> a method's maps [N, P] of N images, the same images for all seeds."""

COLUMNS = ["key", "likeness", "own", "p", "p_holm", "differs", "over", "seeds"]
STRENGTHS = np.linspace(0, np.pi / 2, 181)
"""Angles whose cosine and sine are the strengths of the two maps."""


def compare_shapes(maps: Mapping[str, Maps], baseline: str, level: float = LEVEL) -> pd.DataFrame:
    """Hold every method's map against the baseline's; all comparisons are one family (Holm 1979).

    Args:
        maps: method -> its maps. Seeds are paired with the baseline's.
        baseline: one of them.
        level: 1 - the rate of false claims in a family.

    Returns:
        A row a method, the baseline among them: key; likeness, the cosine of the angle between its mean map and the
        baseline's, -1 to 1; own, the mean cosine between two of its seeds; p and p_holm of the hypothesis that the two
        are of one shape, nan where nothing can be said: of one network on one image, or where a map is 0 everywhere;
        differs; over, "seeds" or "images", what the test speaks of; seeds, how many were paired.
    """
    rows = [_compared(maps, key, baseline) for key in maps]
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in ("p_holm", "differs")])
    table["p_holm"] = np.nan
    asked = table["p"].notna()
    table.loc[asked, "p_holm"] = holm(table.loc[asked, "p"])
    return table.assign(differs=table["p_holm"] < 1 - level)[COLUMNS]


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Of the angle between two vectors; nan where one is 0."""
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norms if norms > 0 else float("nan")


def _compared(maps: Mapping[str, Maps], key: str, baseline: str) -> dict[str, object]:
    own = [_mean(each) for each in maps[key].values()]
    common = sorted(maps[key].keys() & maps[baseline].keys())
    alike = [cosine(a, b) for a, b in combinations(own, 2)]
    likeness = cosine(_average(maps[key]), _average(maps[baseline]))
    row: dict[str, object] = {
        "key": key,
        "likeness": likeness,
        "own": float(np.mean(alike)) if alike else np.nan,
        "p": np.nan,
        "over": SEEDS if len(common) > 1 else IMAGES,
        "seeds": len(common),
    }
    if key != baseline and common and np.isfinite(likeness):
        pairs = [np.stack([maps[key][seed], maps[baseline][seed]]) for seed in common]
        row["p"] = _p(pairs, _dimension(maps, over_seeds=len(common) > 1))
    return row


def _dimension(maps: Mapping[str, Maps], over_seeds: bool) -> float:
    """How many independent numbers the noise of a map amounts to, by the maps' deviations from their method's mean."""
    deviations, freedom = [], 0
    for each in maps.values():
        groups = np.stack([_mean(own) for own in each.values()]) if over_seeds else next(iter(each.values()))
        apart = groups - groups.mean(axis=0)
        size = np.sqrt((apart**2).sum())
        if len(groups) > 1 and size > 0:
            deviations.append(apart / size)
            freedom += len(groups) - 1
    return effective_dimension(np.concatenate(deviations), freedom) if deviations else 1.0


def effective_dimension(deviations: np.ndarray, freedom: int) -> float:
    """tr(C)^2 / tr(C^2) of the covariance C of the deviations, without the bias of few of them (Himeno & Yamada 2014).

    Args:
        deviations: [R, P], from the means of their groups.
        freedom: R less the number of groups.

    Returns a number from 1 to `freedom`.
    """
    if freedom < 2:
        return 1.0
    products = deviations @ deviations.T
    trace, squares = np.trace(products) / freedom, (products**2).sum() / freedom**2
    own = freedom**2 / ((freedom - 1) * (freedom + 2)) * (squares - trace**2 / freedom)
    found = (trace**2 - 2 * own / freedom) / own if own > 0 else np.inf
    return float(np.clip(found, 1, freedom))


def _p(pairs: list[np.ndarray], dimension: float) -> float:
    """Of one shape: pairs of maps [2, N, P], one a seed."""
    seeds, images = len(pairs), pairs[0].shape[1]
    if seeds == 1 and images == 1:
        return float("nan")
    means = np.stack([pair.mean(axis=1) for pair in pairs])  # [S, 2, P]
    over_images = np.mean(pairs, axis=0)  # [2, N, P]
    error = np.zeros((2, 2))
    if seeds > 1:
        apart = means - means.mean(axis=0)
        error += np.einsum("sap,sbp->ab", apart, apart) / (seeds - 1) / seeds
    if images > 1:
        apart = over_images - over_images.mean(axis=1, keepdims=True)
        error += np.einsum("anp,bnp->ab", apart, apart) / (images - 1) / images
    mean = means.mean(axis=0)
    strengths = np.stack([np.cos(STRENGTHS), -np.sin(STRENGTHS)], axis=1)
    signal, chance = (np.einsum("ta,ab,tb->t", strengths, each, strengths) for each in (mean @ mean.T, error))
    if not (chance > 0).all():
        return float("nan")
    groups = seeds if seeds > 1 else images
    return float(f_distribution.sf((signal / chance).min(), dimension, dimension * (groups - 1)))


def _mean(maps: np.ndarray) -> np.ndarray:
    return np.asarray(maps.mean(axis=0))


def _average(maps: Maps) -> np.ndarray:
    return np.asarray(np.mean([_mean(each) for each in maps.values()], axis=0))
