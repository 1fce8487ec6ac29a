"""Lines between two trainings, stability over the rewinding point, and the cost of a search."""

import numpy as np
import pandas as pd
import pytest

from analysis.statistics.replication import bands
from app.charts.error_scale import height
from app.shell import theme
from app.shell.theme import Style
from app.views.dynamics.charts import lines, search_cost, stability
from app.views.dynamics.stability import sentence

LIGHT = theme.get("light")
STYLES = {"a": Style("Ticket a", "#aa0000", "circle"), "b": Style("Ticket b", "#0000aa", "star")}


def errors(seeds: int = 3) -> pd.DataFrame:
    """Rows with a hill of 0.1 in the middle, a little higher seed by seed."""
    alphas = np.linspace(0, 1, 11)
    return pd.concat(
        pd.DataFrame({"seed": seed, "alpha": alphas, "error": 0.02 + (0.1 + 0.01 * seed) * np.sin(np.pi * alphas)})
        for seed in range(seeds)
    ).reset_index(drop=True)


def points(rows: pd.DataFrame) -> pd.DataFrame:
    each = bands(rows, ["alpha"], "error")
    return pd.concat([each.assign(split="test"), each.assign(split="training", mean=each["mean"] / 2)])


def test_the_line_is_the_mean_error_and_the_arrow_stands_at_its_top() -> None:
    rows = errors()
    figure = lines.along(points(rows), rows, lines.Height(0.11, 0.08, 0.14), ("IMP", "again"), STYLES["a"], LIGHT)
    test = next(trace for trace in figure.data if trace.name == "test images")
    np.testing.assert_allclose(test.y, 100 * rows.groupby("alpha")["error"].mean())
    assert sum((trace.name or "").startswith("seed") for trace in figure.data) == 3
    arrow, text = figure.layout.annotations
    assert (arrow.x, arrow.y, arrow.ay) == (0.5, pytest.approx(13), pytest.approx(2))
    assert "11.0 points (8.0 to 14.0)" in text.text
    assert figure.layout.xaxis.ticktext[0] == "IMP"


def test_one_seed_has_no_bands_and_no_thin_lines() -> None:
    rows = errors(1)
    figure = lines.along(points(rows), rows, lines.Height(0.1, np.nan, np.nan), ("a", "b"), STYLES["a"], LIGHT)
    assert not any((trace.name or "").startswith("seed") for trace in figure.data)
    assert figure.layout.annotations[-1].text == "barrier <b>10.0 points</b>"


def test_a_line_without_a_hill_has_no_arrow() -> None:
    rows = errors(1).assign(error=0.02)
    figure = lines.along(points(rows), rows, lines.Height(0, 0, 0.01), ("a", "b"), STYLES["a"], LIGHT)
    assert len(figure.layout.annotations) == 1


def test_every_barrier_has_a_row_with_its_interval() -> None:
    rows = pd.DataFrame({"key": ["a", "b"], "label": ["A", "B"], "value": [0.04, 0.01], "low": [0.01, np.nan],
                         "high": [0.07, np.nan]})  # fmt: skip
    figure = lines.barriers(rows, STYLES, "b", LIGHT)
    assert [trace.x[0] for trace in figure.data] == pytest.approx([4, 1])
    assert figure.data[0].error_x.array[0] == pytest.approx(3)
    assert figure.data[1].error_x.array is None
    assert list(figure.layout.yaxis.ticktext) == ["A", "<b>B</b>"]


def curve(means: list[float], high: list[float] | None = None, measure: str = "barrier") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "relation": "order", "family": "f", "label": "Ticket a", "sparsity": 0.9, "measure": measure,
            "rewind": [0, 45, 180][: len(means)], "mean": means, "low": [value / 2 for value in means],
            "high": high or [np.nan] * len(means), "n": 3,
        }
    )  # fmt: skip


def test_stability_is_drawn_over_the_square_root_of_the_iteration() -> None:
    rows = curve([0.05, 0.03, 0.01], [0.06, 0.04, 0.015])
    figure = stability.curves(rows, "barrier", {"Ticket a": STYLES["a"]}, LIGHT)
    drawn = figure.data[0]
    np.testing.assert_allclose(drawn.x, np.sqrt([0, 45, 180]))
    np.testing.assert_allclose(drawn.y, [5, 3, 1])
    np.testing.assert_allclose(drawn.error_y.array, [1, 1, 0.5])
    assert list(figure.layout.xaxis.ticktext) == ["0", "45", "180"]
    assert stability.curves(curve([3.0, 2.0], measure="l2"), "l2", {"Ticket a": STYLES["a"]}, LIGHT).data[0].y[0] == 3


@pytest.mark.parametrize(
    ("means", "high", "words"),
    [
        (
            [0.05, 0.03, 0.01],
            [0.06, 0.05, 0.015],
            "**A** is stable from iteration 180 on: its barrier is below 2 points, with",
        ),
        (
            [0.01, 0.01, 0.01],
            [0.06, 0.05, 0.03],
            "may be stable from the start: its mean barrier is below 2 points, but its",
        ),
        ([0.01, 0.01, 0.01], [0.01, 0.05, 0.03], "reaches across at some points, so one cannot tell"),
        ([0.01, 0.03], [0.01, 0.05], "is not shown to be stable: its mean barrier is 3.0 points at iteration 45"),
        ([0.01, 0.05], [0.01, 0.055], "is not stable, even from the last point: its mean barrier is 5.0 points"),
        (
            [0.03, 0.01],
            None,
            "may be stable from iteration 45 on: its mean barrier is below 2 points (one seed: true of",
        ),
    ],
)
def test_stability_in_a_sentence(means: list[float], high: list[float] | None, words: str) -> None:
    assert words in sentence("A", curve(means, high))


def costs() -> pd.DataFrame:
    return pd.DataFrame(
        {"key": ["a", "b", "c"], "label": ["A", "B", "C"], "accuracy": [0.95, 0.97, 0.9],
         "accuracy_low": [0.94, np.nan, 0.89], "accuracy_high": [0.96, np.nan, 0.91], "epochs": [50.0, 25.0, 300.0],
         "search": [25.0, 0.0, 0.0], "seconds": [5.0, 2.0, 30.0], "seconds_low": [4.0, np.nan, 29.0],
         "seconds_high": [6.0, np.nan, 31.0]}
    )  # fmt: skip


def test_cost_marks_the_search_and_the_chosen() -> None:
    figure = search_cost.against(costs(), "epochs", STYLES, ["a", "b"], LIGHT)
    faint, search, one, other = figure.data
    assert list(faint.x) == [300]
    assert list(search.x) == [25, 50]
    assert (one.x[0], other.x[0]) == (50, 25)
    assert one.y[0] == pytest.approx(height(0.95))
    assert one.y[0] - one.error_y.arrayminus[0] == pytest.approx(height(0.94))
    assert other.error_y.array is None
    assert "25 of them search" in one.customdata[0]


def test_seconds_have_intervals_across() -> None:
    figure = search_cost.against(costs(), "seconds", STYLES, ["a"], LIGHT)
    point = figure.data[-1]
    assert point.x[0] == pytest.approx(5)
    assert (point.error_x.array[0], point.error_x.arrayminus[0]) == (1, 1)
    assert figure.layout.xaxis.type == "log"


@pytest.mark.parametrize("factor", [1.0, 0.02])
def test_the_axis_of_costs_has_round_ticks_enough(factor: float) -> None:
    """Also where costs lie within about a decade, in which few of 1, 2 and 5 times a power of ten do."""
    rows = costs().assign(epochs=[25.0 * factor, 30.0 * factor, 320.0 * factor], search=0.0)
    axis = search_cost.against(rows, "epochs", STYLES, ["a", "b"], LIGHT).layout.xaxis
    assert len(axis.tickvals) >= 4
    low, high = 10.0 ** np.array(axis.range)
    assert all(low <= tick <= high for tick in axis.tickvals)
    assert list(axis.ticktext) == [f"{tick:g}" for tick in axis.tickvals]


def test_an_imported_network_that_cost_nothing_stands_at_zero() -> None:
    rows = costs().assign(epochs=[0.0, 0.04, 0.04], search=0.0)
    figure = search_cost.against(rows, "epochs", STYLES, ["a", "b"], LIGHT)
    assert figure.layout.xaxis.type != "log"
    assert figure.layout.xaxis.range[0] == 0
    assert figure.data[1].x[0] == 0
    assert figure.data[2].x[0] == pytest.approx(0.04, abs=0.01)


def test_tickets_of_one_cost_stand_side_by_side() -> None:
    rows = costs().assign(epochs=[25.0, 25.0, 25.0], search=0.0)
    figure = search_cost.against(rows, "epochs", STYLES, ["a", "b"], LIGHT)
    one, other = (trace.x[0] for trace in figure.data[1:])
    assert one < 25 < other
    assert (one + other) / 2 == pytest.approx(25)
    assert "25 epochs" in figure.data[1].customdata[0]  # what it says is what it cost


@pytest.mark.parametrize("epochs", [[8.0, *[10.0] * 5], [8.0, *[300.0] * 5], [10.0] * 6])
def test_all_of_many_tickets_of_one_cost_are_within_the_axis(epochs: list[float]) -> None:
    keys = list("abcdef")
    rows = pd.concat([costs()[:1]] * 6).assign(key=keys, label=keys, epochs=epochs, search=0.0)
    figure = search_cost.against(rows, "epochs", dict.fromkeys(keys, STYLES["a"]), keys, LIGHT)
    low, high = figure.layout.xaxis.range
    places = np.array([trace.x[0] for trace in figure.data[1:]])
    if figure.layout.xaxis.type == "log":
        places = np.log10(places)
    assert len(set(places)) == 6
    assert low < places.min()
    assert places.max() < high
