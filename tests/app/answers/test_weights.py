"""What is said of weights in common, of made-up tables."""

import pandas as pd
import pytest

from app.answers.weights import answer

LABELS = {"a": "A", "b": "B", "c": "C"}


def table(*differences: float) -> pd.DataFrame:
    """Pairs whose difference is shown where it is a tenth or more."""
    rows = [
        {"a": "a", "b": "bc"[place % 2], "overlap": 0.2 + value, "chance": 0.2, "difference": value,
         "low": value - 0.05, "high": value + 0.05, "verdict": "differs" if abs(value) >= 0.1 else "cannot tell"}
        for place, value in enumerate(sorted(differences, reverse=True))
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        (
            (0.5, 0.01, 0.02),
            "**1** of 3 pairs of tickets has more weights in common than chance gives; of **2** that is not shown. "
            "Furthest beyond it: **A** and **B**, 70 % where chance gives 20 % (45 to 55 points more).",
        ),
        ((0.02, 0.01), "The 2 pairs of tickets are **not shown** to have more or fewer weights in common than chance "
         "gives."),
        ((-0.2,), "The two tickets have fewer weights in common than chance gives."),
        ((-0.2, 0.3), "**1** of 2 pairs of tickets has more weights in common than chance gives; **1** fewer. "
         "Furthest beyond it: **A** and **B**, 50 % where chance gives 20 % (25 to 35 points more)."),
        ((0.3, 0.3), "**All 2** pairs of tickets have more weights in common than chance gives. Furthest beyond it: "
         "**A** and **B**, 50 % where chance gives 20 % (25 to 35 points more)."),
    ],
)  # fmt: skip
def test_the_sentence_counts_and_names_what_is_shown(differences: tuple[float, ...], said: str) -> None:
    assert answer(table(*differences), LABELS) == said


def test_nothing_is_said_of_nothing() -> None:
    assert answer(pd.DataFrame(), LABELS) == ""


def test_the_furthest_is_one_of_those_that_are_shown() -> None:
    """A pair of few weights may lie further and not be shown to."""
    rows = table(0.4, 0.2).assign(verdict=["cannot tell", "differs"])
    assert answer(rows, LABELS).endswith(
        "Furthest beyond it: **A** and **C**, 40 % where chance gives 20 % (15 to 25 points more)."
    )
