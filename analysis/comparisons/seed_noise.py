"""How far two trainings of one method differ: the floor below which a difference between two networks says nothing.

A study of one seed compares networks. That one of them is better is soon shown, for test images are many; whether its
*method* is, only other trainings tell. Where a study repeats its trainings, their differences say how much to expect.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.comparisons.family_means import distinct
from analysis.comparisons.outcomes import Images

LEVEL = 0.95


@dataclass(frozen=True)
class SeedNoise:
    """The floor of seed noise.

    Attributes:
        floor: so far two trainings of one method differ at most in `LEVEL` of the pairs, a fraction of the images.
        pairs: of trainings that differ in their seed alone.
        methods: tickets that have such pairs, a method at a sparsity each.
    """

    floor: float
    pairs: int
    methods: int


def seed_noise(rows: pd.DataFrame, measure: Images) -> SeedNoise | None:
    """The differences in accuracy between all trainings of one ticket, of every ticket.

    Args:
        rows: as `family_means.measured` returns them, a row a ticket and seed.
        measure: on clean or on corrupted images.

    Returns the floor; None where nothing was trained twice. Networks that no seed changes do not count.
    """
    gaps = []
    for _, measured in distinct(rows.dropna(subset=[measure])).groupby("key", sort=False)[measure]:
        values = measured.to_numpy(dtype=float)
        if len(values) > 1:
            gaps.append([abs(one - other) for one, other in combinations(values, 2)])
    if not gaps:
        return None
    every = np.concatenate(gaps)
    return SeedNoise(float(np.quantile(every, LEVEL)), len(every), len(gaps))
