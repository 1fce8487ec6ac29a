"""Which studies there are to choose from, and which one opens."""

import os
import shutil
from pathlib import Path

import pytest

from app import choice
from tests import ROOT


def test_the_app_opens_on_the_sample_that_shows_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    studies = choice.studies()
    assert choice.first_with_tickets(studies) == next(iter(studies)) == choice.FIRST
    assert {"cifar10-resnet20", "digits-lottery"} < set(studies)


def test_without_the_sample_the_first_with_tickets_opens(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    empty = tmp_path / "studies" / "a"
    empty.mkdir(parents=True)
    shutil.copy(tiny_study / "study.toml", empty)
    shutil.copytree(tiny_study, tmp_path / "studies" / "b")
    studies = choice.studies()
    assert list(studies) == ["a", "b"]
    assert choice.first_with_tickets(studies) == "b"


def test_folders_of_one_name_are_told_apart(tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for root in ("one", "two"):
        shutil.copytree(tiny_study, tmp_path / root / "same")
    monkeypatch.setenv("PRUNING_STUDIES", f"{tmp_path / 'one'}{os.pathsep}{tmp_path / 'two'}")
    first, second = choice.studies()
    assert first == "same"
    assert second.startswith("same-")
