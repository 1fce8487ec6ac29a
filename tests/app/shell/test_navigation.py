"""Pages are found by themselves, those of plugins too, and offered where they say something."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import load
from app.choice import FIRST
from app.load import StudyView
from app.shell import navigation
from app.shell.pages import PAGES, in_order
from app.shell.parameters import resolve
from app.shell.sections import SECTIONS, of_page
from pruning import registry
from tests import ROOT
from tests.app.views.test_pages import MAIN, _fresh, draw, text  # noqa: F401

PLUGIN = '''
"""A page from outside."""

import streamlit as st

from app.shell.pages import Page


def show(selection):
    st.markdown(f"Hello, {selection.study.title}!")


PAGE = Page("hello", "Hello", ":material/waving_hand:", 15, show, shown=lambda study: study.config.data == "mnist5k")
'''

SECTION = (
    PLUGIN[: PLUGIN.index("PAGE =")].replace("pages import Page", "sections import Section")
    + """
SECTION = Section("masks", "hello", "Hello", 15, show)
"""
)


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
    assert navigation.offered(PAGES["hello"], None)
    assert not navigation.offered(PAGES["hello"], resolve(view, {}, "light"))
    assert navigation.offered(PAGES["studies"], resolve(view, {}, "light"))


def test_the_readme_says_which_pages_its_first_study_lacks() -> None:
    row = next(line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if line.startswith(f"| `{FIRST}`"))
    named = re.findall(r"[A-Z]\w+", re.findall(r"every page has something of it but (.*), which have", row)[0])
    study = load.open_study(FIRST, ROOT / "sample_checkpoints" / FIRST)
    selection = resolve(study, {}, "light")
    about = [page for page in in_order() if page.name != "jobs"]  # which is of the machine
    assert sorted(named) == sorted(page.title for page in about if not navigation.offered(page, selection))


def test_a_plugin_brings_a_section_of_a_page(plugin: Path, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin.write_text(SECTION)
    assert [*of_page("masks")] == ["pairs", "hello", "many", "training", "sensitivity", "what-if"]
    assert "Hello, A tiny study!" in text(draw("masks", tiny_study, monkeypatch, masks="hello"))
    SECTIONS.unregister("masks/hello")


def test_a_plugin_that_cannot_be_run_is_one_sentence(
    plugin: Path, tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin.write_text("1 / 0")
    monkeypatch.setenv("PRUNING_STUDIES", str(tiny_study))
    test = AppTest.from_file(str(MAIN), default_timeout=60).run()
    assert not test.exception
    assert "The plugin" in text(test)


@pytest.mark.parametrize("folder", sorted((ROOT / "sample_checkpoints").glob("*/study.toml")), ids=str)
def test_the_bar_has_at_most_eight_entries_and_every_page_a_place(folder: Path) -> None:
    study = load.open_study(folder.parent.name, folder.parent)
    if study.tickets.empty:
        return
    selection = resolve(study, {}, "light")
    found = navigation.entries(selection)
    bar = navigation.arranged(found)
    shown = [page for page in bar.pop("") if page.visibility == "visible"]
    assert 3 <= len(shown) + len(bar) <= 8
    below = [page for pages in bar.values() for page in pages]
    assert [*shown, *below] == [page for page in found if page.visibility == "visible"]
    assert len([*shown, *below]) == sum(navigation.offered(page, selection) for page in in_order())


class _Asked:
    """What Streamlit knows of a run: the page that the address names."""

    def __init__(self, name: str) -> None:
        self.pages_manager = self
        self.intended_page_name = name


@pytest.mark.parametrize(("name", "unknown"), [("nosuch", True), ("masks", False), ("overview", False), ("", False)])
def test_a_page_that_does_not_exist_is_said_to_be_none(
    name: str, unknown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(navigation, "get_script_run_ctx", lambda **_: _Asked(name))
    found = navigation.unknown(in_order())
    assert (found is not None) == unknown
    assert found is None or (found.name, found.title) == (name, "No such page")


def test_a_page_that_is_about_other_studies_leads_to_them(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grokking = ROOT / "sample_checkpoints" / "modular-grokking"
    test = draw("grokking", Path(f"{tiny_study}:{grokking}"), monkeypatch, study=tiny_study.name)
    assert "This page is about networks that learn a rule" in test.info[0].value
    test.button(key="with-modular-grokking").click().run()
    assert not test.exception
    assert not test.info
    assert test.query_params["study"] in ("modular-grokking", ["modular-grokking"])
