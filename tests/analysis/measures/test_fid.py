"""FID as a measure: against scipy on the same features, asked for by a file alone, and what a change of that does."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from analysis.engine import measure
from analysis.engine.makers import Maker
from analysis.engine.status import status
from analysis.metrics.inception import digest, inception
from analysis.results.store import Results
from pruning.data import load_data
from pruning.data.base import used_rows
from pruning.study.folder import Study
from tests.analysis.metrics.inception_file import drawn_state


@pytest.fixture
def own(fid_study: Path, tmp_path: Path) -> Study:
    """A copy of the study with its file of weights beside it, to be changed."""
    shutil.copy(fid_study.parent / "drawn.pth", tmp_path)
    return Study.open(shutil.copytree(fid_study, tmp_path / "own"))


def scipys(one: np.ndarray, other: np.ndarray) -> float:
    """Fréchet's distance with the root of the product, in the space of all images."""
    both = np.concatenate([one, other]).astype(float)
    axes = np.linalg.svd(both - both.mean(0), full_matrices=False)[2]
    first, second = one @ axes.T, other @ axes.T
    a, b = (np.cov(each.T) + 1e-10 * np.eye(len(axes)) for each in (first, second))
    apart = ((first.mean(0) - second.mean(0)) ** 2).sum()
    return float(apart + np.trace(a + b - 2 * np.real(sqrtm(a @ b))))


def test_it_is_scipys_on_the_same_features(fid_study: Path) -> None:
    study = Study.open(fid_study)
    entry = next(entry for entry in study.entries() if entry.recipe.label == "IMP 75 %")
    [row] = Results(study.path).table("fid", ids=[entry.id]).to_dict("records")
    file = fid_study.parent / "drawn.pth"
    see, network, data = (
        inception(file, "bilinear", torch.device("cpu")),
        Maker.of(study.load(entry.id)),
        load_data("digits"),
    )
    made = see(network.decoded(network.latents(4))).numpy()
    known, unseen = (
        see(split.images[used_rows(len(split.images), 4)].float() / 255).numpy() for split in (data.train, data.test)
    )
    assert row["fid"] == pytest.approx(scipys(made, known), rel=1e-3)
    assert row["floor"] == pytest.approx(scipys(unseen, known), rel=1e-3)
    assert row["fid_low"] <= row["fid"] <= row["fid_high"]
    assert (row["n"], row["real"], row["resizing"], row["weights"]) == (4, 4, "bilinear", digest(file))


def test_without_a_file_nobody_asks_for_it(generative_study: object) -> None:
    study = Study.open(generative_study("gan"))  # type: ignore[operator]
    assert not (study.path / "results" / "fid").exists()
    assert "fid" not in {row.table for row in status(study).rows}


def test_it_is_measured_once_and_again_with_other_weights(own: Study) -> None:
    assert not measure.run(own, jobs=1).written
    state = drawn_state()
    state["Conv2d_1a_3x3.conv.weight"] *= 2
    torch.save(state, own.path.parent / "drawn.pth")
    report = measure.run(own, jobs=1)
    assert report.written == {"fid": len(own.entries())}
    assert "inception" in report.mended[0]


def test_a_file_that_went_away_makes_nothing_stale(own: Study) -> None:
    (own.path.parent / "drawn.pth").unlink()
    report = measure.run(own, jobs=1)
    assert (report.written, report.problems, report.mended) == ({}, [], [])


def test_a_file_that_never_was_there_is_one_sentence(own: Study) -> None:
    shutil.rmtree(own.path / "results" / "fid")
    (own.path.parent / "drawn.pth").unlink()
    report = measure.run(own, jobs=1)
    [sentence] = report.problems
    assert "There is no file" in sentence
    assert "pt_inception-2015-12-05-6726825d.pth" in sentence
    assert not report.written
