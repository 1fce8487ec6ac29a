"""Pages are found by themselves, those of plugins too, and offered where they say something."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.load import StudyView
from app.shell import navigation
from app.shell.pages import PAGES, in_order
from app.shell.selection import Selection, resolve
from pruning import registry
from tests.app.views.test_pages import MAIN, _fresh, draw, text  # noqa: F401

PLUGIN = '''
"""A page from outside."""

import streamlit as st

from app.shell.pages import Page


def show(selection):
    st.markdown(f"Hello, {selection.study.title}!")


PAGE = Page("hello", "Hello", ":material/waving_hand:", 15, show, shown=lambda study: study.config.data == "mnist5k")
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    file = tmp_path / "hello_page.py"
    file.write_text(PLUGIN)
    monkeypatch.setenv(registry.PLUGINS, str(file))
    yield file
    PAGES.unregister("hello")


def test_a_folder_of_views_is_a_page() -> None:
    folders = {file.parent.name for file in Path(navigation.__file__).parents[1].glob("views/*/page.py")}
    assert folders == {page.name for page in in_order()} == set(PAGES)
    assert in_order()[0].name == "overview"


def test_a_plugin_brings_a_page(plugin: Path, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [page.name for page in in_order()][:3] == ["overview", "hello", "masks"]
    assert "Hello, A tiny study!" in text(draw("hello", tiny_study, monkeypatch))


def test_a_page_that_says_nothing_about_the_study_is_hidden(plugin: Path, view: StudyView) -> None:
    def visibility(selection: Selection | None) -> list[str]:
        return [entry.visibility for entry in navigation.entries(selection) if entry.title == "Hello"]

    assert visibility(None) == ["visible"]
    assert visibility(resolve(view, {}, "light")) == ["hidden"]


def test_a_plugin_that_cannot_be_run_is_one_sentence(
    plugin: Path, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin.write_text("1 / 0")
    monkeypatch.setenv("PRUNING_STUDIES", str(tiny_study))
    test = AppTest.from_file(str(MAIN), default_timeout=60).run()
    assert not test.exception
    assert "The plugin" in text(test)
