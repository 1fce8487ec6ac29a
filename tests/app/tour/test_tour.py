"""The tour: its steps lead where they say, can be left, and it is offered once, on the first sample alone."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import choice, load
from app.shell.pages import PAGES
from app.shell.sections import of_page
from app.tour.steps import STEPS, parameters
from tests import ROOT
from tests.app.views.test_pages import _fresh, run_script, text  # noqa: F401

PARAMETERS = {"masks": "masks", "robustness": "section", "geometry": "geometry"}


def drawn(folder: Path, monkeypatch: pytest.MonkeyPatch, **parameters: str) -> AppTest:
    """The start page with what stands beside it, of a study that passes for the first sample."""

    def script() -> None:
        from app.shell import navigation
        from app.shell.url import synchronise
        from app.tour import box

        synchronise()
        selection = navigation.select()
        assert selection is not None
        box.show("overview", selection)

    return run_script(script, folder, monkeypatch, parameters)


def buttons(test: AppTest) -> set[str]:
    return {str(button.key) for button in test.button if str(button.key).startswith("tour")}


def test_steps_lead_to_pages_sections_and_tickets_that_there_are() -> None:
    found = set(load.open_study(choice.FIRST, ROOT / "sample_checkpoints" / choice.FIRST).tickets["key"])
    for step in STEPS:
        assert step.page in {"", *PAGES}
        section = step.view.get(PARAMETERS.get(step.page, ""))
        assert section is None or section in of_page(step.page)
        assert set(step.view.get("tickets", "dense").split("~")) <= found
    seconds = sum(len(step.words.split()) for step in STEPS) / 3
    assert seconds < 120, "read at three words a second"


def test_a_step_shows_its_own_view_whatever_was_looked_at_before() -> None:
    assert parameters(3, [])["inspect"] == "110"
    known = {
        "study": "s",
        "family": "mnist_c",
        "lost-against": "dense",
        "seed": "1",
        "inspect": "110",
        "section": "pairs",
    }
    for at, step in enumerate(STEPS):
        shown = {name: value for name, value in (known | parameters(at, known)).items() if value is not None}
        assert shown == {"study": "s", **step.view, "tour": str(at + 1)}


def test_it_is_offered_once_goes_on_back_and_is_left(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert buttons(drawn(tiny_study, monkeypatch)) == set()
    monkeypatch.setattr(choice, "FIRST", tiny_study.name)
    test = drawn(tiny_study, monkeypatch)
    assert buttons(test) == {"tour-start", "tour-refuse"}
    test.button(key="tour-start").click().run()
    test.run()
    assert f"1 of {len(STEPS)}" in text(test)
    assert buttons(test) == {"tour-next", "tour-leave"}
    test.button(key="tour-next").click().run()
    test.run()
    assert f"2 of {len(STEPS)}" in text(test)
    assert test.query_params["masks"] in ("many", ["many"])
    test.button(key="tour-leave").click().run()
    assert buttons(test) == set()
    assert "tour" not in test.query_params


def test_a_step_that_there_is_not_is_none(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "FIRST", tiny_study.name)
    assert buttons(drawn(tiny_study, monkeypatch, tour="99")) == set()
