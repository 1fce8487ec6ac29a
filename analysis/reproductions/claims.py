"""A paper's finding, what it comes out as here, and whether that holds beyond noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["holds", "does not hold", "within noise"]


@dataclass(frozen=True)
class Number:
    """A measured number with its 95 % interval, which is over `repeats` (such as "5 seeds")."""

    value: float
    low: float
    high: float
    repeats: str
    unit: str = "points"

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
    """

    finding: str
    paper: str
    measured: str
    number: Number
    beyond: float = 0.0
    why: str = ""

    @property
    def verdict(self) -> Verdict:
        """Whether the finding holds at this scale."""
        if self.number.low > self.beyond:
            return "holds"
        return "does not hold" if self.number.high <= self.beyond else "within noise"
