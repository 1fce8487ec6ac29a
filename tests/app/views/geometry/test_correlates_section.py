"""Correlates on the page Geometry say what the tables say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.geometry_robustness import GEOMETRY
from app.shell import theme
from app.views.geometry import correlates
from app.views.geometry.charts.correlates import forest
from app.views.geometry.correlates import answer
from tests.app.views.test_pages import _fresh, charts, draw  # noqa: F401

LIGHT = theme.get("light")


def table(rho: float, claimed: bool) -> pd.DataFrame:
    rows = pd.DataFrame({"measure": list(GEOMETRY), "rho": rho, "low": rho - 0.1, "high": rho + 0.1, "p": 0.01})
    return rows.assign(p_holm=0.02, tickets=20, methods=6, claimed=[claimed, *[False] * (len(GEOMETRY) - 1)])


def test_full_marks_are_claims() -> None:
    figure = forest({"one": table(0.4, True), "two": table(-0.2, False)}, LIGHT)
    one, two = figure.data
    assert [colour != LIGHT.surface for colour in one.marker.color] == [True, *[False] * (len(GEOMETRY) - 1)]
    assert all(colour == LIGHT.surface for colour in two.marker.color)
    np.testing.assert_allclose(one.x, 0.4)
    assert len({*one.y, *two.y}) == 2 * len(GEOMETRY)


def test_the_sentences_name_claims_and_flips() -> None:
    first = next(iter(GEOMETRY.values()))
    said = answer({"one": table(0.4, True), "two": table(-0.4, True)})
    assert f"more robust with a larger {first}" in said
    assert f"flips between studies for the {first}" in said
    assert "no measure is shown" in answer({"one": table(0.4, False)})


def test_what_shows_nothing_is_named_once_and_after_what_is_claimed() -> None:
    said = answer({"one": table(0.4, False), "two": table(0.4, True), "three": table(0.1, False)}).split("  \n")
    assert said[0].startswith("In **two** tickets")
    assert said[1] == "In **one** and **three** no measure is shown to go with robustness beyond clean accuracy."


def test_a_study_of_too_few_methods_is_named_and_not_drawn(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = table(1.0, False).assign(low=np.nan, high=np.nan, methods=2)
    monkeypatch.setattr(correlates, "_tables", lambda: {"one": table(0.4, True), "two": few})
    test = draw("geometry", tiny_study, monkeypatch, geometry="correlates")
    assert not test.error
    assert charts(test) == 1
    assert any("fewer than 5 methods, so not drawn: two." in each.value for each in test.caption)
    monkeypatch.setattr(correlates, "_tables", lambda: {"two": few})
    alone = draw("geometry", tiny_study, monkeypatch, geometry="correlates")
    assert charts(alone) == 0


def test_the_section_is_drawn(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("geometry", tiny_study, monkeypatch, geometry="correlates")
    assert charts(test) == 1
    assert not test.error
