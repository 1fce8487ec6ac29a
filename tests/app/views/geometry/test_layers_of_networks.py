"""Layers of networks that have none in common stand one network after the other."""

import pandas as pd

from app.shell import theme
from app.shell.theme import Style
from app.views.geometry.charts import layers as charts


def rows(key: str, layers: list[str]) -> list[dict[str, object]]:
    base = {"key": key, "value": 0.9, "value_low": 0.8, "value_high": 0.95, "beyond": False, "noise": 0.9}
    times = {"noise_low": 0.85, "noise_high": 0.95, "times": 1.0, "times_low": 0.5, "times_high": 2.0, "seeds": 3}
    return [base | times | {"layer": layer, "position": place} for place, layer in enumerate(layers)]


def test_axis_and_bands() -> None:
    table = pd.DataFrame(rows("a", ["x", "y", "z"]) + rows("theirs", ["1", "2"]) + rows("b", ["y", "z"]))
    styles = {key: Style(key, "#123456", "circle") for key in ("a", "theirs", "b")}
    chart = charts.alike(table, styles, theme.get("light"), "CKA")
    assert list(chart.layout.xaxis.categoryarray) == ["x", "y", "z", "1", "2"]
    bands = [trace for trace in chart.data if trace.fill == "toself"]
    assert [list(band.x) for band in bands] == [["x", "y", "z", "z", "y", "x"], ["1", "2", "2", "1"]]
    assert [band.showlegend for band in bands] == [True, False]
