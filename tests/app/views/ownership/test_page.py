"""The page Ownership: on the shipped study, on one seed, without results, and where the owner's text is not known."""

import shutil
from pathlib import Path

import pytest

from analysis.comparisons import ownership
from app.shell import folds
from app.shell.pages import PAGES
from app.views.ownership import words
from pruning.ownership import texts
from pruning.study.commands import typed
from pruning.study.folder import Study
from tests import ROOT
from tests.app.shell.test_columns import every_column_has_a_meaning
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

SHIPPED = ROOT / "sample_checkpoints" / "digits-ownership"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The study, to be changed."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "copy", ignore=shutil.ignore_patterns("cache")))


def test_the_shipped_study_says_whose_its_tickets_are(monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("ownership", SHIPPED, monkeypatch)
    assert not test.error
    assert charts(test) == 5
    said = text(test)
    assert "Signed 90 % carries the owner's code** in all 3 seeds" in said
    assert "None of 39 unsigned tickets does" in said
    assert "Permuting channels costs a thief nothing and hides the mark" in said
    assert "A QR reader does not read it" in said  # pruned by a fifth, as it opens
    assert "The date decides**: of 3,000 other texts that a forger may try" in said
    assert "whatever texts were tried" in said
    assert "A forger's own key has at most" in said
    assert "After pruning by magnitude and training again it holds up to" in said


def test_the_mark_is_read_as_it_was_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("ownership", SHIPPED, monkeypatch, attack="none-0")
    assert "0 of 175 modules are wrong (0.0 %)" in text(test)
    assert "A QR reader reads “OWNER 1”" in text(test)


def test_every_column_has_a_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    every_column_has_a_meaning("ownership", SHIPPED, monkeypatch)


def test_fine_tuning_is_so_many_epochs_and_no_share_of_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folds, "whole", lambda: True)
    test = draw("ownership", SHIPPED, monkeypatch)
    table = next(each.value for each in test.dataframe if "undated_claimed" in each.value)
    rows = dict(zip(table["attack"], table["strength"], strict=True))
    assert rows["fine-tuned"] == "2 epochs"
    assert rows["as it was signed"] == ""
    assert words.how_strong(ownership.TUNED, 1.0) == "1 epoch"
    assert words.how_strong(ownership.MAGNITUDE, 0.05) == "5 %"


def test_one_seed_has_no_intervals(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for entry in Study.open(copy).entries():
        if entry.recipe.seed:
            entry.path.unlink()
    test = draw("ownership", copy, monkeypatch)
    assert not test.error
    assert charts(test) == 5
    assert "in its one seed" in text(test)
    assert "One seed, so no intervals." in text(test)


def test_without_the_owners_text_the_numbers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "PUBLISHED", ())
    test = draw("ownership", SHIPPED, monkeypatch)
    assert not test.error
    assert charts(test) == 4
    assert "owner's text is not on this machine" in text(test)


def test_signed_tickets_without_results_say_how_to_measure_them(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(copy / "results")
    test = draw("ownership", copy, monkeypatch)
    assert not test.error
    assert typed("analysis", "run") in text(test)
    assert charts(test) == 1  # keys need no measuring


def test_it_is_shown_where_a_ticket_is_signed(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("ownership", tiny_study, monkeypatch)
    assert "No ticket of this study is signed." in text(test)
    assert PAGES["ownership"].shown is not None
