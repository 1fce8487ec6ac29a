"""The README's Python, run as it stands on a network that this project does not know."""

import re

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from analysis import overlap, robustness
from pruning.library import Pruned
from tests import ROOT

HEADING = "## In your own code"


@pytest.fixture
def names() -> dict[str, object]:
    """What a reader has: a network and a loader."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 6 * 6, 10))
    data = TensorDataset(torch.rand(64, 1, 8, 8), torch.arange(64) % 10)
    return {"network": network, "loader": DataLoader(data, batch_size=16)}


def test_the_code_prunes_the_readers_network(names: dict[str, object]) -> None:
    section = (ROOT / "README.md").read_text().split(HEADING)[1].split("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.S)
    exec(compile(code, "README.md", "exec"), names)
    pruned, network = names["pruned"], names["network"]
    assert isinstance(pruned, Pruned)
    assert isinstance(network, nn.Module)
    weights = [value for value in network.parameters() if value.ndim > 1]
    total = sum(value.numel() for value in weights)
    assert sum(int((value == 0).sum()) for value in weights) >= round(0.9 * total)
    calls = re.findall(r"`((?:overlap|robustness)[^`]*)`", section.replace("\n", " "))
    assert len(calls) == 2
    images, labels = torch.randint(0, 256, (20, 1, 8, 8), dtype=torch.uint8), torch.arange(20) % 10
    scope = {**names, "overlap": overlap, "robustness": robustness, "masks": pruned.masks, "mine": pruned}
    for call in calls:
        assert len(eval(call, scope | {"images": images, "labels": labels})) > 0
