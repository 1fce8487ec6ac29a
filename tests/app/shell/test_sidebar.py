"""The sidebar when studies come and go."""

import shutil
from pathlib import Path

import pytest

from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401


def test_a_study_that_goes_while_it_is_shown_is_not_replaced_in_silence(
    tiny_study: Path, study_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "studies"
    folder.mkdir()
    shutil.copytree(tiny_study, folder / "z-other")
    mine = study_copy.rename(folder / "a-mine")
    test = draw("masks", folder, monkeypatch)
    assert test.selectbox(key="pick study").value == "a-mine"
    mine.rename(tmp_path / "away")
    test.run()
    assert not test.exception
    assert "This study is gone." in text(test)
    assert str(mine.resolve()) in text(test).replace("\\", "")
    assert charts(test) == 0
    test.selectbox(key="pick study").set_value("z-other").run()
    assert "This study is gone." not in text(test)
    assert charts(test) > 0


def test_a_study_that_comes_back_is_shown_again(
    study_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = draw("masks", study_copy, monkeypatch)
    away = study_copy.rename(tmp_path / "away")
    assert "This study is gone." in text(test.run())
    away.rename(study_copy)
    assert "This study is gone." not in text(test.run())
    assert charts(test) > 0
