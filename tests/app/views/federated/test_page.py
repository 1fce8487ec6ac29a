"""The page Federated: every section on a small study, on one seed, and where it has nothing to say."""

import re
import shutil
from pathlib import Path

import pytest

from app.shell.sections import of_page
from app.views.federated import words
from pruning.study.folder import Study
from tests.app.shell.test_columns import every_column_has_a_meaning
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

CHARTS = {"accuracy": 1, "clients": 2, "agreement": 1}
SECTIONS = list(of_page("federated"))


@pytest.fixture(scope="module")
def one_seed(federation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study with the tickets of seed 0 alone."""
    folder = Path(shutil.copytree(federation, tmp_path_factory.mktemp("one") / "one"))
    for entry in Study.open(folder).entries():
        if entry.recipe.seed:
            entry.path.unlink()
    return folder


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_drawn(section: str, federation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in ("0", "1"):
        test = draw("federated", federation, monkeypatch, federated=section, **{"federated-setting": setting})
        assert not test.error, text(test)
        assert charts(test) == CHARTS[section]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_drawn_for_one_seed(section: str, one_seed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("federated", one_seed, monkeypatch, federated=section, tickets="none")
    assert not test.error, text(test)
    assert charts(test) == CHARTS[section]
    if section == "accuracy":
        assert "One seed says nothing of other trainings" in text(test)
        assert "nan" not in text(test)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_column_has_a_meaning(section: str, federation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every_column_has_a_meaning(f"federated?federated={section}", federation, monkeypatch)


def test_the_answer_says_accuracy_and_bytes(federation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [entry for entry in Study.open(federation).entries() if entry.recipe.method == "FedAvg"]
    reached = [entry.info.recorded("rounds")["accuracy"][-1] for entry in entries]
    noted = [entry.info.recorded("rounds") for entry in entries]
    spent = sum(sum(own["bits_up"]) + sum(own["bits_down"]) for own in noted) / 8 / len(noted)
    written = text(draw("federated", federation, monkeypatch))
    assert re.search(rf"After 2 rounds \*\*FedAvg\*\* classifies \*\*{100 * sum(reached) / 2:.1f} %", written)
    assert f"for {spent / 1e6:.3g} MB up and down" in written


def test_what_a_budget_does_not_pay_for_is_said(federation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = text(draw("federated", federation, monkeypatch))
    assert "does not pay for a single round of FedAvg" in written
    dear = draw("federated", federation, monkeypatch, **{"federated-budget": "fedavg"})
    assert not dear.error, text(dear)


def test_another_study_has_no_clients(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("federated", tiny_study, monkeypatch)
    assert "No ticket of this study was found by clients" in text(test)
    assert charts(test) == 0


def test_sizes() -> None:
    sizes = [0.0, 1255.0, 196_100.0, 46_561_280.0]
    assert [words.size(each) for each in sizes] == ["nothing", "1.25 kB", "196 kB", "46.6 MB"]
