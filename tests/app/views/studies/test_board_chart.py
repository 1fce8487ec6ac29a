"""The chart of a board: every ticket is drawn once a panel, filled where it is of the best, whatever their number."""

import numpy as np
import pandas as pd
import pytest

from app.shell import theme
from app.views.studies.charts.board import board

METHODS = ("imp", "snip", "random")


@pytest.mark.parametrize("count", [2, 5, 12])
def test_each_ticket_has_its_place(count: int) -> None:
    studies = [f"study {place}" for place in range(count)]
    rows = pd.DataFrame(
        [(study, f"{method}-90", method, f"{method} 90 %", 0.9 - 0.01 * place - 0.02 * turn)
         for place, study in enumerate(studies) for turn, method in enumerate(METHODS)],
        columns=["study", "key", "method", "label", "accuracy"],
    )  # fmt: skip
    rows = rows.assign(accuracy_low=rows["accuracy"] - 0.01, accuracy_high=rows["accuracy"] + 0.01)
    dense = rows.drop_duplicates("study").assign(accuracy=0.95)
    found = rows[["study", "key"]].assign(best=[place < 2 for place in range(len(rows))])
    colours = theme.get("light")
    styles = theme.styles([(each, each, 0.0, each) for each in METHODS], METHODS, "light")
    labels = {method: method.upper() for method in METHODS}
    chart = board(rows, dense, {"accuracy": found}, {each: each.title() for each in studies}, styles, labels, colours)
    marks = [trace for trace in chart.data if trace.error_x.array is not None]
    assert sum(len(trace.x) for trace in marks) == len(rows)
    heights = np.concatenate([np.asarray(trace.y, dtype=float) for trace in marks])
    assert len(set(heights.tolist())) == len(rows)  # none hides another
    filled = [symbol for trace in marks for symbol in trace.marker.symbol if not symbol.endswith("-open")]
    assert len(filled) == 2
    assert {trace.name for trace in chart.data if trace.showlegend is not False} == {*labels.values(), "Dense"}
    assert list(chart.layout.yaxis.ticktext) == [each.title() for each in studies]  # the best on top
    assert chart.layout.height < 900
