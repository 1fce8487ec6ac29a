"""Pages with recorded tickets in the study: the others are drawn, and a sentence says what is lacking of these."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from analysis import record
from pruning.data import load_data, normalise
from pruning.study.folder import Study
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401
from tests.conftest import shared

CHOSEN = "dense~magnitude-90~TP-L1_30_-30~numpy-0~clean_only-0"
SWITCH = {"robustness": "section"}
LACKING = {
    ("overview", "pareto"): "",
    ("overview", "tickets"): "",
    ("overview", "story"): "It was recorded, and is not found anew",
    ("masks", "pairs"): "neither its masks nor its weights",
    ("masks", "many"): "neither its masks nor its weights",
    ("dynamics", "training"): "Without a training of their own: TP-L1 30 %, numpy, clean only",
    ("dynamics", "cost"): "nobody noted its training: TP-L1 30 %, numpy, clean only",
    ("gallery", ""): "no other images can be shown to it: TP-L1 30 %, numpy, clean only",
    ("geometry", "local"): "Left out, as recorded by logits alone: numpy",
    ("geometry", "features"): "Left out, as recorded by logits alone: numpy",
    ("geometry", "layers"): "recorded without what their inner layers hand on: numpy",
    ("geometry", "attribution"): "no other images can be shown to it: TP-L1 30 %, numpy, clean only",
    ("geometry", "similarity"): "",
    ("robustness", "ranking"): "not recorded under",
    ("robustness", "corruptions"): "not recorded under",
    ("robustness", "lost"): "not recorded under",
    ("robustness", "pairs"): "not recorded under",
    ("samples", ""): "not recorded under",
}
"""(Page, section) -> what it says of recorded tickets, of which it lacks something; "" where it draws them all."""


@pytest.fixture(scope="session")
def recorded_study(tiny_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The measured study with three tickets that were recorded; not to be changed."""

    def make(folder: Path) -> None:
        study = Study.open(shutil.copytree(tiny_study, folder))
        data = load_data("digits")
        loader = [(normalise(data.test.images, data.mean, data.std), data.test.labels)]
        small = nn.Sequential(nn.Flatten(), nn.Linear(64, 9), nn.ReLU(), nn.Linear(9, 10))
        weight = np.random.default_rng(0).normal(size=(64, 10))
        dense = study.entries()[0].id
        costs = {"FLOPs": 666.0, "throughput": 5.0}
        record(study, "TP-L1 30 %", small, loader, sparsity=0.3, parent=dense, metrics=costs, higher=["throughput"])
        record(study, "numpy", lambda images: images.flatten(1).numpy() @ weight, loader, metrics={"FLOPs": 640.0})
        record(study, "clean only", small, loader, conditions=[])

    return shared(tmp_path_factory, "recorded", make)


@pytest.mark.parametrize(("page", "section"), LACKING)
def test_the_others_are_drawn_and_a_sentence_says_what_is_lacking(
    page: str, section: str, recorded_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = {SWITCH.get(page, page): section} if section else {}
    test = draw(page, recorded_study, monkeypatch, tickets=CHOSEN, **switch)
    assert not test.error
    assert LACKING[page, section] in text(test)
    assert charts(test) or page == "gallery" or section == "story"


@pytest.mark.parametrize("page", ["geometry", "robustness", "samples"])
def test_one_recorded_ticket_alone_is_drawn(page: str, recorded_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw(page, recorded_study, monkeypatch, tickets="numpy-0", baseline="numpy-0")
    assert not test.error
    assert charts(test) or page == "geometry"  # of which logits alone have nothing to draw


def test_metrics_of_ones_own_are_columns_and_axes(recorded_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", recorded_study, monkeypatch, tickets=CHOSEN)
    table = test.dataframe[0].value.set_index("ticket")
    assert table["own FLOPs"].dropna().to_dict() == {"TP-L1 30 %": 666.0, "numpy": 640.0}
    assert table.loc["TP-L1 30 %", "own throughput"] == 5
    test = draw("overview", recorded_study, monkeypatch, overview="pareto", across="own FLOPs")
    assert not test.error
    assert charts(test) == 1
    assert {"FLOPs", "throughput"} <= {*test.selectbox(key="pick across").options}
    assert "Metrics of your own are taken as they are" in text(test)
    assert sorted(test.dataframe[0].value["ticket"]) == ["TP-L1 30 %", "numpy"]


def test_modules_have_multiply_adds_and_bytes(recorded_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", recorded_study, monkeypatch, tickets=CHOSEN, table="efficiency")
    assert not test.error
    table = test.dataframe[0].value.set_index("ticket")
    assert table.loc["TP-L1 30 %", "macs"] == 64 * 9 + 9 * 10
    assert table.loc["TP-L1 30 %", "network"] > 4 * (65 * 9 + 10 * 10) / 1000  # kB: the numbers, and a header
    assert table.loc["TP-L1 30 %", ["latency", "disk"]].isna().all()
    assert table.loc["numpy", ["macs", "network"]].isna().all()


@pytest.fixture(scope="session")
def recorded_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that was made in Python, of two recorded networks and nothing else; not to be changed."""

    def make(folder: Path) -> None:
        data = load_data("digits")
        study = Study.create(folder, data, title="Alone", analysis={"corruptions": ["brightness"], "severities": [3]})
        loader = [(normalise(data.test.images, data.mean, data.std), data.test.labels)]
        record(study, "mine", nn.Sequential(nn.Flatten(), nn.Linear(64, 9), nn.ReLU(), nn.Linear(9, 10)), loader)
        record(study, "numpy", lambda images: images.flatten(1).numpy()[:, :10], loader, conditions=[])

    return shared(tmp_path_factory, "alone", make)


@pytest.mark.parametrize(("page", "section"), [*LACKING, ("geometry", "global"), ("geometry", "correlates")])
def test_a_study_of_recorded_networks_alone(
    page: str, section: str, recorded_alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = {SWITCH.get(page, page): section} if section else {}
    test = draw(page, recorded_alone, monkeypatch, **switch)
    assert not test.error
    if section == "tickets":
        assert "Networks that were **recorded**, and stay elsewhere" in text(test)
