"""A number that is clicked on the page Robustness selects as many images as it says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.comparisons.condition_cells import conditions_of
from analysis.comparisons.outcomes import MEAN
from analysis.metrics.corruption_error import COUNTED
from app.shell import layout
from app.views.robustness import calibration, churn, exemplars, pairs, redundancy
from app.views.robustness.compared_tickets import ComparedTickets
from tests.app.views.test_pages import _fresh, draw  # noqa: F401

Click = Callable[..., tuple[list[int], str]]


@pytest.fixture
def click(monkeypatch: pytest.MonkeyPatch) -> Click:
    """Calls what a click does, on a point with this `customdata`: the images that it selects, and their words."""

    def do(function: Callable[..., None], *arguments: Any, data: list[str]) -> tuple[list[int], str]:
        marked: list[tuple[list[int], str]] = []
        with monkeypatch.context() as patch:
            patch.setattr(layout, "selected_points", lambda key: [{"customdata": data}])
            patch.setattr("app.shell.selection.Selection.set_samples",
                          lambda self, samples, words="": marked.append((list(map(int, samples)), words)))  # fmt: skip
            function(*arguments)
        return marked[0] if marked else ([], "")

    return do


@pytest.fixture
def compared(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> ComparedTickets:
    """What the sections of the tiny study start from."""
    found: list[ComparedTickets] = []
    monkeypatch.setattr(pairs, "_tests", lambda compared, *rest: found.append(compared))
    monkeypatch.setattr(churn, "show", lambda *rest: None)
    draw("robustness", tiny_study, monkeypatch, section="pairs")
    return found[0]


def test_numbers_of_one_condition_are_counted(compared: ComparedTickets, click: Click) -> None:
    family, corruption, level = "cifar_c", "gaussian_noise", 3
    outcomes, predictions = compared.outcomes(family), compared.predictions(family)
    place = outcomes.conditions.index((corruption, level))
    own, base = "imp-90", str(compared.baseline)
    right = {key: outcomes.right[key][compared.seed_place(key), place] for key in (own, base)}
    given = {key: predictions.predicted[key][compared.seed_place(key), place] for key in (own, base)}

    more, words = click(pairs._mark_pair, compared, family, [place], "there", data=[own, base])
    less, _ = click(pairs._mark_pair, compared, family, [place], "there", data=[base, own])
    assert len(more) - len(less) == int(right[own].sum()) - int(right[base].sum())
    assert words == f"right for {compared.label(own)} and wrong for {compared.label(base)} there"

    view = (family, corruption, base)
    changed, words = click(churn._point, compared, view, churn.BASELINE, data=["", own, str(level)])
    assert changed == np.flatnonzero(given[own] != given[base]).tolist()
    assert words.endswith("under Gaussian noise 3")
    clean = predictions.predicted[own][compared.seed_place(own), outcomes.conditions.index(("clean", 0))]
    changed, _ = click(churn._point, compared, view, churn.OWN, data=["", own, str(level)])
    assert changed == np.flatnonzero(given[own] != clean).tolist()

    wrong, words = click(redundancy._mark_cell, compared, family, redundancy.CORRUPTIONS, data=[corruption, corruption])
    places = [outcomes.conditions.index(each) for each in conditions_of(outcomes.conditions, corruption)]
    share = np.concatenate([runs[:, places].mean(axis=1) for runs in outcomes.right.values()]).mean(axis=0)
    assert wrong == np.flatnonzero(share < 0.5).tolist()
    assert words == "wrong in most runs under Gaussian noise"


def test_a_mean_over_corruptions_says_that_its_images_are_those_of_any(compared: ComparedTickets, click: Click) -> None:
    family, own, base = "cifar_c", "imp-90", str(compared.baseline)
    predictions = compared.predictions(family)
    places = [place for place, each in enumerate(predictions.conditions) if each[1] == 3 and each[0] in COUNTED]
    given = {key: predictions.predicted[key][compared.seed_place(key)][places] for key in (own, base)}
    found, words = click(churn._point, compared, (family, MEAN, base), churn.BASELINE, data=["", own, "3"])
    assert found == np.flatnonzero((given[own] != given[base]).any(axis=0)).tolist()
    under = f"under at least one of {len(places)} corruptions, severity 3, seed {compared.selection.seed}"
    assert words.endswith(under)
    view: calibration.View = (family, MEAN, 3, "width")
    assert click(calibration._mark, compared, view, data=["", "", own, "14"])[1].endswith(f"in bin 15 of 15, {under}")


def test_bins_of_equal_width_hold_as_many_as_the_table_counts(compared: ComparedTickets, click: Click) -> None:
    view: calibration.View = ("cifar_c", "gaussian_noise", 3, "width")
    ticket = compared.seeds["imp-90"][compared.seed_place("imp-90")]
    where = "corruption = 'gaussian_noise' AND severity = 3 AND bin >= 0"
    table = compared.results.table("equal_width", ids=[ticket], where=where).set_index("bin")["n"]
    found = [click(calibration._mark, compared, view, data=["", "", "imp-90", str(place)])[0] for place in range(15)]
    assert list(map(len, found)) == table.reindex(range(15), fill_value=0).tolist()


def test_bins_and_what_is_not_there(compared: ComparedTickets, click: Click) -> None:
    view: calibration.View = ("cifar_c", "gaussian_noise", 3, "mass")
    bins = [click(calibration._mark, compared, view, data=["", "", "imp-90", str(place)])[0] for place in range(15)]
    assert sorted(np.concatenate(bins)) == list(range(len(compared.labels)))
    assert max(map(len, bins)) - min(map(len, bins)) <= 1
    assert click(calibration._mark, compared, view, data=["", "", "nobody", "0"]) == ([], "")
    assert click(pairs._mark_pair, compared, "cifar_c", [0], "", data=["imp-90", "nobody"]) == ([], "")


def test_a_button_selects_the_exemplars(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    show = exemplars._show

    def watched(compared: ComparedTickets, own: Any, whose: str) -> None:
        found.append(own)
        show(compared, own, whose)

    monkeypatch.setattr(exemplars, "_show", watched)
    test = draw("robustness", tiny_study, monkeypatch, section="classes")
    _press(test, "select-exemplars")
    assert not test.exception
    assert test.query_params["samples-of"] == "exemplars of all chosen tickets"
    assert len(found[0].images) == found[0].summary.set_index("part").loc["exemplars", "n"]


def _press(test: AppTest, key: str) -> None:
    st.cache_data.clear()
    next(each for each in test.button if each.key == key).click().run()
