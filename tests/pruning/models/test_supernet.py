"""The supernet: its branches, and what a cut channel or branch takes with it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pruning.finders.base import apply_masks
from pruning.finders.branch_search import prices
from pruning.models import build_model, count_macs
from pruning.models.counting import weight_uses
from pruning.models.supernet import Branch, Cell, Place, branches
from pruning.shrink import shrink

DIGITS, CIFAR = (1, 8, 8), (3, 32, 32)


def network(name: str = "supernet_small", shape: tuple[int, int, int] = DIGITS) -> nn.Module:
    """A network whose batch norms are no identity, in evaluation mode."""
    model = build_model(name, 10, shape, 0)
    source = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.copy_(torch.rand(module.weight.shape, generator=source) + 0.5)
                module.bias.copy_(torch.randn(module.bias.shape, generator=source))
                assert module.running_mean is not None
                module.running_mean.copy_(torch.randn(module.bias.shape, generator=source) / 4)
    return model.double().eval()


def images(shape: tuple[int, int, int] = DIGITS) -> Tensor:
    """Three random images."""
    return torch.randn(3, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_cell_is_the_sum_of_its_branches_and_the_skip() -> None:
    cell = Cell(4, 6, 8).double().eval()
    maps = torch.randn(2, 4, 5, 5, dtype=torch.float64)
    total = cell.skip(maps) + sum(cell.get_submodule(f"k{kernel}")(maps) for kernel in (3, 5, 7))
    assert torch.allclose(cell(maps), cell.norm(total).relu())


def test_a_cut_branch_takes_its_own_contribution_and_no_more() -> None:
    model = network()
    seen: dict[str, Tensor] = {}
    cell, branch = model.get_submodule("stages.1.1"), model.get_submodule("stages.1.1.k5")
    cell.get_submodule("norm").register_forward_hook(lambda module, given, out: seen.update(total=given[0]))
    branch.register_forward_hook(lambda module, given, out: seen.update(part=out))
    model(images())
    before, part = seen["total"], seen["part"]
    assert isinstance(branch, Branch)
    masks = branch.cut(torch.zeros(16, dtype=torch.bool))
    apply_masks(model, {f"stages.1.1.k5.{name}": mask for name, mask in masks.items()})
    model(images())
    assert bool(part.abs().max() > 0.01)
    assert torch.equal(seen["part"], torch.zeros_like(part))
    assert torch.allclose(seen["total"], before - part)


@settings(deadline=None, max_examples=8)
@given(st.lists(st.lists(st.booleans(), min_size=16, max_size=16), min_size=6, max_size=6))
def test_what_is_cut_is_left_out_of_the_smaller_network(kept: list[list[bool]]) -> None:
    model = network()
    masks: dict[str, Tensor] = {}
    for (name, branch), left in zip(branches(model).items(), kept, strict=True):
        masks |= {f"{name}.{key}": mask for key, mask in branch.cut(torch.tensor(left)).items()}
    apply_masks(model, masks)
    small = shrink(model, {name: mask for name, mask in masks.items() if mask.ndim > 1}, DIGITS)
    if all(all(left) for left in kept):
        assert small is None
        return
    assert small is not None
    assert torch.allclose(small(images()), model(images()), rtol=1e-4, atol=1e-5)
    widths = {name: module.out_channels for name, module in small.named_modules() if name.endswith("depthwise")}
    assert widths == {
        f"{name}.depthwise": sum(left) for name, left in zip(branches(model), kept, strict=True) if any(left)
    }


@pytest.mark.parametrize(
    ("name", "shape", "sides"),
    [("supernet_small", DIGITS, (8, 4)), ("supernet", CIFAR, (32, 16, 8)), ("supernet", DIGITS, (8, 4, 4))],
)
def test_the_price_of_a_channel_by_hand(name: str, shape: tuple[int, int, int], sides: tuple[int, ...]) -> None:
    """Each pixel: the widening, the kernel and the narrowing of one channel."""
    model = build_model(name, 10, shape, 0)
    found = branches(model)
    assert len(found) == 3 * len(sides)
    asked = prices(found, weight_uses(model, shape))
    for key, branch in found.items():
        place = Place.of(key)
        fan_in, fan_out = branch.expand.in_channels, branch.project.out_channels
        assert asked[key] == pytest.approx(sides[place.cell] ** 2 * (fan_in + place.kernel**2 + fan_out))
    rest = count_macs(model, shape) - sum(asked[key] * branch.gate.num_features for key, branch in found.items())
    assert rest > 0


def test_a_network_without_branches_has_none() -> None:
    assert branches(build_model("lenet300", 10, DIGITS, 0)) == {}
    assert all(isinstance(branch, Branch) for branch in branches(network()).values())
