"""Training curves and accuracy over levels: what is drawn is what was noted."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import dynamics
from analysis.comparisons.levels import by_sparsity
from app.charts.error_scale import height
from app.shell import theme
from app.shell.theme import Style
from app.views.dynamics.charts import curve_panels, curves, levels
from app.views.dynamics.levels import sentence
from app.views.dynamics.training import known_to

LIGHT = theme.get("light")
STYLES = {key: Style(f"Ticket {key}", color, "circle") for key, color in zip("ab", ("#aa0000", "#0000aa"), strict=True)}


def points(seeds: int = 3, epochs: int = 4) -> pd.DataFrame:
    """Rows of `dynamics.curves`: two families, whose test loss is least at epoch 2 (a) and 4 (b)."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "ticket_id": f"{key}{seed}", "family": f"family {key}", "seed": seed, "label": f"Ticket {key}",
            "epoch": float(epoch), "loss": 1 / epoch, "train_accuracy": 0.9,
            "test_accuracy": 0.8 + 0.03 * epoch + 0.01 * rng.random(), "test_loss": 0.1 + abs(epoch - least),
        }
        for key, least in (("a", 2), ("b", 4))
        for seed in range(seeds)
        for epoch in range(1, epochs + 1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def keyed(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(key=table["family"].str.removeprefix("family "))


def bands(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    return keyed(dynamics.curve_bands(rows, measure))


def stops(rows: pd.DataFrame) -> pd.DataFrame:
    return keyed(dynamics.stops_over_seeds(rows))


def test_the_curves_are_the_values_and_end_beside_each_other() -> None:
    rows = points()
    table = bands(rows, "test_accuracy")
    figure = curves.training(table, stops(rows), STYLES, "test_accuracy", LIGHT)
    lines = {trace.name: trace for trace in figure.data if trace.name in ("Ticket a", "Ticket b")}
    for key, style in STYLES.items():
        own = table[table["key"] == key]
        np.testing.assert_allclose(lines[style.label].y, height(own["mean"]))
        end = next(trace for trace in figure.data if trace.name == f"{style.label}, end")
        assert end.y[0] == pytest.approx(height(own["mean"].iloc[-1]))
        assert end.y[0] + end.error_y.array[0] == pytest.approx(height(own["high"].iloc[-1]))
    ends = [trace.x[0] for trace in figure.data if trace.name and trace.name.endswith(", end")]
    assert len(set(ends)) == 2
    assert min(ends) > 4  # where no line runs
    ring = next(trace for trace in figure.data if trace.name == "Ticket a, lowest test loss")
    assert ring.x[0] == 2
    assert ring.cliponaxis is False  # or half of it is cut off at epoch 0
    assert ring.y[0] == pytest.approx(lines["Ticket a"].y[1])


def test_how_well_an_epoch_is_known_is_said_where_there_are_two_points() -> None:
    resolution = stops(points().query("epoch == epoch.max()"))["resolution"].max()
    assert known_to(float(resolution)) == ""
    assert known_to(0.5) == "; an epoch is known to 0.5 at best, the distance between two points of the curve"


def test_few_lines_have_bands_and_many_have_none() -> None:
    def filled(count: int) -> int:
        keys = [f"k{place}" for place in range(count)]
        table = pd.concat([bands(points(), "loss").query("key == 'a'").assign(key=key) for key in keys])
        styles = {key: Style(key, "#336699", "circle") for key in keys}
        empty = pd.DataFrame(columns=[*dynamics.STOPS, "key"])
        return sum(trace.fill == "tonexty" for trace in curves.training(table, empty, styles, "loss", LIGHT).data)

    assert (filled(curves.BANDS), filled(curves.BANDS + 1)) == (curves.BANDS, 0)


def test_one_seed_says_so_and_has_no_bars() -> None:
    rows = points(seeds=1)
    table = bands(rows, "loss")
    figure = curves.training(table, stops(rows), STYLES, "loss", LIGHT)
    end = next(trace for trace in figure.data if trace.name == "Ticket a, end")
    assert end.error_y.array is None
    assert "one seed" in end.customdata[0]


def families() -> pd.DataFrame:
    rows = [("dense", 0.0, 0.97), ("imp", 0.5, 0.96), ("imp", 0.9, 0.95), ("shuffled", 0.5, 0.96),
            ("shuffled", 0.9, 0.90), ("snip", 0.9, 0.91)]  # fmt: skip
    return pd.DataFrame(
        [
            {"key": f"{m}-{s}", "method": m, "method_label": m.upper(), "label": f"{m} {s}", "sparsity": s,
             "accuracy": a, "accuracy_low": a - 0.01, "accuracy_high": a + 0.01, "seeds": 3}
            for m, s, a in rows
        ]
    )  # fmt: skip


def test_levels_show_every_method_and_name_those_compared() -> None:
    styles = {name: Style(name.upper(), "#aa0000", "star") for name in ("imp", "shuffled")}
    figure = levels.accuracy(families(), styles, LIGHT)
    by_method = {trace.meta: trace for trace in figure.data if trace.meta}
    assert set(by_method) == {"imp", "shuffled", "snip"}
    assert by_method["snip"].showlegend is False
    np.testing.assert_allclose(by_method["imp"].y, height([0.96, 0.95]))
    np.testing.assert_allclose(by_method["snip"].x, [10])
    bars = by_method["imp"].error_y
    np.testing.assert_allclose(by_method["imp"].y + bars.array, height([0.97, 0.96]))


def correct(shares: dict[str, float], seeds: int = 3) -> dict[str, dict[int, np.ndarray]]:
    """Key -> seed -> which of 1000 images are right: the first of them, and one more a seed."""
    return {
        key: {seed: (np.arange(1000) < 1000 * share + seed).astype(float) for seed in range(seeds)}
        for key, share in shares.items()
    }


def test_a_difference_that_one_cannot_tell_is_hollow_and_said_to_be() -> None:
    right = correct({"imp-0.5": 0.96, "imp-0.9": 0.95, "shuffled-0.5": 0.96, "shuffled-0.9": 0.7})
    right["shuffled-0.5"] = {seed: own[::-1] for seed, own in right["shuffled-0.5"].items()}  # right on others
    rows = by_sparsity(families(), right, "imp", ["shuffled", "snip"])
    assert rows["difference"].tolist() == pytest.approx([0.0, -0.25])
    assert rows["verdict"].tolist() == ["cannot tell", "differs"]
    text = sentence("Shuffled", "IMP", rows, 0.01)
    least = f"{100 * rows['detectable'][0]:.2g}"
    low, high = sorted(-100 * rows[["low", "high"]].to_numpy()[1])
    assert text == (
        f"**Shuffled** is worse than IMP with 10 % of the weights kept, by 25.0 points ({low:.1f} to {high:.1f}); with "
        f"50 % one cannot tell: {least} points or more would have shown."
    )
    style = {"shuffled": Style("Shuffled", "#aa0000", "star")}
    figure = levels.differences(rows, "IMP", style, LIGHT, 0.01, floor=0.02)
    drawn = next(trace for trace in figure.data if trace.showlegend is False)
    np.testing.assert_allclose(drawn.y, 100 * rows["difference"])
    assert list(drawn.marker.color) == [LIGHT.surface, "#aa0000"]
    assert "cannot tell" in drawn.customdata[0]
    heights = sorted({shape.y0 for shape in figure.layout.shapes})
    assert heights == [-2, -1, 0, 2]  # the floor, what does not matter, nothing


def test_a_method_is_better_or_equivalent_or_one_cannot_tell() -> None:
    rows = pd.DataFrame(
        {"sparsity": [0.8, 0.9], "difference": [0.01, 0.03], "low": [0.004, 0.02], "high": [0.016, 0.04],
         "verdict": "differs", "over": "seeds", "detectable": 0.04}
    )  # fmt: skip
    said = (
        "is better than B with 20 and 10 % of the weights kept, by 1.0 points (0.4 to 1.6) and 3.0 points (2.0 to 4.0)."
    )
    assert sentence("A", "B", rows, 0.01) == f"**A** {said}"
    assert sentence("A", "B", rows.assign(over="images"), 0.01) == f"**A** (this network) {said}"
    assert "equivalent to B within 2 points with 20 and 10 %" in sentence(
        "A", "B", rows.assign(verdict="equivalent"), 0.02
    )
    unknown = sentence("A", "B", rows.assign(verdict="cannot tell"), 0.01)
    assert "one cannot tell at any level whether it differs from B: 4 points or more" in unknown
    unlike = rows.assign(verdict="cannot tell", detectable=[0.02, 0.07])
    assert "from B: 7 points or more would have shown" in sentence("A", "B", unlike, 0.01)


def test_a_panel_each_shows_one_curve_and_the_others_in_grey() -> None:
    rows = points()
    table = bands(rows, "test_accuracy")
    found = stops(rows)
    figure = curve_panels.panels(table, found, STYLES, "test_accuracy", LIGHT)
    for key, other, axis in (("a", "b", "x"), ("b", "a", "x2")):
        traces = [trace for trace in figure.data if trace.xaxis == axis]
        named = next(trace for trace in traces if trace.name == f"Ticket {key}")
        np.testing.assert_allclose(named.y, height(table[table["key"] == key]["mean"]))
        behind = traces[0]
        assert behind.hoverinfo == "skip"
        np.testing.assert_allclose(np.asarray(behind.y)[:-1], height(table[table["key"] == other]["mean"]))
        assert np.isnan(behind.y[-1])  # a gap, so that no two curves are joined
        assert sum(trace.fill == "tonexty" for trace in traces) == 1
        assert any(trace.name == f"Ticket {key}, lowest test loss" for trace in traces)
    assert figure.layout.yaxis.range == figure.layout.yaxis2.range
    *names, title = (note.text.split("> ")[-1] for note in figure.layout.annotations)
    assert (names, title) == (["Ticket a", "Ticket b"], "Test accuracy<br>(log scale of the error)")


@pytest.mark.parametrize(("count", "letters", "rows"), [(1, 5, 1), (6, 16, 1), (7, 16, 2), (6, 22, 2), (7, 40, 4)])
def test_panels_fill_rows(count: int, letters: int, rows: int) -> None:
    keys = [f"k{place}" for place in range(count)]
    table = pd.concat([bands(points(), "loss").query("key == 'a'").assign(key=key) for key in keys])
    styles = {key: Style("n" * letters, "#336699", "circle") for key in keys}
    figure = curve_panels.panels(table, pd.DataFrame(columns=[*dynamics.STOPS, "key"]), styles, "loss", LIGHT)
    assert figure.layout.height == curve_panels.PANEL * rows + curve_panels.MARGINS


def test_panels_of_nothing() -> None:
    empty = bands(points(), "loss").iloc[:0]
    assert not curve_panels.panels(empty, pd.DataFrame(columns=[*dynamics.STOPS, "key"]), {}, "loss", LIGHT).data
