"""The sidebar when studies come and go."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st

from pruning.criteria import CRITERIA
from pruning.study.commands import finding
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


def test_stale_tickets_are_said_with_the_command_that_mends_them(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "mended since" not in text(draw("masks", tiny_study, monkeypatch))
    st.cache_resource.clear()
    monkeypatch.setitem(CRITERIA._shipped(), "random", replace(CRITERIA["random"], revision=2))
    shown = text(draw("masks", tiny_study, monkeypatch))
    assert "tickets are stale" in shown
    assert finding(tiny_study, "--stale") in shown


def test_results_are_checked_when_asked(study_copy: Path, tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", tiny_study, monkeypatch)
    test.button(key="check-results").click().run()
    assert "Nothing is amiss with the results." in text(test)
    shutil.copytree(tiny_study / "results", study_copy / "results")
    damaged = sorted((study_copy / "results" / "summary").iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:-8])
    test = draw("masks", study_copy, monkeypatch)
    test.button(key="check-results").click().run()
    assert damaged.name in text(test)
    assert "makes it anew" in text(test)


def test_a_link_to_a_study_that_is_not_here_shows_no_other(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("masks", tiny_study, monkeypatch, study="![gone](http://evil.example)")
    assert "This study is gone." in text(test)
    assert "gone" in text(test)
    assert "](http" not in text(test)
    assert charts(test) == 0
    test.selectbox(key="pick study").set_value(tiny_study.name).run()
    assert charts(test) > 0
