"""Where only zero arrives at a norm: as told by hand, through whatever lies between, and never too much."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.granularity.silence import silent_norms

SHAPE = (3, 8, 8)
Between = Callable[[Tensor, Tensor], Tensor]


class Joined(nn.Module):
    """Two layers, what is made of their outputs, and a norm that reads it."""

    def __init__(self, between: Between, norm: nn.Module | None = None) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 3, padding=1)
        self.between, self.norm = between, norm or nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(self.between(self.a(x), self.b(x)))
        return normed


def gone(*rows: int, of: int = 4) -> Tensor:
    """These rows are removed, bool [of]."""
    return torch.isin(torch.arange(of), torch.tensor(rows))


def silent(model: nn.Module, name: str = "norm", **removed: Tensor) -> list[int]:
    """The channels in which zero arrives at a norm."""
    return silent_norms(model, removed, SHAPE)[name].nonzero().flatten().tolist()


def looks(a: Tensor, b: Tensor) -> Tensor:
    """What no graph can be traced of."""
    return a + b if float(a.sum()) > 1e9 else F.relu(a) + b


def raises(a: Tensor, b: Tensor) -> Tensor:
    """What refuses what is no number."""
    if a.isnan().any():
        raise ValueError("a NaN")
    return a + b


# a has lost its channels 0 and 1, b its channels 1 and 2
JOINED: list[tuple[Between, list[int]]] = [
    (lambda a, b: a, [0, 1]),
    (lambda a, b: F.max_pool2d(F.gelu(a), 2).clone(), [0, 1]),
    (lambda a, b: a + b, [1]),
    (lambda a, b: F.relu(a) - 2 * F.silu(b), [1]),
    (looks, [1]),
    (lambda a, b: torch.where(a > 0, a, torch.zeros_like(a)), [0, 1]),
    (lambda a, b: torch.sigmoid(a), []),
    (lambda a, b: a - a.mean(1, keepdim=True), []),
    (raises, []),
]


@pytest.mark.parametrize(("between", "expected"), JOINED)
def test_zero_goes_through_what_makes_zero_of_it(between: Between, expected: list[int]) -> None:
    assert silent(Joined(between), a=gone(0, 1), b=gone(1, 2)) == expected


@pytest.mark.parametrize(
    "name", ["leaky_relu", "relu6", "tanh", "elu", "hardswish", "softshrink", "adaptive_avg_pool2d"]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_kept_is_heard(name: str, sign: int) -> None:
    """Also what a rectifier would make zero of, if it were of the wrong sign."""
    function: Any = partial(getattr(F, name), output_size=2) if "pool" in name else getattr(F, name)
    assert silent(Joined(lambda a, b: function(sign * a)), a=gone(3)) == [3]


def test_what_is_kept_is_heard_through_comparisons_that_lose_a_nan() -> None:
    for spikes in (lambda a, b: (a > 0).float(), lambda a, b: a.sign(), lambda a, b: a.nan_to_num()):
        assert silent(Joined(spikes), a=gone(2)) == [2]
    assert silent(Joined(lambda a, b: torch.cat([a[:, :2], -a[:, :2]], 1).relu()), a=gone(0)) == [0, 2]


@pytest.mark.parametrize("norm", [nn.BatchNorm2d(8), nn.InstanceNorm2d(8, affine=True)])
def test_a_concatenation_has_the_channels_of_both(norm: nn.Module) -> None:
    model = Joined(lambda a, b: torch.cat([a, b], 1), norm)
    assert silent(model, a=gone(0, 1), b=gone(1, 2)) == [0, 1, 5, 6]


@pytest.mark.parametrize("norm", [nn.GroupNorm(2, 4), nn.LayerNorm([4, 8, 8])])
def test_norms_over_channels_are_left_alone(norm: nn.Module) -> None:
    assert not silent_norms(Joined(lambda a, b: a, norm), {"a": gone(0)}, SHAPE)
    assert silent(nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.BatchNorm2d(4)), "2", **{"0": gone(0)}) == []


def test_a_norm_without_weights_makes_a_constant_that_the_next_one_hears() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=False), nn.ReLU(), nn.BatchNorm2d(4))
    assert silent(model, "3", **{"0": gone(0)}) == []
    model[1] = nn.BatchNorm2d(4)
    assert silent(model, "3", **{"0": gone(0)}) == [0]


@pytest.mark.parametrize(("bias", "expected"), [(False, [1, 3]), (True, [])])
def test_a_depthwise_filter_says_nothing_of_nothing_but_its_bias(bias: bool, expected: list[int]) -> None:
    depthwise = nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=bias)
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU6(), depthwise, nn.BatchNorm2d(4))
    assert silent(model, "4", **{"0": gone(1, 3)}) == expected


def test_weights_that_begin_at_zero_are_to_be_trained() -> None:
    """As the last norm of a block that begins as its shortcut, and a position that is added."""
    model = Joined(lambda a, b: a + b)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    assert silent(model, a=gone(1)) == []

    class Positioned(Joined):
        def __init__(self) -> None:
            super().__init__(lambda a, b: a + self.position)
            self.position = nn.Parameter(torch.zeros(1, 4, 1, 1))

    assert silent(Positioned(), a=gone(1)) == []


@pytest.mark.parametrize("bias", [True, False])
def test_layers_and_norms_with_a_forward_of_their_own(bias: bool) -> None:
    """Weights without their mean, and a norm that rectifies, as public code has them."""

    class Centred(nn.Conv2d):
        def forward(self, input: Tensor) -> Tensor:
            centred = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
            return F.conv2d(input, centred / (centred.std() + 1e-5), self.bias)

    class Rectified(nn.BatchNorm2d):
        def forward(self, input: Tensor) -> Tensor:
            return super().forward(input).relu()

    model = nn.Sequential(Centred(3, 4, 3, bias=bias), Rectified(4), Centred(4, 4, 3, bias=bias), Rectified(4))
    found = silent_norms(model, {"0": gone(1)}, SHAPE)
    assert {name: each.nonzero().flatten().tolist() for name, each in found.items()} == {"1": [1], "3": []}


def test_a_norm_of_several_calls_is_silent_where_it_is_in_all_of_them() -> None:
    class Twice(Joined):
        def __init__(self) -> None:
            super().__init__(lambda a, b: a)
            self.last = nn.BatchNorm2d(4)

        def forward(self, x: Tensor) -> Tensor:
            last: Tensor = self.last(self.norm(self.a(x)))
            return last + self.norm(self.a(x) + self.b(x))

    model = Twice()
    assert silent(model, a=gone(0, 1), b=gone(1, 2)) == [1]
    assert silent(model, "last", a=gone(0, 1), b=gone(1, 2)) == [1]  # channel 0 is the shared norm's bias


def test_networks_of_vectors_and_of_tokens() -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(192, 5), nn.Tanh(), nn.BatchNorm1d(5))
    assert silent(flat, "3", **{"1": gone(2, of=5)}) == [2]

    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.fc, self.norm = nn.Embedding(7, 6), nn.Linear(6, 4), nn.BatchNorm1d(4)

        def forward(self, x: Tensor) -> Tensor:
            normed: Tensor = self.norm(self.fc(self.embedding(x.flatten(1).long())).movedim(2, 1))
            return normed

    assert silent(Tokens(), fc=gone(2)) == [2]


def test_the_network_is_left_as_it_was() -> None:
    model = Joined(lambda a, b: a + b).train()
    model.b.eval()
    before, twin = torch.get_rng_state(), copy.deepcopy(model)
    silent(model, a=gone(1), b=gone(1))
    assert torch.equal(torch.get_rng_state(), before)
    assert [module.training for module in model.modules()] == [module.training for module in twin.modules()]
    assert all(torch.equal(value, twin.state_dict()[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
