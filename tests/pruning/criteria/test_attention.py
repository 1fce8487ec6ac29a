"""What GraSP and SynFlow say of attention, norms and position embeddings: defined, or refused in a sentence."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.criteria import CRITERIA, Context
from pruning.errors import UserError
from pruning.models import prunable


class Net(nn.Module):
    """An image of 8x8, row by row, through something of the user's."""

    def __init__(self, step: Callable[["Net", Tensor], Tensor]) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.place, self.gain = nn.Parameter(torch.randn(8, 8)), nn.Parameter(torch.randn(8))
        self.register_buffer("fixed", torch.rand(8, 8))
        self.norm = nn.BatchNorm1d(8, track_running_stats=False)
        self.head, self.step = nn.Linear(64, 10), step

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.head(self.step(self, x[:, 0]).flatten(1))
        return logits


def context(shape: tuple[int, int, int] = (1, 8, 8), dtype: torch.dtype = torch.float32) -> Context:
    """Random images."""
    source = torch.Generator().manual_seed(0)
    images = torch.randn(6, *shape, generator=source, dtype=dtype)
    return Context([(images, torch.arange(6))], torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (lambda n, x: n.attention(x, x, x)[0], "attention"),
        (lambda n, x: F.scaled_dot_product_attention(x, x, x), "attention"),
        (lambda n, x: (x @ x.transpose(1, 2)).softmax(dim=-1) @ x, "a softmax"),
        (lambda n, x: F.layer_norm(x, (8,)), "norms of the image's own statistics"),
        (lambda n, x: F.group_norm(x, 2), "norms of the image's own statistics"),
        (lambda n, x: n.norm(x), "norms without running statistics"),
        (lambda n, x: F.normalize(x), "activations brought to one size"),
        (lambda n, x: torch.tanh(x), "activations that saturate .tanh."),
        (lambda n, x: x.sigmoid_(), "activations that saturate .sigmoid."),
        (lambda n, x: F.relu6(x), "activations that saturate .*"),
        (lambda n, x: nn.ReLU6()(x), "activations that saturate .hardtanh, which ReLU6 is one of."),
        (lambda n, x: nn.Hardsigmoid()(x), "activations that saturate .hardsigmoid."),
        (lambda n, x: nn.Softsign()(x), "activations that saturate .softsign."),
        (lambda n, x: x + n.place, "adds what is no bias of a layer [(]it has .*place"),
        (lambda n, x: x + n.fixed, "adds what is no bias of a layer"),
        (lambda n, x: torch.cat([n.place[:1].expand(len(x), 1, 8), x[:, 1:]], dim=1), "such as a position embedding"),
    ],
)
def test_synflow_refuses_what_it_is_not_about(step: Callable[[Net, Tensor], Tensor], words: str) -> None:
    with pytest.raises(UserError, match=f"SynFlow is not defined for a network .*{words}.*Take another criterion"):
        CRITERIA["synflow"].score(Net(step), context())


@pytest.mark.parametrize("step", [F.relu, F.leaky_relu, F.elu, F.gelu, F.silu, F.hardswish])
def test_synflow_takes_what_does_not_saturate(step: Callable[[Tensor], Tensor]) -> None:
    assert set(CRITERIA["synflow"].score(Net(lambda n, x: step(x)), context()))


def test_synflow_refuses_recurrent_layers() -> None:
    model = Net(lambda n, x: n.get_submodule("recurrent")(x)[0])
    model.recurrent = nn.GRU(8, 8, batch_first=True)
    with pytest.raises(UserError, match="SynFlow is not defined for a network with recurrent layers"):
        CRITERIA["synflow"].score(model, context())


def test_synflow_passes_through_gains() -> None:
    """The score of the head's weight is its size times what reaches it, by hand."""
    model = Net(lambda n, x: x * n.gain)
    scores = CRITERIA["synflow"].score(model, context())
    expected = model.head.weight.detach().double().abs() * model.gain.detach().double().abs().repeat(8)
    torch.testing.assert_close(scores["head.weight"], expected)


def test_grasp_on_a_vision_transformer_is_the_derivative_of_the_gradients_norm() -> None:
    """S = w (H g), by a central difference along g in double precision: attention, layer norm, position embedding."""
    from torchvision.models import VisionTransformer

    torch.manual_seed(0)
    model = VisionTransformer(image_size=16, patch_size=8, num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=12,
                              num_classes=10).double().eval()  # fmt: skip
    nn.init.normal_(model.heads.head.weight)
    given = context((3, 16, 16), torch.float64)
    scores = CRITERIA["grasp"].score(model, given)
    (images, labels), weights = given.batches[0], prunable(model)

    def gradient() -> dict[str, Tensor]:
        loss = F.cross_entropy(model(images) / 200, labels)
        found = torch.autograd.grad(loss, list(weights.values()))
        return dict(zip(weights, found, strict=True))

    first, before = gradient(), {name: weight.detach().clone() for name, weight in weights.items()}
    sides: list[dict[str, Tensor]] = []
    for sign in (1, -1):
        with torch.no_grad():
            for name, weight in weights.items():
                weight.copy_(before[name] + sign * 1e-2 * first[name])
        sides.append(gradient())
    for name, value in before.items():
        expected = value * (sides[0][name] - sides[1][name]) / 2e-2
        assert float((scores[name] - expected).norm()) <= 1e-3 * float(expected.norm())


def test_grasp_refuses_what_has_no_second_derivative() -> None:
    model: Any = nn.Sequential(nn.Flatten(), nn.Linear(64, 10), nn.Hardsigmoid())
    with pytest.raises(UserError, match="GraSP needs second derivatives"):
        CRITERIA["grasp"].score(model, context())
