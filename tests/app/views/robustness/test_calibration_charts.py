"""Reliability diagrams say what the bins say."""

import numpy as np
import pandas as pd

from analysis.metrics.calibration import bins
from app.shell import theme
from app.shell.theme import Style
from app.views.robustness.charts import calibration as charts

LIGHT = theme.get("light")
TICKETS = {f"t{number}": Style(f"Ticket {number}", "#336699", "circle") for number in range(7)}


def table(count: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frames = []
    for key in list(TICKETS)[:count]:
        sure = rng.uniform(0.2, 1, 300)
        frames.append(bins(sure, rng.random(300) < sure).assign(key=key))
    rows = pd.concat(frames, ignore_index=True)
    return rows.assign(low=(rows["accuracy"] - 0.1).clip(0), high=(rows["accuracy"] + 0.1).clip(upper=1))


def test_each_ticket_has_its_curve_and_the_diagonal() -> None:
    rows = table(7)
    figure = charts.reliability(rows, TICKETS, LIGHT, {"t3": "ECE 1.2"})
    curves = {trace.name: trace for trace in figure.data if trace.type == "scatter" and trace.mode == "lines+markers"}
    assert len(curves) == 7
    for key, style in TICKETS.items():
        own = rows[rows["key"] == key]
        np.testing.assert_allclose(curves[style.label].x, 100 * own["confidence"])
        np.testing.assert_allclose(curves[style.label].y, 100 * own["accuracy"])
        above = np.asarray(curves[style.label].y) + np.asarray(curves[style.label].error_y.array)
        np.testing.assert_allclose(above, 100 * own["high"])
    for trace in figure.data:
        if trace.name == "diagonal":
            assert list(trace.x) == list(trace.y) == [0, 100]
    notes = [note.text for note in figure.layout.annotations if "ECE" in note.text]
    assert len(notes) == 1
    assert "Ticket 3" in notes[0]
