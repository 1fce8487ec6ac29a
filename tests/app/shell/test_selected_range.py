"""What is brushed in a chart: a box, whichever way it was drawn, or the bar that was clicked."""

from typing import Any

import pytest
import streamlit as st

from app.shell.layout import selected_range


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (None, None),
        ({"selection": {"points": [], "box": []}}, None),
        ({"selection": {"box": [{"x": [0, 1]}, {"x": [3, -2], "y": [1, 0]}]}}, (-2, 3)),
        ({"selection": {"box": [], "points": [{"customdata": [1.5, 2]}]}}, (1.5, 2)),
        ({"selection": {"points": [{"customdata": None}]}}, None),
    ],
)
def test_what_is_brushed(state: Any, expected: tuple[float, float] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {"chart-a": state} if state else {})
    assert selected_range("a") == expected
