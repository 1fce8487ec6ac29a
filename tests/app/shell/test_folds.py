"""What is folded is neither worked out nor sent until it is opened, and is in a report all the same."""

import ast
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from app.shell import folds
from tests import ROOT


def _page() -> None:
    import pandas as pd
    import plotly.graph_objects as go
    import streamlit as st

    from app.shell import layout

    def figure() -> go.Figure:
        st.session_state["drawn"] = st.session_state.get("drawn", 0) + 1
        return go.Figure()

    layout.card("Chart", figure, pd.DataFrame(), "chart", folded=True)
    layout.table_card("Table", pd.DataFrame({"a": [1]}), "table", folded=True)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page in a browser; `what_is_folded_is_drawn` undone."""
    import streamlit as st

    monkeypatch.setattr(folds, "whole", lambda: bool(st.session_state.get(folds.WHOLE)))
    return AppTest.from_function(_page, default_timeout=60)


def test_a_folded_card_is_drawn_once_it_is_open(closed: AppTest) -> None:
    closed.run()
    assert [each.label for each in closed.expander] == ["**Chart**", "**Table**"]
    assert "drawn" not in closed.session_state
    assert not closed.get("plotly_chart")
    assert not closed.dataframe
    closed.session_state["card-table"] = True  # as the browser says it
    closed.run()
    assert len(closed.dataframe) == 1
    assert "drawn" not in closed.session_state


def test_a_report_has_all_of_it(closed: AppTest) -> None:
    closed.session_state[folds.WHOLE] = True
    closed.run()
    assert closed.session_state["drawn"] == 1
    assert len(closed.dataframe) == 1


def _folded_cards() -> Iterator[tuple[str, ast.expr]]:
    for file in sorted((ROOT / "app" / "views").rglob("*.py")):
        calls = [each for each in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(each, ast.Call)]
        for call in calls:
            card = isinstance(call.func, ast.Attribute) and call.func.attr == "card"
            if card and any(each.arg == "folded" for each in call.keywords):
                yield f"{file.relative_to(ROOT)}:{call.lineno}", call.args[1]


def test_no_chart_is_drawn_for_a_card_that_is_closed() -> None:
    """A folded card is given a function, by a name or as it stands, which is asked when the card is open."""
    cards = dict(_folded_cards())
    assert len(cards) > 15
    assert not [place for place, figure in cards.items() if not isinstance(figure, ast.Lambda | ast.Name)]
