"""Numbers as text."""

import base64

import numpy as np
import pandas as pd

from app.charts import texts


def test_differences_are_points_with_a_sign() -> None:
    assert texts.points(-0.0123) == "−1.2"
    assert texts.points(0.03) == "+3.0"
    assert texts.points(-0.0004) == texts.points(0.0) == "±0.0"


def test_minuses_are_true_ones() -> None:
    assert (texts.signed(-1.25, 2), texts.signed(3)) == ("−1.25", "+3.0")
    assert texts.bracket(-0.2, -0.1, "{:+.1f}") == " (−20.0 to −10.0)"
    assert texts.minus("-1e-05") == "−1e−05"


def test_intervals_are_written_where_there_are_any() -> None:
    assert texts.bracket(0.91, 0.952) == " (91.0 to 95.2)"
    assert texts.bracket(np.nan, np.nan) == ""
    assert texts.bracket(1.5, 20, "{:.3g}", factor=1) == " (1.5 to 20)"
    assert texts.spread(0.91, 0.952) == "91.0 to 95.2 %"
    assert texts.spread(np.nan, np.nan) == "–"
    assert texts.spread(0.5, 2, "{:.2f}", factor=1, unit="") == "0.50 to 2.00"


def test_differences_are_written_with_their_own_intervals_or_are_said_to_be_extremes() -> None:
    rows = pd.DataFrame(
        [(-0.104, -0.165, -0.041), (-0.094, -0.179, -0.008), (-0.2, np.nan, np.nan)],
        columns=["difference", "low", "high"],
    )
    assert texts.sizes(rows[:1]) == "10.4 points (4.1 to 16.5)"
    assert texts.sizes(rows[:2]) == "10.4 points (4.1 to 16.5) and 9.4 points (0.8 to 17.9)"
    assert texts.sizes(rows) == "9.4 points (0.8 to 17.9) at least and 20.0 points at most, as measured"
    assert texts.sizes(rows[:1], "", form="{:.2g}", factor=1) == "0.1 (0.041 to 0.17)"


def test_a_dot_is_a_picture_of_its_colour() -> None:
    kind, data = texts.dot("#a82c28").split(",")
    assert kind == "data:image/svg+xml;base64"
    assert b'fill="#a82c28"' in base64.b64decode(data)


def test_the_widest_text_decides_the_width() -> None:
    assert texts.widest(["a" * 10, "b"]) == 22 + 66
    assert texts.widest(iter(["a", "b" * 3]), 7, 62) == 62 + 21
    assert texts.widest([]) == 22
