"""Numbers as text."""

import base64

import numpy as np

from app.charts import texts


def test_differences_are_points_with_a_sign() -> None:
    assert texts.points(-0.0123) == "−1.2"
    assert texts.points(0.03) == "+3.0"
    assert texts.points(-0.0004) == texts.points(0.0) == "±0.0"


def test_intervals_are_written_where_there_are_any() -> None:
    assert texts.bracket(0.91, 0.952) == " (91.0 to 95.2)"
    assert texts.bracket(np.nan, np.nan) == ""
    assert texts.bracket(1.5, 20, "{:.3g}", factor=1) == " (1.5 to 20)"
    assert texts.spread(0.91, 0.952) == "91.0 to 95.2 %"
    assert texts.spread(np.nan, np.nan) == "–"
    assert texts.spread(0.5, 2, "{:.2f}", factor=1, unit="") == "0.50 to 2.00"


def test_a_dot_is_a_picture_of_its_colour() -> None:
    kind, data = texts.dot("#a82c28").split(",")
    assert kind == "data:image/svg+xml;base64"
    assert b'fill="#a82c28"' in base64.b64decode(data)
