"""The line of what is selected: on every page, with what the page does not use, and what clears it."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.shell.codec import encode_samples
from app.shell.layout import plain
from app.shell.pages import PAGES
from tests.app.views.test_pages import _fresh, run_script  # noqa: F401

LINK = {"tickets": "dense~imp-90", "corruption": "brightness", "samples": encode_samples(np.array([1, 5, 8]))}


def line(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **link: str) -> AppTest:
    """The line alone, as it stands beside a page."""

    def script(page: str) -> None:
        from app.selected import line as selected
        from app.shell import navigation
        from app.shell.pages import PAGES
        from app.shell.url import synchronise

        synchronise()
        selection = navigation.select()
        assert selection is not None
        selected.show(PAGES[page], selection)

    return run_script(script, folder, monkeypatch, link, page=page)


def told(test: AppTest) -> dict[str, str]:
    keys = {button.key: button.label for button in test.button if str(button.key).startswith("clear-")}
    return {str(key): label for key, label in keys.items()}


def test_nothing_is_said_where_nothing_is_selected(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not told(line("overview", tiny_study, monkeypatch))


def test_it_says_what_is_selected_and_what_the_page_does_not_use(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(line("geometry", tiny_study, monkeypatch, **LINK)) == {
        "clear-tickets": "**2 tickets**", "clear-images": "**3 images**", "clear-condition": "**Brightness 3**",
    }  # fmt: skip
    masks = told(line("masks", tiny_study, monkeypatch, **LINK))
    assert masks["clear-tickets"] == "**2 tickets**"
    assert masks["clear-images"] == ":gray[3 images, not used here (this page is of weights)]"
    assert "not used here" in masks["clear-condition"]


def test_how_the_images_came_about_is_said_as_text(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = "class [x](http://y) and wrong for imp-90 under fog 5"
    said = told(line("geometry", tiny_study, monkeypatch, **LINK, **{"samples-of": words}))["clear-images"]
    assert said == f"**3 images: {plain(words[:39])}…**"
    assert r"\[x\]" in said
    assert told(line("geometry", tiny_study, monkeypatch, **{"samples-of": words})) == {}


@pytest.mark.parametrize("part", ["tickets", "images", "condition"])
def test_each_part_is_cleared_alone(part: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = line("geometry", tiny_study, monkeypatch, **LINK)
    test.button(key=f"clear-{part}").click().run()
    assert not test.exception
    assert set(told(test)) == {"clear-tickets", "clear-images", "clear-condition"} - {f"clear-{part}"}
    gone = {"tickets": "tickets", "images": "samples", "condition": "corruption"}[part]
    assert set(test.query_params) & set(LINK) == set(LINK) - {gone}


def test_pages_say_what_they_use() -> None:
    every = {"tickets", "images", "condition"}
    assert all(page.uses <= every for page in PAGES.values())
    assert [page.name for page in PAGES.values() if page.uses < every and not page.unused] == []
