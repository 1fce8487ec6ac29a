"""Attacks measured of a study: what is stored is what the network says, part by part, and asked for or not at all."""

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.engine import measure
from analysis.engine.settings import settings
from analysis.results.store import Results
from analysis.security import autoattack, gradient
from analysis.security.pixels import Ball, Pixels
from pruning.data import load_data
from pruning.errors import UserError
from pruning.study.folder import Study
from tests.analysis.engine.test_measure import with_analysis


@pytest.fixture
def folder(study_copy: Path) -> Path:
    """A study of two tickets."""
    for entry in Study.open(study_copy).entries()[2:]:
        entry.path.unlink()
    return study_copy


ASKED = "security_linf = [4, 16]\nsecurity_l2 = [0.5]\nsecurity_images = 60\ncorruptions = []"


def test_it_is_what_the_network_says_on_images_evenly_spaced(folder: Path) -> None:
    study = with_analysis(Study.open(folder), ASKED)
    report = measure.run(study, only=["security"], jobs=1)
    assert report.problems == []
    assert report.written == {"security": len(study.entries())}
    rows = Results(study.path).table("security")
    assert set(rows["kind"]) == {"linf 4", "linf 16", "linf 255", "l2 0.5"}
    entry = study.entries()[1]
    ticket, test = study.load(entry.id), load_data("digits").test
    network = Pixels(ticket.model().eval(), tuple(ticket.info.mean), tuple(ticket.info.std), 0)
    chosen = torch.arange(60) * 359 // 60
    own = rows[(rows["ticket_id"] == entry.id) & (rows["kind"] == "l2 0.5")].set_index("attack")
    found = gradient.withstood(network, test.images[chosen] / 255, test.labels[chosen], Ball("l2", 0.5))
    for attack, right in found.items():
        assert own.at[attack, "accuracy"] == pytest.approx(right.mean())
        assert (np.unpackbits(np.frombuffer(own.at[attack, "right"], np.uint8))[:60] == right).all()
    assert measure.run(study, only=["security"], jobs=1).written == {}
    assert not measure.run(Study.open(folder), only=["autoattack"]).written


def test_a_run_that_is_stopped_keeps_the_parts_that_were_done(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = with_analysis(Study.open(folder), ASKED)
    honest = gradient.withstood
    asked: list[str] = []

    def stopping(network: Pixels, images: torch.Tensor, labels: torch.Tensor, ball: Ball, **more: object) -> object:
        asked.append(ball.name)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return honest(network, images, labels, ball, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(gradient, "withstood", stopping)
    with pytest.raises(KeyboardInterrupt):
        measure.run(study, only=["security"], jobs=1)
    [first] = Results(study.path).ids("security")
    assert sorted(Results(study.path).table("security")["kind"].unique()) == sorted(asked[:2])
    monkeypatch.setattr(gradient, "withstood", honest)
    measure.run(study, only=["security"], jobs=1)
    assert len(Results(study.path).table("security", ids=[first])) == 4 * 3


def test_autoattack_is_asked_for_by_sizes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autoattack, "ITERATIONS", 4)
    asked = "autoattack_l2 = [0.5]\nautoattack_images = 30\nautoattack_queries = 3\ncorruptions = []"
    study = with_analysis(Study.open(folder), asked)
    assert measure.run(study, only=["autoattack"], jobs=1).written == {"autoattack": 2}
    rows = Results(study.path).table("autoattack", ids=[study.entries()[0].id]).set_index("attack")
    assert [*rows.index] == ["clean", *autoattack.PARTS]
    assert rows["accuracy"].is_monotonic_decreasing or rows.at["autoattack", "accuracy"] <= rows["accuracy"].min()


@pytest.mark.parametrize("asked", ["security_linf = [0]", "security_linf = [300]", "autoattack_l2 = [-1.0]"])
def test_a_size_that_is_none_is_a_sentence(asked: str, folder: Path) -> None:
    with pytest.raises(UserError, match=asked.split()[0]):
        settings(with_analysis(Study.open(folder), asked))
