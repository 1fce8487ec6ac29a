"""Channels in the order in which N:M keeps the most: against all orders, and with the same function."""

from itertools import combinations, permutations

import pytest
import torch
from torch import Tensor, nn

from pruning.granularity.pattern import best_of_each_group
from pruning.models import prunable
from pruning.shrink.channel_order import reordered
from pruning.shrink.pattern_order import grouped, kept_magnitude, pattern_order


def kept(lines: Tensor, order: Tensor, n: int, m: int) -> float:
    return float(lines[:, order].view(len(lines), -1, m).sort(dim=2).values[:, :, m - n :].sum())


def partitions(columns: tuple[int, ...], m: int) -> list[list[int]]:
    """All ways to put columns into groups of m."""
    if not columns:
        return [[]]
    return [
        [columns[0], *others, *rest]
        for others in combinations(columns[1:], m - 1)
        for rest in partitions(tuple(each for each in columns[1:] if each not in others), m)
    ]


@pytest.mark.parametrize(
    ("count", "n", "m", "share"), [(8, 2, 4, 1.0), (6, 1, 3, 1.0), (8, 1, 2, 0.99), (12, 2, 4, 0.98)]
)
def test_against_all_groupings(count: int, n: int, m: int, share: float) -> None:
    """Two groups are parted in the best of all ways; more of them two at a time, which comes near."""
    source = torch.Generator().manual_seed(0)
    for _ in range(2):
        lines = torch.randn(5, count, generator=source).abs() * torch.rand(count, generator=source)
        order = grouped(lines, (n, m))
        assert sorted(order.tolist()) == list(range(count))
        best = max(kept(lines, torch.tensor(each), n, m) for each in partitions(tuple(range(count)), m))
        found, plain = kept(lines, order, n, m), kept(lines, torch.arange(count), n, m)
        assert share * best - 1e-5 <= found <= best + 1e-5
        assert found > plain


def test_larger_groups_change_single_inputs_and_what_does_not_divide_stays() -> None:
    lines = torch.cat([torch.ones(3, 8), torch.zeros(3, 8)], dim=1)
    order = grouped(lines, (4, 8))
    assert kept(lines, order, 4, 8) == 24.0
    assert torch.equal(grouped(torch.rand(3, 10), (2, 4)), torch.arange(10))


def test_a_tiny_network_against_all_orders_of_its_hidden_channels() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 4)).eval()
    channels, order = pattern_order(network, (1, 2, 2), (1, 3))
    last = {"3.weight": network.get_parameter("3.weight").detach()}
    best = max(kept_magnitude({"": last["3.weight"][:, list(each)]}, (1, 3)) for each in permutations(range(6)))
    found, _ = reordered(network, {}, channels, order)
    assert kept_magnitude({"": found.get_parameter("3.weight")}, (1, 3)) == pytest.approx(best, rel=1e-6)


class Residual(nn.Module):
    """Convolutions in a residual stream, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.inner, self.outer = nn.Conv2d(8, 12, 3, padding=1), nn.Conv2d(12, 8, 1)
        self.last = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        stream = self.norm(self.stem(x)).relu()
        stream = stream + self.outer(self.inner(stream).relu())
        out: Tensor = self.last(stream.mean(dim=(2, 3)))
        return out


def test_the_function_stays_and_more_is_kept() -> None:
    torch.manual_seed(0)
    network, shape = Residual().eval(), (3, 6, 6)
    with torch.no_grad():
        for weight in prunable(network).values():  # inputs of unlike size, as in trained networks
            scale = torch.rand(weight.shape[1], generator=torch.Generator().manual_seed(1))
            weight.mul_(scale.view(1, -1, *[1] * (weight.ndim - 2)))
    channels, order = pattern_order(network, shape, (2, 4))
    moved, _ = reordered(network, {}, channels, order)
    images = torch.randn(2, *shape, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        torch.testing.assert_close(moved(images), network(images), rtol=1e-4, atol=1e-5)
    before, after = (kept_magnitude(prunable(each), (2, 4), each) for each in (network, moved))
    assert after > before + 0.001
    masks = best_of_each_group({key: each.detach().abs() for key, each in prunable(moved).items()}, (2, 4), moved)
    back, there = reordered(moved, masks, channels, order.argsort())
    assert all(torch.equal(value, back.state_dict()[key]) for key, value in network.state_dict().items())
    again = reordered(back, there, channels, order)[1]
    assert all(torch.equal(again[key], mask) for key, mask in masks.items())
