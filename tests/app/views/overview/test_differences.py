"""Which tickets differ from the baseline, drawn and said as the table has it."""

import numpy as np
import pandas as pd

from analysis.comparisons.seed_noise import SeedNoise
from app.answers.survival import tally
from app.shell import theme
from app.shell.theme import Style
from app.shell.verdicts import Floor
from app.views.overview.charts.differences import differences
from app.views.overview.differences import _caption
from app.views.overview.one_field import title, turned
from app.views.overview.tickets import tied

ROWS = pd.DataFrame(
    {
        "a": ["x", "y", "z"],
        "b": "dense",
        "difference": [-0.05, 0.001, 0.02],
        "low": [-0.07, -0.005, -0.01],
        "high": [-0.03, 0.007, 0.05],
        "verdict": ["differs", "equivalent", "cannot tell"],
        "within": [False, True, False],
        "detectable": [0.02, 0.006, 0.03],
        "over": "seeds",
    }
)
STYLES = {key: Style(key.upper(), "#aa0000", "star") for key in "xyz"}


def test_marks_say_the_verdict_and_bars_are_the_interval_that_decides() -> None:
    chart = differences({"Clean images": ROWS, "Corrupted images": ROWS}, 0.01, {"Clean images": 0.03}, STYLES,
                        theme.get("light"))  # fmt: skip
    marks = {trace.hovertemplate.split("<br>")[0]: trace for trace in chart.data[:3]}
    assert [marks[f"<b>{name}</b>"].marker.symbol for name in "XYZ"] == ["circle", "square", "circle-open"]
    worse = marks["<b>X</b>"]
    np.testing.assert_allclose(
        [worse.x[0] - worse.error_x.arrayminus[0], worse.x[0] + worse.error_x.array[0]], [-7, -3]
    )
    assert list(chart.layout.yaxis.ticktext) == ["Z", "Y", "X"]
    lines = sorted({(shape.x0, shape.x1, shape.xref) for shape in chart.layout.shapes if shape.xref == "x"})
    assert lines == [(-3, -3, "x"), (-1, 1, "x"), (0, 0, "x"), (3, 3, "x")]  # floor, what does not matter, nothing


def test_the_sentence_counts_each_verdict() -> None:
    assert tally("Clean images", "Dense", ROWS, 0.01) == (
        "Clean images, 3 tickets: **1** is worse than Dense; **1** is equivalent to it within 1 point; of **1** one "
        "cannot tell (3 points or more would have shown)."
    )
    several = ROWS.assign(verdict="cannot tell", detectable=[0.024, 0.069, 0.03])
    assert "of **3** one cannot tell (6.9 points or more would have shown)" in tally("Clean", "Dense", several, 0.01)
    assert "1 ticket (these networks):" in tally("Clean images", "Dense", ROWS[:1].assign(over="images"), 0.01)


def test_the_best_says_from_how_many_it_was_not_told_apart() -> None:
    table = ROWS.assign(b="y", a=["x", "dense", "z"])
    assert tied(table, "y", ["x", "z"]) == ", not told apart from 1 other"
    assert tied(table, "y", ["x", "z", "dense"]) == ", not told apart from 2 others"
    assert tied(table, "y", ["x"]) == ""


def test_each_floor_says_on_which_images() -> None:
    rows = ROWS.assign(over="images", seeds=1)
    clean, corrupted = (Floor(SeedNoise(floor, 30, 5), "this study", True) for floor in (0.01, 0.02))
    said = _caption({"accuracy": rows, "corrupted": rows}, {"accuracy": clean, "corrupted": corrupted})
    assert "Floor of seed noise on clean images: in this study" in said
    assert "Floor of seed noise on corrupted images: in this study" in said
    alone = _caption({"accuracy": rows}, {"accuracy": clean})
    assert "Floor of seed noise: in this study" in alone
    none = _caption({"accuracy": rows, "corrupted": rows}, {"accuracy": None, "corrupted": None})
    assert "No study at hand repeats its trainings" in none


def test_what_one_field_makes_is_the_second_less_the_first() -> None:
    """As the arrow in the field reads; the verdicts have it the other way round."""
    rows = pd.DataFrame({"difference": [-0.03], "low": [-0.05], "high": [-0.01], "verdict": "differs"})
    assert title(1) == "What one field makes: 1 pair that differs in nothing else"
    assert title(2).endswith("2 pairs that differ in nothing else")
    found = turned(rows).iloc[0]
    assert found[["low", "difference", "high"]].tolist() == [0.01, 0.03, 0.05]
