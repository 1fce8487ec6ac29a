"""Geometry of networks whose logits are no linear map: each section is a sentence, and none an empty chart."""

from pathlib import Path

import pytest

from analysis.engine import measure
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from tests.analysis.engine.test_without_classifier import NET, STUDY
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of networks without a classifier, found and measured."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY)
    study = Study.open(folder)
    run(study, RunOptions(jobs=1))
    measure.run(study, only=["samples", "summary", "conditions", "corrupted", "geometry", "lost", "reliability"])
    return folder


def test_every_section_says_so(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for section in ("local", "features", "similarity"):
        test = draw("geometry", bare, monkeypatch, geometry=section)
        assert "no linear classifier" in text(test) + str([each.value for each in test.warning]), section
        assert charts(test) == 0, section
    for parameters in ({}, {"lost-against": "baseline", "corruption": "fog"}):
        lost = draw("robustness", bare, monkeypatch, section="lost", **parameters)
        assert not lost.exception
