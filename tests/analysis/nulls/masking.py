"""Attacks and domains in which nothing differs, and networks whose gradients hide nothing."""

from __future__ import annotations

import numpy as np

from analysis.comparisons import domains, masking, security
from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.predictions import Predictions
from analysis.statistics.verdicts import DIFFERS
from tests.analysis.nulls.studies import BASELINE

SIZES = (("linf", 4.0), ("linf", 8.0), ("l2", 0.5))
IMAGES = 300


def gradients_seem_masked(predictions: Predictions) -> float:
    """Attacks of equal strength, and one without bounds that leaves 1 %: whether any sign is told of any ticket."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    seeds = len(predictions.predicted[BASELINE])
    first: dict[str, np.ndarray] = {}
    second: dict[str, np.ndarray] = {}
    steps = [f"{attack} {norm} {size:g}" for norm, size in SIZES for attack in ("one_step", "steps")]
    for key in predictions.predicted:
        # Some images are harder than others, and networks than networks; of one of them all attacks reach as many.
        hard = rng.beta(0.6, 0.4, IMAGES) * rng.uniform(0.6, 1, (seeds, 1))
        first[key] = np.stack([rng.random((seeds, IMAGES)) < hard for _ in steps], axis=1)
        left = rng.random((seeds, 1, IMAGES)) < masking.LEFT
        first[key] = np.concatenate([first[key], left], axis=1)
        second[key] = np.stack([rng.random((seeds, IMAGES)) < hard for _ in range(2)], axis=1)
    conditions = [(name, 0) for name in (*steps, "steps linf 255")]
    found = masking.signs(Outcomes(conditions, first), Outcomes([("white linf 8", 0), ("square linf 8", 0)], second))
    assert set(found["sign"]) == set(masking.SIGNS)
    return float(found["shown"].any())


def withstands_more_or_less(predictions: Predictions) -> float:
    """The conditions as sizes of an attack."""
    own = predictions.outcomes
    sizes = [(f"steps linf {1 + place}", 0) for place in range(len(own.conditions))]
    table = security.apart(Outcomes(sizes, own.right, own.seeds), "steps", BASELINE)
    return float((table["verdict"] == DIFFERS).any())


def differs_in_a_domain(predictions: Predictions) -> float:
    """The conditions as domains."""
    own = predictions.outcomes
    found = {
        str(place): Outcomes([condition], {key: right[:, [place]] for key, right in own.right.items()}, own.seeds)
        for place, condition in enumerate(own.conditions)
    }
    return float((domains.apart(found, BASELINE)["verdict"] == DIFFERS).any())
