"""Layers on the page Geometry: full marks are claims, and the sentences say what the tables say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.layer_means import reach, readings, shapes
from analysis.comparisons.layers_apart import from_clean, from_dense
from app.shell import theme
from app.shell.theme import Style
from app.views.geometry.charts import layers as charts
from app.views.geometry.layer_words import answer, named_with
from tests.analysis.nulls.layers import LAYERS, Networks
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401
from tests.app.views.test_pages import charts as count_charts

LIGHT = theme.get("light")
DRAWN = Networks.draw(np.random.default_rng(0), seeds=3, tickets=3, apart=(0.0, 2.0, 2.0, 2.0))
STYLES = {key: Style(key.capitalize(), f"#33669{n}", "circle") for n, key in enumerate(DRAWN.seeds)}
CORRUPTED = DRAWN.corrupted.assign(corruption="fog", severity=3, refitted=0.8)


def test_full_marks_are_claims_and_the_first_is_ringed() -> None:
    table = from_dense(DRAWN.alignment, DRAWN.seeds)
    band, *lines = charts.alike(table, STYLES, LIGHT, "CKA").data
    assert band.name == charts.NOISE
    assert len(band.x) == 2 * len(LAYERS)
    named = {line.name: line for line in lines if line.name}
    assert list(named) == ["Ticket 1", "Ticket 2"]
    for key in ("ticket 1", "ticket 2"):
        own, line = table[table["key"] == key], named[STYLES[key].label]
        assert list(line.x) == list(LAYERS)
        assert [colour != LIGHT.surface for colour in line.marker.color] == own["beyond"].tolist()
        assert own["beyond"].any()
    rings = [line for line in lines if not line.name]
    assert [ring.x[0] for ring in rings] == [
        own.loc[own["beyond"], "layer"].iloc[0] for _, own in table.groupby("key", sort=False)
    ]


def test_the_sentences_say_what_is_claimed() -> None:
    apart = from_dense(DRAWN.alignment, DRAWN.seeds)
    broken = from_clean(DRAWN.alignment, CORRUPTED, DRAWN.seeds)
    said = answer(apart, broken, apart[:0], STYLES, "fog 3", several=True)
    first = apart.loc[apart["beyond"], "layer"].iloc[0]
    assert f"at **{first}**" in said
    assert "beyond the noise of seeds" in said
    nothing = answer(apart.assign(beyond=False), broken.assign(beyond=False), apart[:0], STYLES, "fog 3", several=True)
    assert "no ticket is shown to part" in nothing
    assert "Under fog 3 no layer is shown to change" in nothing
    only = broken.assign(beyond=(broken["key"] == "ticket 2") & (broken["position"] < 2))
    assert "first shown at **conv1** in Ticket 2, deepest in Ticket 2, where it reaches **conv2**" in answer(
        apart, only, apart.assign(beyond=False), STYLES, "fog 3", several=True
    )
    assert "one seed" in answer(apart, broken, apart, STYLES, "fog 3", several=False)


def test_how_deep_a_corruption_reaches() -> None:
    far = CORRUPTED.assign(cka=np.where(CORRUPTED["position"] == 2, 0.0, 1.0))
    table = reach(DRAWN.alignment, pd.concat([far, far.assign(corruption="snow", cka=1.0)]), DRAWN.seeds)
    assert (
        table.loc[table["corruption"] == "fog", ["layer", "depth", "first"]].to_numpy().tolist()
        == [["fc1", 3, "fc1"]] * 3
    )
    assert table.loc[table["corruption"] == "snow", "depth"].tolist() == [0] * 3
    (heat,) = charts.reach(table, STYLES, ["fog", "snow"], list(LAYERS), "fog", LIGHT).data
    assert np.asarray(heat.z).tolist() == [[3, 0]] * 3
    assert [["fc1" in cell for cell in row] for row in heat.text] == [[True, False]] * 3


def test_readings_are_means_with_intervals() -> None:
    table = readings(DRAWN.clean, CORRUPTED, DRAWN.seeds)
    ids = DRAWN.seeds["ticket 1"]
    own = CORRUPTED[CORRUPTED["ticket_id"].isin(ids) & (CORRUPTED["layer"] == "fc1")]
    row = table[(table["key"] == "ticket 1") & (table["layer"] == "fc1")].iloc[0]
    assert row["read"] == pytest.approx(own["ridge"].mean())
    assert row["read_low"] < row["read"] < row["read_high"]
    single = readings(DRAWN.clean, CORRUPTED, {"one": ids[:1]})
    assert (single["read_low"] < single["read"]).all()  # over images
    figure = charts.read(table, STYLES, LIGHT)
    assert sum(trace.x is not None and len(trace.x) == len(LAYERS) for trace in figure.data) == 3 * 3
    assert named_with(table, STYLES)["ticket"].unique().tolist() == [style.label for style in STYLES.values()]


def test_the_section_is_drawn(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("geometry", tiny_study, monkeypatch, geometry="layers", corruption="gaussian_noise")
    assert not test.error
    assert count_charts(test) == 5
    assert "Gaussian noise 3" in text(test)
    collapse = test.dataframe[1].value
    assert collapse["nc1"].notna().all()
    other = draw("geometry", tiny_study, monkeypatch, geometry="layers", corruption="gaussian_noise", severity="1")
    assert "severity 3 alone is kept" in text(other)
    assert "Gaussian noise 3" in text(other)
    assert "the mean of 3 corruptions" in text(draw("geometry", tiny_study, monkeypatch, geometry="layers"))


def test_one_dead_network_is_no_error() -> None:
    rows = CORRUPTED.assign(
        cka=np.nan, means=np.nan, rank=np.nan, dimension=np.nan, dead=3, units=3, zeros=1.0,
        **dict.fromkeys(("nc1", "nc2_norms", "nc2_angles", "nc3", "nc4"), np.nan),
    )  # fmt: skip
    table = shapes(rows, DRAWN.seeds)
    assert (table["dead_share"] == 1).all()
    assert table["rank"].isna().all()
    assert from_clean(DRAWN.alignment, rows, DRAWN.seeds).empty
