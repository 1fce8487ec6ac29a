"""What pruning saves, against counts by hand and against what a stopwatch must give."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from analysis.metrics import efficiency, latency
from analysis.metrics.efficiency import Yardstick
from pruning.models import build_model, count_macs, prunable
from pruning.models.counting import weight_uses
from pruning.models.memory import peak_bytes
from pruning.recipe import Recipe
from pruning.ticket import Ticket, TicketInfo

SHAPE = (1, 28, 28)
# LeNet-5 by hand: weights and places where each is applied
LAYERS = {
    "conv1.weight": (6 * 25, 28 * 28),
    "conv2.weight": (16 * 6 * 25, 10 * 10),
    "fc1.weight": (400 * 120, 1),
    "fc2.weight": (120 * 84, 1),
    "fc3.weight": (84 * 10, 1),
}
BIASES = 6 + 16 + 120 + 84 + 10


@pytest.fixture(scope="module")
def lenet() -> Yardstick:
    return Yardstick(build_model("lenet5", 10, SHAPE, 0), SHAPE)


def test_lenet5_by_hand(lenet: Yardstick) -> None:
    assert lenet.multiply_adds == {name: weights * places for name, (weights, places) in LAYERS.items()}
    assert lenet.macs == sum(weights * places for weights, places in LAYERS.values()) == 416_520
    assert lenet.parameters == sum(weights for weights, _ in LAYERS.values()) + BIASES == 61_706


def test_only_kept_weights_multiply(lenet: Yardstick) -> None:
    masks = {name: torch.zeros_like(weight, dtype=torch.bool) for name, weight in prunable(lenet.model).items()}
    masks["conv1.weight"].view(-1)[:3] = True
    masks["fc1.weight"].view(-1)[:7] = True
    assert lenet.macs_kept(masks) == 3 * 784 + 7
    del masks["fc3.weight"]  # not pruned at all
    assert lenet.macs_kept(masks) == 3 * 784 + 7 + 840


@pytest.mark.parametrize(
    ("layer", "shape", "places"),
    [
        (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), (4, 8, 8), 16),
        (nn.ConvTranspose2d(2, 3, 2, stride=2), (2, 5, 5), 25),
        (nn.Linear(6, 5), (2, 3, 6), 6),
    ],
)
def test_each_weight_is_used_once_a_place(layer: nn.Module, shape: tuple[int, int, int], places: int) -> None:
    """Also in groups, for strides, for transposed convolutions, and in a layer that is called for each position."""
    assert weight_uses(layer, shape) == {"weight": places}
    assert count_macs(layer, shape) == places * next(layer.parameters()).numel()


def test_a_layer_called_twice_counts_twice() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.once, self.twice, self.never = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.twice(self.twice(self.once(x.flatten(1))))

    uses = weight_uses(Twice(), (1, 2, 2))
    assert uses == {"once.weight": 1, "twice.weight": 2, "never.weight": 0}


def test_peak_memory_by_hand(lenet: Yardstick) -> None:
    """At its most there are at once: the image, the first convolution's output, and that after ReLU."""
    weights = 4 * (sum(weights for weights, _ in LAYERS.values()) + BIASES)
    for batch in (1, 5):
        assert peak_bytes(lenet.model, SHAPE, batch) == weights + 4 * batch * (784 + 2 * 6 * 784)


def test_memory_of_what_is_held_to_the_end_counts_and_what_is_let_go_does_not() -> None:
    class Chain(nn.Module):
        def __init__(self, residual: bool) -> None:
            super().__init__()
            self.residual, self.layer = residual, nn.Linear(8, 8, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            first = x = self.layer(x)
            if not self.residual:
                del first
            for _ in range(5):
                x = self.layer(x)
            return x + first if self.residual else x

    # a vector of 8 is 32 bytes, the weight 256; images, input and output of a layer, and the one held
    assert peak_bytes(Chain(False), (1, 1, 8), 1) == 256 + 3 * 32
    assert peak_bytes(Chain(True), (1, 1, 8), 1) == 256 + 4 * 32


def test_bytes_on_disk_are_those_of_a_file(lenet: Yardstick, tmp_path: Path) -> None:
    save_file(lenet.model.state_dict(), tmp_path / "dense.safetensors")
    assert lenet.bytes == (tmp_path / "dense.safetensors").stat().st_size


def test_the_interval_of_the_median_is_that_of_the_sign_test() -> None:
    """Over all ways in which values can lie on either side of the true median, it must be enclosed in 95 % of them."""
    for count in (6, 9, 12):
        found = latency.median(range(count))
        rank = int(found.low)  # the values are their own ranks, from 0
        assert found.high == count - 1 - rank
        signs = itertools.product((0, 1), repeat=count)
        missed = sum(1 for each in signs if not rank < sum(each) < count - rank) / 2**count
        more = 2 * sum(math.comb(count, below) for below in range(rank + 2)) / 2**count
        assert missed <= 0.05 < more
    with pytest.raises(ValueError, match="too few"):
        latency.median(range(5))


def test_every_round_times_each_call_by_the_clock() -> None:
    """A clock that only the calls move: 4 and 1 seconds, in whichever order a round goes, and never the warm-up's."""
    now = [0.0]

    def take(seconds: float) -> None:
        now[0] += seconds

    taken = latency.rounds([lambda: take(4), lambda: take(1)], 0.0, clock=lambda: now[0])
    assert taken.tolist() == [[4, 1]] * latency.ROUNDS[0]
    assert now[0] == 5 * (latency.ROUNDS[0] + latency.WARM_UP)
    assert len(latency.rounds([lambda: None], 1e9)) == latency.ROUNDS[1]


def test_a_batch_of_a_large_network_is_smaller() -> None:
    assert latency.batch_size(1) == 64
    assert latency.batch_size(latency.MACS // 5) == 4
    assert latency.batch_size(latency.MACS * 9) == 1


@pytest.fixture(scope="module")
def ticket() -> Ticket:
    """LeNet-300 on 8x8 images with a tenth of its weights."""
    model = build_model("lenet300", 10, (1, 8, 8), 0)
    masks = {name: torch.rand(weight.shape) < 0.1 for name, weight in prunable(model).items()}
    state = {name: value * masks[name] if name in masks else value for name, value in model.state_dict().items()}
    info = TicketInfo(shape=(1, 8, 8), classes=[str(digit) for digit in range(10)], mean=[0.0], std=[1.0])
    return Ticket(Recipe(model="lenet300", data="digits", criterion="random", sparsity=0.9), masks, state, info)


@pytest.fixture(scope="module")
def file(ticket: Ticket, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tickets") / "ticket.safetensors"
    ticket.save(path)
    return path


def test_zeros_make_nothing_faster(ticket: Ticket, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficiency, "smaller", lambda ticket: None)
    row = efficiency.Bench().measure(ticket, file).iloc[0]
    assert (row["speedup"], row["speedup_low"], row["speedup_high"]) == (1, 1, 1)
    assert row["latency_ms"] == row["dense_ms"]
    assert not row["shrunk"]
    assert (row["bytes_network"], row["peak_bytes"]) == (row["bytes_dense"], row["dense_peak_bytes"])
    # lenet300 on 8x8 digits is linear throughout, so that multiply-adds are weights
    assert row["macs_kept"] == ticket.kept
    assert row["kept_parameters"] == ticket.kept + 300 + 100 + 10
    assert row["bytes_ticket"] == file.stat().st_size < row["bytes_dense"]


def test_a_smaller_network_is_measured_as_it_runs(ticket: Ticket, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    monkeypatch.setattr(efficiency, "smaller", lambda ticket: small)
    # the dense network, then the smaller one, in seconds; the machine is slower in some rounds, for both
    drift = np.array([1, 2, 3, 1, 2, 1, 1, 4, 1])
    made_up = np.column_stack([0.004 * drift, 0.002 * drift * np.array([1, 1, 1, 2, 1, 1, 1, 1, 1])])
    shown = []

    def times(models: list[nn.Module], *_: object) -> np.ndarray:
        shown.append(models)
        return made_up

    monkeypatch.setattr(latency, "times", times)
    row = efficiency.Bench().measure(ticket, file).iloc[0]
    assert shown[0][1] is small
    assert row["shrunk"]
    assert row["peak_bytes"] == 4 * 650 + 4 * row["batch"] * 74  # images and logits
    assert row["bytes_network"] < row["bytes_dense"] / 20
    assert (row["dense_ms"], row["latency_ms"]) == (4, 4)
    assert row["latency_low"] <= row["latency_ms"] <= row["latency_high"]
    # the ratio is taken within each round, where the machine was as slow for both
    assert (row["speedup_low"], row["speedup"], row["speedup_high"]) == pytest.approx((2, 2, 2))
