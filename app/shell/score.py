"""How pages write the score of a study's task: what it is called, its numbers, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pruning.tasks import Score, get_task

POINTS = {"0.2": "0.2 points", "0.5": "0.5 points", "1": "1 point", "2": "2 points", "5": "5 points"}
PARTS = {"1": "1 %", "2": "2 %", "5": "5 %", "10": "10 %", "20": "20 %"}


def points(fraction: float) -> str:
    """A size in percentage points: `1 point`, `0.5 points`, `12 points`."""
    text = _hundredths(fraction)
    return f"{text} point{'' if text == '1' else 's'}"


def _hundredths(fraction: float) -> str:
    return f"{100 * fraction:.2g}" if fraction < 0.1 else f"{100 * fraction:.0f}"


@dataclass(frozen=True)
class ShownScore:
    """A score on the pages. Differences of it are fractions: of shares in points, of others relative, in per cent.

    Attributes:
        score: of the task.
        images: whether it is the share of images that are classified right, which is measured image by image, on
            corrupted images too; else it is read from the tickets.
        by_factors: whether tickets are compared by how many times the score of one is that of another.
    """

    score: Score
    images: bool = True
    by_factors: bool = False

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return self.score.name

    @property
    def title(self) -> str:
        """What it is called in a heading, without a unit."""
        return self.score.title

    @property
    def axis_title(self) -> str:
        """What it is called at an axis whose ticks have no unit."""
        return self.title if self.score.is_share or not self.score.unit else f"{self.title} ({self.score.unit})"

    @property
    def plural(self) -> str:
        """Several of them, at the beginning of a sentence."""
        return "Accuracies" if self.name == "accuracy" else "Scores"

    @property
    def best(self) -> str:
        """What the ticket with the best one is."""
        return "Most accurate" if self.name == "accuracy" else f"Best {self.name}"

    @property
    def tested(self) -> str:
        """What it was measured on."""
        return "on clean images" if self.images else "on test data"

    @property
    def where(self) -> str:
        """What it was measured on, whichever images these are."""
        return "on the test images" if self.images else "on the test data"

    @property
    def direction(self) -> str:
        """Which way is better, for an axis."""
        return "more is better" if self.score.higher else "less is better"

    def write(self, value: float) -> str:
        """A value with its unit: `98.1 %`, `15.6`; a dash where it is missing."""
        return "–" if pd.isna(value) else self.score.text(float(value))

    def bracket(self, low: float, high: float) -> str:
        """An interval behind its number: ` (91.0 to 95.2)`; nothing where it has none."""
        return f" ({self.score.number(low)} to {self.score.number(high)})" if np.isfinite(low) else ""

    def spread(self, low: float, high: float) -> str:
        """An interval by itself, in a table: `91.0 – 95.2 %`; a dash where there is none."""
        return f"{self.score.number(low)} – {self.score.text(high)}" if np.isfinite(low) else "–"

    @property
    def also_paired(self) -> str:
        """What pairs tickets beside seeds, for `verdicts.speak_of`."""
        return " and the test images" if self.images else ""

    @property
    def column_format(self) -> str:
        """Of a column of a table that holds values times `score.factor`."""
        return "%.1f %%" if self.score.is_share else "%.4g"

    @property
    def heading(self) -> str:
        """Of a column of a table."""
        return self.axis_title

    @property
    def within(self) -> Mapping[str, str]:
        """What may count as equivalent: hundredths -> words."""
        return POINTS if self.score.is_share else PARTS

    @property
    def usual(self) -> str:
        """Which of `within` does at first; scores by factors vary more."""
        return "1" if self.score.is_share else "5"

    @property
    def apart(self) -> str:
        """The unit of a difference."""
        return "points" if self.score.is_share else "%"

    @property
    def difference(self) -> str:
        """What a difference is called at the beginning of a title."""
        return f"Difference in {self.name}" if self.score.is_share else f"Relative difference in {self.name}"

    def minus(self, other: str) -> str:
        """What a difference to another ticket is called, for an axis."""
        if self.score.is_share:
            return f"{self.title} minus that of {other} (points)"
        return f"{self.title}, above or below that of {other} (%)"

    def size(self, fraction: float) -> str:
        """The size of a difference: `1 point`, `0.5 points`, `5 %`."""
        return points(fraction) if self.score.is_share else f"{_hundredths(fraction)} %"

    def worse(self, differences: pd.Series) -> pd.Series:
        """Of which the first is worse."""
        return differences < 0 if self.score.higher else differences > 0

    def table(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows to download: what holds the score is called accuracy where that is what it is."""
        return rows if self.images else rows.rename(columns=lambda name: name.replace("accuracy", "score"))

    @property
    def column(self) -> str:
        """The column of `table` that holds it."""
        return "accuracy" if self.images else "score"

    @property
    def meanings(self) -> dict[str, str]:
        """Of the columns of `table` that are not accuracies."""
        if self.images:
            return {}
        unit = "fraction" if self.score.is_share else self.score.unit
        of = f"{self.score.meaning or self.title}" + (f" [{unit}]" if unit else "")
        return {
            "score": of,
            "test_score": of,
            "train_score": f"on the training data: {of}",
            "final_score": f"at the end of the training: {of}",
        }


ACCURACY = ShownScore(get_task(None).score)
"""Of classifiers of images."""
