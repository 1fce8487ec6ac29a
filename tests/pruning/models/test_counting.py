"""Multiply-adds where they happen, against torch's own counter and by hand."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from pruning.models import build_model, prunable
from pruning.models.counting import count_macs, multiply_adds, weight_uses

SHAPE = (1, 5, 8)  # five tokens of eight numbers


@pytest.mark.parametrize("name", ["resnet20", "torchvision/swin_t", "torchvision/mobilenet_v3_small"])
def test_as_torch_counts(name: str) -> None:
    """Swin's attention calls F.linear on weights of layers that are never called themselves."""
    shape = (3, 64, 64)
    model = build_model(name, 10, shape, 0).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, *shape))
    found = multiply_adds(model, shape)
    assert 2 * sum(found.values()) == counter.get_total_flops()
    assert all(weight_uses(model, shape).values())
    assert set(found) - {""} <= set(prunable(model))


class Recurrent(nn.Module):
    def __init__(self, kind: Any, **more: Any) -> None:
        super().__init__()
        self.layer = kind(8, 6, batch_first=True, **more)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x[:, 0])[0][:, -1]


@pytest.mark.parametrize(
    ("kind", "gates", "more"),
    [
        (nn.RNN, 1, {}),
        (nn.GRU, 3, {"num_layers": 2}),
        (nn.LSTM, 4, {"bidirectional": True}),
        (nn.LSTM, 4, {"proj_size": 2}),
    ],
)
def test_recurrent_layers_by_hand(kind: Any, gates: int, more: dict[str, Any]) -> None:
    """At each of five steps, every gate multiplies with the input and with the state before."""
    model = Recurrent(kind, **more)
    state = more.get("proj_size", 6)
    sizes = [("l0", 8)] + ([("l1", 6)] if "num_layers" in more else [])
    sizes += [("l0_reverse", 8)] if "bidirectional" in more else []
    expected: dict[str, float] = {}
    for place, size in sizes:
        expected |= {
            f"layer.weight_ih_{place}": 5 * gates * 6 * size,
            f"layer.weight_hh_{place}": 5 * gates * 6 * state,
        }
        expected |= {f"layer.weight_hr_{place}": 5 * 2 * 6} if "proj_size" in more else {}
    assert multiply_adds(model, SHAPE) == expected
    assert set(prunable(model)) == set(expected)


class Own(nn.Module):
    """Parameters that are in no layer, or of which the layer is not called."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(7, 8)
        self.unused = nn.Linear(8, 3)
        self.queries = nn.Linear(8, 8)
        self.pair = nn.Bilinear(8, 8, 4)
        self.mix = nn.Parameter(torch.ones(4, 3))
        self.head = nn.Linear(3, 8, bias=False)
        self.out = nn.Linear(8, 7, bias=False)
        self.out.weight = self.embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        tokens = x[:, 0] + self.embedding.weight[:5]
        fused = torch.cat([self.queries.weight, self.queries.weight * 2])
        left, right = F.linear(tokens, fused).chunk(2, dim=-1)
        mixed = torch.einsum("nti,ij->ntj", self.pair(left, right), self.mix.relu())
        return self.out(self.head(mixed)).mean(1)


def test_what_no_layer_multiplies() -> None:
    expected = {
        "embedding.weight": 5 * 7 * 8,  # as the classifier
        "queries.weight": 2 * 5 * 64,
        "pair.weight": 5 * 256,
        "mix": 5 * 12,
        "head.weight": 5 * 24,
    }
    assert multiply_adds(Own(), SHAPE) == expected
    assert count_macs(Own(), SHAPE) == sum(expected.values())
    assert weight_uses(Own(), SHAPE) == {
        "embedding.weight": 5, "unused.weight": 0, "queries.weight": 10, "pair.weight": 5, "head.weight": 5,
    }  # fmt: skip
    assert set(prunable(Own())) <= set(dict(Own().named_parameters()))


@pytest.mark.parametrize("fused", [True, False])
def test_attention_by_its_shortcut_and_without(fused: bool) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).requires_grad_(not fused)

    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.TransformerEncoder(layer, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.encoder(x[:, 0])

    found = multiply_adds(Tokens(), SHAPE)
    assert found.pop("") == 2 * 2 * 5 * 5 * 8
    assert found == {name: 5 * weight.numel() for name, weight in prunable(Tokens()).items()}
