"""The page Transfer: every section on the sample study, on one seed, and where it has nothing to say."""

import shutil
from pathlib import Path

import pytest

from app.shell.sections import of_page
from app.views.transfer import facts
from pruning.study.folder import Study
from tests import ROOT
from tests.app.shell.test_columns import every_column_has_a_meaning
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

STUDY = ROOT / "sample_checkpoints" / "mnist5k-transfer"
CHARTS = {"curves": 2, "mapping": 2, "calibration": 1}
SECTIONS = list(of_page("transfer"))


@pytest.fixture(scope="module")
def one_seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study with the tickets of seed 0 alone."""
    folder = Path(shutil.copytree(STUDY, tmp_path_factory.mktemp("one") / "one"))
    for entry in Study.open(folder).entries():
        if entry.recipe.seed:
            entry.path.unlink()
    return folder


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_gives_columns_with_meanings(section: str, monkeypatch: pytest.MonkeyPatch) -> None:
    every_column_has_a_meaning(f"transfer?transfer={section}", STUDY, monkeypatch)


@pytest.mark.parametrize("section", SECTIONS)
def test_one_seed_and_few_images(section: str, one_seed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("transfer", one_seed, monkeypatch, transfer=section, shots="1", tickets="none")
    assert not test.error, text(test)
    assert charts(test) == CHARTS[section]
    if section == "curves":
        assert "1 image a class" in text(test)
        assert "these networks" in text(test)


def test_the_answer_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    written = text(draw("transfer", STUDY, monkeypatch))
    assert "Dense is right on **96.4 %** (95.7 to 97.1) by a linear probe" in written
    assert "18 of 20 comparisons are not told apart" in written


def test_without_images_and_without_mappings(one_seed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(one_seed, tmp_path / "bare"))
    for table in ("transfer_mapping", "transfer_prompt", "transfer_reliability"):
        shutil.rmtree(folder / "results" / table)
    for section, words in (("mapping", "No ticket has its classes mapped"), ("calibration", "no reliability diagrams")):
        test = draw("transfer", folder, monkeypatch, transfer=section)
        assert not test.error, text(test)
        assert words in text(test)
    monkeypatch.setattr(facts, "available", lambda name: False)
    test = draw("transfer", one_seed, monkeypatch, transfer="mapping")
    assert not test.error, text(test)
    assert "Classes without a picture" in text(test)
    assert charts(test) == CHARTS["mapping"]


def test_a_study_without_transfer(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("transfer", tiny_study, monkeypatch)
    assert "No ticket of this study was shown another data set." in text(test)
    assert charts(test) == 0
