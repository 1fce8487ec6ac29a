"""What pruning leaves alone, with its share."""

import pytest
import torch
from torch import Tensor, nn

from pruning.models import build_model
from pruning.models.unpruned import ADDED, BARE, EMBEDDING, Coverage, coverage, in_words


class Mixed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.places = nn.Parameter(torch.zeros(1, 5, 8))
        self.tags = nn.Embedding(5, 8)
        self.mix = nn.Parameter(torch.ones(8, 4))
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(4, 10)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.norm(x[:, 0] + self.places + self.tags(torch.arange(5)))
        scores = tokens @ tokens.transpose(1, 2)
        return self.head((scores @ (tokens @ self.mix)).mean(1))


@pytest.fixture(scope="module")
def found() -> Coverage:
    return coverage(Mixed(), (1, 5, 8))


def test_each_is_named_with_its_share(found: Coverage) -> None:
    assert [(each.name, each.why, each.size, each.macs) for each in found.left_out] == [
        ("mix", BARE, 32, 160),
        ("places", ADDED, 40, 0),
        ("tags.weight", EMBEDDING, 40, 0),
    ]
    assert (found.parameters, found.prunable) == (40 + 40 + 32 + 16 + 50, 40)
    assert (found.products, found.prunable_macs, found.macs) == (5 * 5 * 8 + 5 * 5 * 4, 40, 160 + 300 + 40)


def test_in_words(found: Coverage) -> None:
    assert in_words(found) == [
        "40 of 178 parameters can be pruned: 22.5 % of the parameters, 8 % of the multiply-adds.",
        "Not pruned: mix (multiplied by the network itself, in no layer; 18 % of the parameters, "
        "32 % of the multiply-adds); places (added, not multiplied; 22.5 % of the parameters); "
        "tags.weight (an embedding; 22.5 % of the parameters).",
        "Products of activations are 60 % of the multiply-adds.",
    ]


def test_of_a_usual_network_there_is_little_to_say() -> None:
    model = build_model("resnet20", 10, (3, 32, 32), 0)
    assert in_words(coverage(model, (3, 32, 32))) == [
        "268,336 of 269,722 parameters can be pruned: 99.5 % of the parameters, 100 % of the multiply-adds."
    ]
