"""Signs that a network withstands an attack because its gradients lead nowhere, and not because it is robust.

Athalye et al., "Obfuscated Gradients Give a False Sense of Security" (ICML 2018), and Carlini et al., "On Evaluating
Adversarial Robustness" (2019), name four: one step does more harm than many; a larger attack does less; an attack
without bounds leaves images right; a black box does more than what knows the gradients. A sign is told only where the
interval shows it. That none is shown does not mean that there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.security import asked, attack_of, named
from analysis.measures.security import UNBOUNDED
from analysis.statistics.verdicts import COLUMNS as OF_A_PAIR
from analysis.statistics.verdicts import DIFFERS, Gap, judge, paired_gap

ONE_STEP, LARGER, WITHOUT, BLACK_BOX = "one step", "larger", "without bounds", "black box"
SIGNS = {
    ONE_STEP: "one step leaves fewer images right than twenty",
    LARGER: "a larger attack leaves more images right",
    WITHOUT: "an attack without bounds leaves more than 1 % of the images right",
    BLACK_BOX: "Square, which knows no gradients, leaves fewer images right than APGD and FAB",
}
LEFT = 0.01
"""Of the images that an attack without bounds may leave right: twenty steps do not find everything."""
COLUMNS = ["key", "sign", "norm", "size", *OF_A_PAIR, "shown"]


def signs(by_gradient: Outcomes, by_autoattack: Outcomes) -> pd.DataFrame:
    """Every sign that could show, of every ticket.

    Args:
        by_gradient: `security.of_results` of the table `security`; without tickets where it was not measured.
        by_autoattack: the same of `autoattack`.

    Returns:
        a row a ticket, sign and size: key, sign (of `SIGNS`), norm, size, the columns of `statistics.verdicts.judge`
        and shown. The difference is what the sign is about, as an accuracy that is too low or too high: one step minus
        twenty, the larger minus the next smaller size, what is left without bounds, Square minus the white boxes. All
        rows are one family. A ticket of several seeds is its networks on average, on other images: that gradients are
        masked is said of networks, not of a method.
    """
    found = [*_by_gradient(by_gradient), *_by_autoattack(by_autoattack)]
    table = judge([gap for *_, gap in found])
    places = pd.DataFrame([row[:4] for row in found], columns=COLUMNS[:4])
    table = pd.concat([places, table], axis=1)
    differs, down = table["verdict"] == DIFFERS, table["difference"] < 0
    wanted = table["sign"].isin([ONE_STEP, BLACK_BOX])
    without = (table["sign"] == WITHOUT) & (table["low"] > LEFT)
    table["shown"] = without | (differs & (wanted & down | (table["sign"] == LARGER) & ~down))
    return table[COLUMNS]


Row = tuple[str, str, str, float, Gap]


def _by_gradient(outcomes: Outcomes) -> Iterator[Row]:
    places = {condition[0]: place for place, condition in enumerate(outcomes.conditions)}
    rising: dict[str, list[float]] = {}
    for condition in asked(outcomes, "steps"):
        _, norm, size = attack_of(condition)
        rising.setdefault(norm, []).append(size)
    last = named("steps", UNBOUNDED.norm, UNBOUNDED.size)
    for key, right in outcomes.right.items():
        mean = {name: right[:, place].mean(axis=0) for name, place in places.items()}
        for norm, sizes in rising.items():
            for size in sizes:
                one, many = mean.get(named("one_step", norm, size)), mean[named("steps", norm, size)]
                if one is not None:
                    yield key, ONE_STEP, norm, size, _gap(one, many)
            for small, large in pairwise(sizes):
                pair = (mean[named("steps", norm, size)] for size in (large, small))
                yield key, LARGER, norm, large, _gap(*pair)
        if last in mean:
            yield key, WITHOUT, UNBOUNDED.norm, UNBOUNDED.size, _gap(mean[last], np.zeros_like(mean[last]))


def _by_autoattack(outcomes: Outcomes) -> Iterator[Row]:
    places = {condition[0]: place for place, condition in enumerate(outcomes.conditions)}
    for key, right in outcomes.right.items():
        mean = {name: right[:, place].mean(axis=0) for name, place in places.items()}
        for condition in asked(outcomes, "square"):
            _, norm, size = attack_of(condition)
            yield key, BLACK_BOX, norm, size, _gap(mean[condition[0]], mean[named("white", norm, size)])


def _gap(a: np.ndarray, b: np.ndarray) -> Gap:
    """Of these networks: only images are chance."""
    return paired_gap(a[None], b[None])
