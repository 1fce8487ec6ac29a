"""Lost images on the page Robustness: what the charts and the sentence say is what was counted."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.comparisons import logit_drift
from analysis.comparisons.lost_images import CAUSES, causes
from analysis.comparisons.lost_to_baseline import mean_splits
from analysis.comparisons.turned_or_shrank import WAYS
from analysis.results.store import Results
from app.shell import theme
from app.shell.theme import Style
from app.views.robustness import logit_rescues
from app.views.robustness.charts import lost as charts
from app.views.robustness.charts.lead import PART_NAMES, WAY_NAMES, bias_map, lost_and_gained, parts, ways
from app.views.robustness.lost import answer
from app.views.robustness.lost_by_direction import answer as direction_or_length
from app.views.robustness.lost_causes import of_causes
from app.views.robustness.lost_to_baseline import answer as to_baseline
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401
from tests.app.views.test_pages import charts as charts_of

LIGHT = theme.get("light")
STYLES = {key: Style(f"Ticket {key}", "#336699", "circle") for key in "ab"}


@pytest.fixture(scope="module")
def table(tiny_study: Path) -> pd.DataFrame:
    study = Study.open(tiny_study)
    ids: dict[str, list[str]] = {"a": [], "b": []}
    for entry in study.entries():
        if entry.recipe.label in ("Dense", "Random 90 %"):
            ids["a" if entry.recipe.label == "Dense" else "b"].append(entry.id)
    return causes(Results(study.path).table("lost"), ids)


@pytest.fixture
def strongest(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["corruption"] == "gaussian_noise") & (table["severity"] == 3)]


def test_bars_add_up_to_the_images_lost(strongest: pd.DataFrame) -> None:
    figure = charts.by_cause(strongest, STYLES, LIGHT)
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [trace.name for trace in bars] == [charts.NAMES[cause] for cause in CAUSES]
    lost = strongest.set_index("key").loc[list(STYLES), "lost"]
    np.testing.assert_allclose(np.sum([trace.x for trace in bars], axis=0), 100 * lost)
    assert [tuple(each) for each in bars[2].customdata] == [("a", "class"), ("b", "class")]


def map_row(key: str, corruption: str, cause: str, shown: bool) -> dict[str, object]:
    numbers = {"lost": 0.2, "share": 0.62} if cause else {"lost": 0.0, "share": np.nan}
    ends = {f"{name}{end}": value for name, value in numbers.items() for end in ("_low", "_high")}
    return {"key": key, "corruption": corruption, "severity": 3, "cause": cause, "shown": shown, **numbers, **ends}


def test_the_map_fills_what_is_shown_and_outlines_what_is_not() -> None:
    rows = pd.DataFrame(
        [map_row("a", "fog", "scatter", True), map_row("a", "brightness", "drift", False),
         map_row("b", "fog", "", False), map_row("b", "brightness", "class", False)]
    )  # fmt: skip
    names = ["fog", "brightness", "frost"]  # frost is not worked out
    figure = charts.cause_map(rows, STYLES, names, "brightness", LIGHT)
    cells = figure.data[0]
    assert cells.z[0][0] == CAUSES.index("scatter")
    assert np.isnan(cells.z).sum() == 5
    points = [trace for trace in figure.data if trace.type == "scatter" and trace.customdata is not None]
    clicked = {tuple(each): text for trace in points for each, text in zip(trace.customdata, trace.text, strict=True)}
    assert set(clicked) == {("a", "fog"), ("a", "brightness"), ("b", "brightness")}
    assert clicked["a", "fog"].startswith("62<br>")
    outlines = [shape for shape in figure.layout.shapes if shape.layer == "below"]
    assert [(shape.x0, round(shape.y0, 2), shape.line.color) for shape in outlines] == [
        (0.56, -0.42, charts.colours(LIGHT)["drift"]), (0.56, 0.58, charts.colours(LIGHT)["class"]),
    ]  # fmt: skip
    assert [*figure.layout.xaxis.categoryarray] == names  # what the outlines are placed by
    assert [*figure.layout.yaxis.categoryarray] == list(STYLES)


def test_the_map_to_the_baseline_keeps_each_corruption_and_goes_on(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logit_rescues._kept.clear()
    asked, left, rescue = [], [3], logit_drift.rescue

    def watched(ticket: str, *rest: Any) -> dict[str, object]:
        if not left[0]:
            st.stop()  # as a click elsewhere does
        left[0] -= 1
        asked.append((ticket, rest[-1]))
        return rescue(ticket, *rest)

    monkeypatch.setattr(logit_rescues, "rescue", watched)
    left[0] = 1_000
    test = draw("robustness", tiny_study, monkeypatch, section="lost", **{"lost-against": "baseline"})
    left[0] = 3
    _press(test, "lost-map-begin")
    assert not test.exception
    left[0] = 1_000
    _press(test, "lost-map-stop")
    _press(test, "lost-map-begin")
    assert len(asked) == len(set(asked)) > 4
    assert not any(each.key == "lost-map-begin" for each in test.button)
    assert "cells asked together" in " ".join(each.value for each in test.caption)
    before = len(asked)
    test.run()
    assert len(asked) == before


def _press(test: AppTest, key: str) -> None:
    next(each for each in test.button if each.key == key).click().run()


def test_the_sentence_names_the_worst_and_the_range(strongest: pd.DataFrame) -> None:
    said = answer(strongest, STYLES, "Gaussian noise 3")
    worst = strongest.loc[strongest["lost"].idxmax()]
    assert f"Ticket {worst['key']} loses most, {100 * worst['lost']:.1f} %" in said
    assert answer(strongest.assign(lost=0.0), STYLES, "Fog 1") == "No ticket loses an image under Fog 1."


def test_the_main_cause_is_named_where_it_is_shown_and_both_ways_are_counted() -> None:
    rows = pd.DataFrame({"key": ["a", "b"], "lost": [0.2, 0.1], "main": ["class", ""]})
    for name, values in (("common", [0.25, 0.5]), ("net_scale", [-0.012, 0.03])):
        rows = rows.assign(**{name: values, f"{name}_low": np.subtract(values, 0.01), f"{name}_high": values})
    said = of_causes(rows, STYLES, {"class": "labels help"})
    assert "For 1 of 2 tickets the largest part is **class drift**: labels help. For 1 no part is shown" in said
    assert "25 % of the losses of Ticket a (24 to 25) up to 50 % of those of Ticket b (49 to 50)" in said
    assert "by −1.2 (−2.2 to −1.2) for Ticket a up to +3.0 (+2.0 to +3.0) for Ticket b." in said
    assert "not shown beyond chance" in of_causes(rows.assign(main=""), STYLES, {})
    assert "For it the largest part is" in of_causes(rows.head(1), STYLES, {"class": "labels help"})


def test_the_section_is_drawn(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("robustness", tiny_study, monkeypatch, section="lost")
    assert "loses most" in text(test)
    assert not test.error


def test_each_cell_of_the_flows_can_be_clicked_once() -> None:
    flows = {
        "a": pd.DataFrame({"label": [0, 1], "winner": [2, 0], "images": [3, 1], "of_lost": [0.75, 0.25]}),
        "b": pd.DataFrame({"label": [], "winner": [], "images": [], "of_lost": []}).astype(int),
    }
    figure = charts.towards(flows, STYLES, ("x", "y", "z"), LIGHT)
    points = [trace for trace in figure.data if trace.type == "scatter"]
    assert [tuple(each) for each in points[0].customdata] == [("a", "0", "2"), ("a", "1", "0")]
    assert (list(points[0].x), list(points[0].y)) == (["z", "x"], ["x", "y"])
    assert len(points[1].x) == 0
    assert figure.layout.xaxis.tickangle == 0
    long = charts.towards(flows, STYLES, ("airplane", "automobile", "bird"), LIGHT)
    assert (long.layout.xaxis.tickangle, long.layout.height > figure.layout.height) == (-90, True)


def by_way_rows(turned: tuple[float, float, float], shrank: tuple[float, float, float], key: str) -> dict[str, object]:
    row: dict[str, object] = {"key": key, "either": 0.0, "either_low": 0.0, "either_high": 0.0}
    row |= {"both": 0.0, "both_low": 0.0, "both_high": 0.0}
    for name, values in (("turned", turned), ("shrank", shrank)):
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
    return row


def test_the_sentence_says_who_turns_and_who_shrinks_as_far_as_intervals_show() -> None:
    turned, shrank, open_ = (0.9, 0.8, 0.95), (0.1, 0.05, 0.2), (0.55, 0.4, 0.7)
    both = pd.DataFrame([by_way_rows(turned, shrank, "a"), by_way_rows(shrank, turned, "b")])
    said = direction_or_length(both, STYLES)
    assert "For Ticket a the **direction** alone loses most of these images (90 %)" in said
    assert "for Ticket b the **length** alone loses most" in said
    assert "at most 90 % would be right again, in Ticket b" in said
    same = pd.DataFrame([by_way_rows(turned, shrank, key) for key in "ab"])
    assert "For both tickets the **direction** alone" in direction_or_length(same, STYLES)
    unclear = pd.DataFrame([by_way_rows(open_, (0.45, 0.3, 0.6), "a")])
    assert "For Ticket a neither alone is shown to lose most" in direction_or_length(unclear, STYLES)
    no_length = pd.DataFrame([by_way_rows((1.0, 0.9, 1.0), (0.0, 0.0, 0.1), key) for key in "ab"])
    assert "At their clean length none would be right again." in direction_or_length(no_length, STYLES)
    figure = ways(both, STYLES, LIGHT)
    assert [trace.name for trace in figure.data] == [WAY_NAMES[way] for way in WAYS]
    assert list(figure.data[0].x) == pytest.approx([90, 10])


def splits_of(cosines: float, n: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(n)
    made = pd.DataFrame({part: 0.1 * rng.normal(size=n) for part in PART_NAMES})
    made["cosines"] += cosines
    return made.assign(change=made[list(PART_NAMES)].sum(axis=1))


def test_what_is_lost_to_the_baseline_is_said_and_drawn() -> None:
    rows = pd.DataFrame({"key": ["a", "b"], "seeds": 1})
    for name, values in (("lost", [0.2, 0.1]), ("gained", [0.05, 0.0])):
        rows = rows.assign(**{name: values, f"{name}_low": 0.0, f"{name}_high": 0.3})
    means = mean_splits({"a": splits_of(-3), "b": splits_of(-2)})
    said = to_baseline(rows, means, STYLES, "Dense", "Fog 3")
    assert "Under **Fog 3** Ticket a loses most to **Dense**, 20.0 %" in said
    assert "due to the **cosines to the class directions** in both tickets" in said
    assert "in Ticket a: the features" in to_baseline(
        rows[:1], mean_splits({"a": splits_of(-3)}), STYLES, "Dense", "Fog 3"
    )
    assert "most is due" not in to_baseline(rows, mean_splits({"a": splits_of(0)}), STYLES, "Dense", "Fog 3")
    assert "No ticket loses" in to_baseline(rows.assign(lost=0.0), means, STYLES, "Dense", "clean images")
    figure = lost_and_gained(rows, STYLES, 0.01, LIGHT)
    assert [list(trace.x) for trace in figure.data] == [[-5, 0], [20, 10]]
    assert sorted(shape.x0 for shape in figure.layout.shapes) == [-1, 1]
    assert not lost_and_gained(rows, STYLES, np.nan, LIGHT).layout.shapes
    *bars, total = parts(means, STYLES, LIGHT).data
    np.testing.assert_allclose(np.sum([bar.x for bar in bars], axis=0), total.x)
    assert [tuple(each) for each in bars[0].customdata] == [("a", "cosines"), ("b", "cosines")]


def test_biases_by_class_and_their_range() -> None:
    rows = pd.DataFrame({"key": list("aabb"), "label": [0, 1] * 2, "bias": [-0.5, 0.5, 1.0, -1.0]})
    figure = bias_map(rows, STYLES, ("x", "y"), LIGHT)
    np.testing.assert_array_equal(figure.data[0].z, [[-0.5, 0.5], [1.0, -1.0]])
    assert [each.text for each in figure.layout.annotations] == ["1.00", "2.00"]


def test_the_section_against_the_baseline(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("robustness", tiny_study, monkeypatch, section="lost", **{"lost-against": "baseline"})
    assert "On **clean images**" in text(test)
    assert "Would a shift mend it?" in text(test)
    assert charts_of(test) == 4
    assert not test.error
    test.selectbox(key="pick lost-corruption").set_value("gaussian_noise").run()
    assert "Under **Gaussian noise 3**" in text(test)
    assert test.query_params["corruption"] in ("gaussian_noise", ["gaussian_noise"])
    alone = draw("robustness", tiny_study, monkeypatch, section="lost", tickets="dense", **{"lost-against": "baseline"})
    assert "Only the baseline is chosen." in text(alone)


def test_the_corruption_is_one_choice_with_other_pages(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("robustness", tiny_study, monkeypatch, section="lost", corruption="brightness", severity="1")
    assert "Under **Brightness 1**" in text(test) or "under Brightness 1" in text(test)
    assert test.selectbox(key="pick lost-corruption").value == "brightness"
