"""Networks of tickets: what is counted once for all of a kind is that of each."""

from pathlib import Path

import pytest
import torch
from torch import nn

from analysis.engine import networks
from analysis.engine.networks import Network
from pruning.models import MODELS, Architecture, count_macs
from pruning.models.inspection import Shape
from pruning.models.user_file import build_from_file
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run

NET = """
from torch import nn

def net(num_classes):
    convolution = nn.Conv2d(1, 4, 3, stride={stride}, padding=1)
    return nn.Sequential(convolution, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, num_classes))
"""
STUDY = """
title = "one name"
model = "{model}"
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


@pytest.mark.parametrize("model", ["net.py:net", "net_for_a_test"])
def test_networks_of_the_users_that_have_one_name_are_told_apart(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting(monkeypatch)
    for folder, stride, pixels in (("a", "1", 64), ("b", "2", 16)):  # of the same parameters
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        Path("net.py").write_text(NET.replace("{stride}", stride))
        Path("study.toml").write_text(STUDY.replace("{model}", model))
        MODELS.register(
            Architecture("net_for_a_test", lambda classes, shape: build_from_file("net.py:net", classes, shape))
        )
        try:
            study = Study.open(tmp_path / folder)
            run(study, RunOptions(jobs=1))
            found = [Network.of(study.load(entry.id), torch.device("cpu")) for entry in study.entries()]
            assert {network.macs for network in found} == {36 * pixels + 40}
        finally:
            MODELS.unregister("net_for_a_test")
