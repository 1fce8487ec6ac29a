"""Biases of tickets: those of the whole network, however they are read."""

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.comparisons import biases as module
from analysis.comparisons.biases import biases, by_class, ranges
from pruning.models import class_directions
from pruning.study.folder import Entry, Study
from pruning.study.runner import RunOptions, run
from pruning.ticket import Ticket, read_tensor

HEAD = """
import torch
from torch import nn

class Head(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU())
        self.last = nn.Linear(12, num_classes, bias={bias})
    def forward(self, x):
        return {factor} * self.last(self.body(x))
"""
STUDY = """
title = "heads"
model = "net.py:Head"
data = "digits"
sparsities = [0.5]
[training]
epochs = 0.2
[[method]]
criterion = "magnitude"
"""


def of_whole_networks(entries: list[Entry]) -> dict[str, np.ndarray]:
    found = {}
    for entry in entries:
        ticket = Ticket.load(entry.path)
        found[entry.id] = class_directions(ticket.model(), ticket.info.shape)[1].double().numpy()
    return found


def test_they_are_those_of_the_whole_networks_and_one_is_run(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = Study.open(tiny_study).entries()
    runs: list[str] = []
    made = module._by_running

    def counted(entry: Entry) -> tuple[np.ndarray, str]:
        runs.append(entry.id)
        return made(entry)

    monkeypatch.setattr(module, "_by_running", counted)
    monkeypatch.setattr(module, "_KINDS", {})
    found = biases(entries)
    assert biases(entries[1:]).keys() == found.keys() - {entries[0].id}  # of another study, say: nothing is run
    assert runs == [entries[0].id]
    expected = of_whole_networks(entries)
    assert found.keys() == expected.keys()
    for ticket, values in expected.items():
        np.testing.assert_array_equal(found[ticket], values)


@pytest.mark.parametrize(("factor", "bias"), [("2", "True"), ("1", "False"), ("1", "True")])
def test_heads_that_scale_or_have_none(factor: str, bias: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(HEAD.replace("{factor}", factor).replace("{bias}", bias))
    (tmp_path / "study.toml").write_text(STUDY)
    study = Study.open(tmp_path)
    run(study, RunOptions(jobs=1))
    found, expected = biases(study.entries()), of_whole_networks(study.entries())
    assert found.keys() == expected.keys()
    for ticket, values in expected.items():
        np.testing.assert_allclose(found[ticket], values, atol=1e-6)


def test_files_of_one_name_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for factor in "12":
        folder = tmp_path / factor
        folder.mkdir()
        monkeypatch.chdir(folder)
        (folder / "net.py").write_text(HEAD.replace("{factor}", factor).replace("{bias}", "True"))
        (folder / "study.toml").write_text(STUDY)
        study = Study.open(folder)
        run(study, RunOptions(jobs=1))
        found, expected = biases(study.entries()), of_whole_networks(study.entries())
        for ticket, values in expected.items():
            np.testing.assert_allclose(found[ticket], values, atol=1e-6)


def test_ranges_and_means_by_hand() -> None:
    found = {"a": np.array([1.0, 3.0, 2.0]), "b": np.array([0.0, 0.0, 6.0])}
    assert ranges(found).to_dict() == {"a": 2.0, "b": 6.0}
    table = by_class(found, {"x": ["a", "b"], "none": ["absent"]})
    assert table["bias"].tolist() == [-1.5, -0.5, 2.0]
    assert table["lowest"].tolist() == [-2.0, -2.0, 0.0]
    assert table["highest"].tolist() == [-1.0, 1.0, 4.0]
    assert by_class({}, {"x": ["a"]}).empty


def test_one_tensor_of_a_file(tiny_study: Path, tmp_path: Path) -> None:
    path = Study.open(tiny_study).entries()[0].path
    stored = read_tensor(path, "fc3.bias")
    assert stored is not None
    assert torch.equal(stored, Ticket.load(path).state["fc3.bias"])
    assert read_tensor(path, "absent") is None
    (tmp_path / "broken.safetensors").write_bytes(path.read_bytes()[:100])
    assert read_tensor(tmp_path / "broken.safetensors", "fc3.bias") is None
    assert read_tensor(tmp_path / "none.safetensors", "fc3.bias") is None
