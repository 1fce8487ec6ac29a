"""The page Grokking: every section on a small study, on one seed, and where it has nothing to say."""

import shutil
from pathlib import Path

import pytest

from app.shell.sections import of_page
from pruning.study.folder import Study
from tests.app.shell.test_columns import every_column_has_a_meaning
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

CHARTS = {"curves": 1, "who": 1, "spectrum": 3, "neurons": 1, "masks": 3}
SECTIONS = list(of_page("grokking"))


@pytest.fixture(scope="module")
def one_seed(adding: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study with the tickets of seed 0 alone."""
    folder = Path(shutil.copytree(adding, tmp_path_factory.mktemp("one") / "one"))
    for entry in Study.open(folder).entries():
        if entry.recipe.seed:
            entry.path.unlink()
    return folder


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_drawn(section: str, adding: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("grokking", adding, monkeypatch, grokking=section)
    assert not test.error, text(test)
    assert charts(test) == CHARTS[section]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_drawn_for_one_seed(section: str, one_seed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("grokking", one_seed, monkeypatch, grokking=section)
    assert not test.error, text(test)
    assert charts(test) == CHARTS[section]
    if section in ("curves", "who"):
        assert "One seed" in text(test)


@pytest.mark.parametrize("section", SECTIONS)
def test_one_ticket_or_none_chosen(section: str, one_seed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tickets in ("dense", "none"):
        test = draw("grokking", one_seed, monkeypatch, grokking=section, tickets=tickets)
        assert not test.error, text(test)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_column_has_a_meaning(section: str, adding: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every_column_has_a_meaning(f"grokking?grokking={section}", adding, monkeypatch)


@pytest.mark.parametrize("section", ["spectrum", "neurons", "masks"])
def test_a_network_that_notes_nothing_of_its_neurons(
    section: str, adding: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(adding, tmp_path / "bare"))
    study = Study.open(folder)
    for entry in study.entries():
        ticket = study.load(entry.id)
        ticket.info.record = {
            name: values for name, values in ticket.info.record.items() if name.startswith("milestones")
        }
        ticket.save(entry.path)
    test = draw("grokking", folder, monkeypatch, grokking=section)
    assert not test.error, text(test)
    assert charts(test) == 0
    assert "notes" in text(test) or "noted" in text(test)


def test_a_step_of_the_slider_is_the_one_shown(adding: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("grokking", adding, monkeypatch, **{"grokking": "neurons", "neurons-at": "0"})
    assert "at the start" in text(test)
    test.select_slider(key="pick neurons-at").set_value("60").run()
    assert not test.exception
    assert "at step 60" in text(test)


def test_another_study_has_nothing_to_grok(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("grokking", tiny_study, monkeypatch)
    assert "learn a rule from examples" in test.info[0].value
    assert charts(test) == 0
