"""Networks of tickets: what is counted once for all of a kind is that of each."""

from pathlib import Path

import pytest
import torch
from torch import nn

from analysis.engine import networks
from analysis.engine.networks import Network
from pruning.models import count_macs
from pruning.models.inspection import Shape
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run

NET = """
from torch import nn

def net(num_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), {more} nn.Linear(12, num_classes))
"""
STUDY = """
title = "one name"
model = "net.py:net"
data = "digits"
sparsities = [0.5]
[training]
epochs = 0.1
[[method]]
criterion = "magnitude"
"""


def counting(monkeypatch: pytest.MonkeyPatch) -> list[nn.Module]:
    counted: list[nn.Module] = []

    def count(model: nn.Module, shape: Shape) -> int:
        counted.append(model)
        return count_macs(model, shape)

    monkeypatch.setattr(networks, "count_macs", count)
    monkeypatch.setattr(networks, "_MACS", {})
    return counted


def test_multiply_adds_are_counted_once_for_all_networks_of_a_kind(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, study = counting(monkeypatch), Study.open(tiny_study)
    found = [Network.of(study.load(entry.id), torch.device("cpu")) for entry in study.entries()]
    assert len(found) > 1
    assert len(counted) == 1
    assert {network.macs for network in found} == {count_macs(found[-1].module, (1, 8, 8))}


def test_files_of_one_name_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting(monkeypatch)
    for folder, more, macs in (("a", "", 64 * 12 + 120), ("b", "nn.Linear(12, 12), nn.ReLU(),", 64 * 12 + 144 + 120)):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        Path("net.py").write_text(NET.replace("{more}", more))
        Path("study.toml").write_text(STUDY)
        study = Study.open(tmp_path / folder)
        run(study, RunOptions(jobs=1))
        assert {Network.of(study.load(each.id), torch.device("cpu")).macs for each in study.entries()} == {macs}
