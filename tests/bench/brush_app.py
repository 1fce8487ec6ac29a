"""A page of linked charts with nothing else on it, run by Streamlit: `?points=10000&columns=4&charts=3`."""

from typing import Any, cast

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.linked import linked
from app.shell import theme
from app.shell.layout import CONFIG
from app.shell.selection import Selection
from app.shell.theme import Style
from app.shell.url import mirror, synchronise
from app.views.geometry.charts.columns import columns, points

GROUP = "brushed"
CLASSES = [str(label) for label in range(10)]
LIGHT = theme.get("light")


@st.cache_resource
def figure(points_each: int, panels: int, number: int) -> go.Figure:
    """A cloud a class, in each panel another one."""
    rng = np.random.default_rng(number)
    label = rng.integers(0, len(CLASSES), points_each)
    tickets = {f"t{at}": Style(f"Ticket {at}", LIGHT.classes[at], "circle") for at in range(panels)}
    drawn = columns(tickets, LIGHT, height=320)
    for column, style in enumerate(tickets.values(), 1):
        x, y = 3 * rng.normal(size=(2, len(CLASSES)))[:, label] + rng.normal(size=(2, points_each))
        rows = pd.DataFrame({"sample": np.arange(points_each), "label": label, "prediction": label, "x": x, "y": y})
        rows["confidence"] = rng.random(points_each)
        drawn.add_trace(points(rows, "x", "y", (list(LIGHT.classes), label), style.label, CLASSES), 1, column)
    return drawn.update_xaxes(range=(-12, 12)).update_yaxes(range=(-12, 12))


@st.fragment
def told(selection: Selection) -> None:
    """What the server knows of the lasso: how many samples, and a number that changes with every lasso."""
    marked = linked(selection, GROUP)
    st.session_state["answers"] = st.session_state.get("answers", 0) + 1
    st.html(f'<p id="told" data-answer="{st.session_state["answers"]}">{len(marked)}</p>')


def main() -> None:
    """The page."""
    st.set_page_config(layout="wide")
    synchronise()
    asked = {name: int(mirror()[name]) for name in ("points", "columns", "charts")}
    with st.container(key=GROUP):
        for each in range(asked["charts"]):
            drawn = figure(asked["points"], asked["columns"], each)
            st.plotly_chart(drawn, theme=None, key=f"chart-{each}", config=CONFIG)
    told(Selection(cast(Any, None), LIGHT, 0, [], [], None, None, {}))


if __name__ == "__main__":
    main()
