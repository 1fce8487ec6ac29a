"""The Pareto front as it is drawn."""

import pandas as pd
import pytest

from analysis.comparisons import dominance
from app.shell import theme
from app.views.overview.charts import pareto as charts
from tests.analysis.comparisons.test_costs import weighed  # noqa: F401

LIGHT = theme.get("light")


def test_the_front_is_full_and_named_and_the_dominated_are_faint(weighed: pd.DataFrame) -> None:  # noqa: F811
    keys = weighed["key"].tolist()
    gaps = (dominance.exact(weighed["macs"].to_numpy(float), False),
            dominance.exact(weighed["accuracy"].to_numpy(float), True))  # fmt: skip
    states = {key: verdict.state for key, verdict in dominance.verdicts(keys, *gaps).items()}
    assert states["snip-90"] == dominance.FRONT  # as small as IMP and the shuffled one at 90 %, and better
    assert states["shuffled-90"] == dominance.DOMINATED
    states["imp-90"] = dominance.NEAR
    styles = {key: theme.Style(key, "#a82c28", "star") for key in keys}
    figure = charts.pareto(weighed, "macs", "accuracy", states, styles, LIGHT)
    points = {
        key: (trace, place)
        for trace in figure.data
        if trace.customdata is not None
        for place, (key,) in enumerate(trace.customdata)
    }
    assert set(points) == set(keys)
    colors = {key: trace.marker.color[place] for key, (trace, place) in points.items()}
    assert colors["snip-90"] == "#a82c28"
    assert colors["shuffled-90"] != "#a82c28"
    imp, place = points["imp-90"]
    assert imp.marker.symbol[place] == "star-open"
    named = {text for trace in figure.data if trace.mode == "markers+text" for text in trace.text}
    assert "SNIP 90 %" in named
    assert "IMP shuffled 90 %" not in named
    for key, (trace, place) in points.items():
        row = weighed.set_index("key").loc[key]
        assert 10 ** trace.x[place] == pytest.approx(row["macs"])
        assert 1 - 10 ** -trace.y[place] == pytest.approx(row["accuracy"])
        assert row["label"] in trace.hovertext[place]
        if states[key] == dominance.FRONT:
            assert 1 - 10 ** -(trace.y[place] + trace.error_y.array[place]) == pytest.approx(
                min(row["accuracy_high"], 1 - 5e-4)
            )
