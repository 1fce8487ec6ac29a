"""A paper's finding, what it comes out as here, and whether that holds beyond noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

Verdict = Literal["holds", "does not hold", "within noise"]


@dataclass(frozen=True)
class Number:
    """A measured number with its 95 % interval, which is over `repeats` (such as "5 seeds").

    `values` are what it is the mean of, one a seed: as measured, of ratios (`unit` "times") the logarithms.
    """

    value: float
    low: float
    high: float
    repeats: str
    unit: str = "points"
    values: tuple[float, ...] = ()

    def p_above(self, bound: float) -> float:
        """The one-sided p of Student's test that the number lies above a bound, in (0, 1); NaN without an interval.

        Below 0.025 exactly where the whole interval lies above the bound. Without `values` it is that of a normal
        number with this interval. Values that are all alike have no spread to test by: then it is that of as many
        tossed coins that all fall on one side.
        """
        to = math.log if self.unit == "times" else float
        values, n = np.array(self.values), len(self.values)
        if n < 2:
            half = (to(self.high) - to(self.low)) / 2
            return float(stats.norm.sf(to(self.value) - to(bound), scale=half / stats.norm.isf(0.025)))
        if np.ptp(values) == 0:
            return 0.5**n if values[0] > to(bound) else 1.0
        return float(stats.t.sf((values.mean() - to(bound)) * math.sqrt(n) / values.std(ddof=1), n - 1))

    def __str__(self) -> str:
        digits = 1 if max(abs(self.low), abs(self.high)) >= 10 else 2
        plus = "+" if self.unit == "points" else ""
        value, low, high = (f"{number:{plus}.{digits}f}" for number in (self.value, self.low, self.high))
        return f"{value} [{low}, {high}] {self.unit}".rstrip()


@dataclass(frozen=True)
class Claim:
    """One finding of a paper, put to the test.

    Attributes:
        finding: what the paper found, in a sentence.
        paper: its number, as printed; "" where it gives none.
        measured: what the number of ours is, in a few words.
        number: ours.
        beyond: the finding holds where the number's whole interval lies above this, and does not hold where all of it
            lies below; else noise does not let us tell.
        why: what else is to be known, such as why it comes out otherwise at this scale.
        uncounted: why it is not counted among the findings, where it could not have come out otherwise or follows from
            others; "" where it is.
    """

    finding: str
    paper: str
    measured: str
    number: Number
    beyond: float = 0.0
    why: str = ""
    uncounted: str = ""

    @property
    def p(self) -> float:
        """The one-sided p of the finding: how often chance alone gives as much, were the number at its bound."""
        return self.number.p_above(self.beyond)

    @property
    def verdict(self) -> Verdict:
        """Whether the finding holds at this scale."""
        if self.number.low > self.beyond:
            return "holds"
        return "does not hold" if self.number.high <= self.beyond else "within noise"


def weakest(numbers: Sequence[Number], bound: float = 0.0) -> Number:
    """The number that lies beyond the bound the least surely.

    What is said of each of several holds where it holds of this one, at no more than its own error (the
    intersection-union test, Berger 1982).
    """
    return max(numbers, key=lambda number: number.p_above(bound))
