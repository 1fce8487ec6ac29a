"""The smaller network against the masked one: the same logits, fewer parameters, fewer multiply-adds."""

import copy

import pytest
import torch
from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm

from pruning.granularity.dead_channels import dead_channel_masks
from pruning.masks import Masks, make_masks
from pruning.models import build_model, count_macs, find_classifier, prunable
from pruning.shrink import shrink, why_not

SHAPE = (3, 16, 16)


def network(name: str, shape: tuple[int, int, int] = SHAPE) -> nn.Module:
    """A network in which biases and batch statistics are anything but 0 and 1."""
    model = build_model(name, 10, shape, 0)
    source = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, _BatchNorm) and module.running_mean is not None and module.running_var is not None:
                module.running_mean.normal_(generator=source)
                module.running_var.uniform_(0.5, 2, generator=source)
                module.weight.normal_(generator=source)
            if isinstance(getattr(module, "bias", None), Tensor):
                module.bias.normal_(generator=source)  # type: ignore[operator]
    return model.eval()


def masked(model: nn.Module, masks: Masks) -> nn.Module:
    """A copy with the weights at zero."""
    twin = copy.deepcopy(model)
    parameters = dict(twin.named_parameters())
    with torch.no_grad():
        for name, mask in masks.items():
            parameters[name].mul_(mask)
    return twin


def images(shape: tuple[int, int, int] = SHAPE) -> Tensor:
    """Three of them."""
    return torch.randn(3, *shape, generator=torch.Generator().manual_seed(2))


def size(model: nn.Module) -> int:
    """Numbers in the state dict."""
    return sum(value.numel() for value in model.state_dict().values())


@torch.no_grad()
def assert_same_but_smaller(model: nn.Module, masks: Masks, shape: tuple[int, int, int] = SHAPE) -> nn.Module:
    """The smaller network, after a look at everything that is promised of it."""
    expected = masked(model, masks)(images(shape))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = shrink(model, masks, shape)
    assert found is not None
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    torch.testing.assert_close(found(images(shape)), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    assert size(found) < size(model)
    assert set(found.state_dict()) <= set(model.state_dict()) | {
        key for key in found.state_dict() if key.endswith("bias") or key.startswith("constant_of_")
    }
    assert count_macs(found, shape) < count_macs(model, shape)
    assert find_classifier(found).name == find_classifier(model).name
    return found


def filters(model: nn.Module, sparsity: float) -> Masks:
    """Masks without the smallest filters."""
    scores = {name: weight.detach().abs() for name, weight in prunable(model).items()}
    return make_masks(scores, sparsity, "layer", "filter", model=model)


@pytest.mark.parametrize("quiet", [True, False])
@pytest.mark.parametrize("name", ["lenet300", "lenet5", "conv2", "resnet20"])
def test_our_networks(name: str, quiet: bool) -> None:
    model = network(name)
    masks = filters(model, 0.5)
    found = assert_same_but_smaller(model, masks | (dead_channel_masks(model, masks, SHAPE) if quiet else {}))
    if quiet and name == "resnet20":
        # inner channels of every block are gone exactly as masked
        for key, mask in masks.items():
            if key.endswith("conv1.weight") and "layer" in key:
                assert found.get_parameter(key).shape[0] == int(mask.flatten(1).any(1).sum())


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "squeezenet1_1"])
def test_torchvision(name: str) -> None:
    shape = (3, 32, 32)
    model = network(f"torchvision/{name}", shape)
    masks = filters(model, 0.5)
    assert_same_but_smaller(model, masks | dead_channel_masks(model, masks, shape), shape)


@pytest.mark.parametrize("quiet", [True, False])
def test_a_removed_block_is_gone(quiet: bool) -> None:
    model = network("resnet20")
    masks = {name: torch.zeros_like(w, dtype=torch.bool) for name, w in prunable(model).items() if "layer2.1." in name}
    found = assert_same_but_smaller(model, masks | (dead_channel_masks(model, masks, SHAPE) if quiet else {}))
    assert isinstance(found, fx.GraphModule)
    assert not any("layer2.1." in name for name in found.state_dict())
    assert not any("layer2.1" in str(node.target) or "layer2_1" in node.name for node in found.graph.nodes)
    assert not any("layer2.1" in name for name, _ in found.named_modules())
    if quiet:
        # two 3x3 convolutions of 32 channels at 8x8 places, with a batch norm each, and nothing else
        assert sum(value.numel() for value in model.parameters()) - sum(
            value.numel() for value in found.parameters()
        ) == 2 * (9 * 32 * 32 + 2 * 32)
        assert count_macs(model, SHAPE) - count_macs(found, SHAPE) == 2 * 9 * 32 * 32 * 8 * 8


def test_nothing_to_gain() -> None:
    model = network("lenet300")
    assert shrink(model, {}, SHAPE) is None
    assert "every layer stays" in why_not(model, {}, SHAPE)


class Fickle(nn.Module):
    """Looks at its input to decide what to do."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = x.mean(dim=(2, 3))
        return self.fc(x if x.sum() > 0 else -x)


def test_what_cannot_be_traced_is_said() -> None:
    assert shrink(Fickle(), {}, SHAPE) is None
    assert "cannot be traced" in why_not(Fickle(), {}, SHAPE)


def test_single_weights_that_empty_a_channel_count_too() -> None:
    model = network("lenet5")
    masks = {name: torch.ones_like(w, dtype=torch.bool) for name, w in prunable(model).items()}
    masks["conv2.weight"][:, 4] = False  # nobody reads channel 4 of the first convolution
    found = assert_same_but_smaller(model, masks)
    assert found.get_parameter("conv1.weight").shape[0] == 5


def test_a_constant_before_zero_padding_stays() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 3, padding=1), nn.Flatten(), nn.Linear(980, 10)).eval()
    mask = torch.ones(4, 3, 3, 3, dtype=torch.bool)
    mask[1] = False
    assert shrink(model, {"0.weight": mask}, SHAPE) is None
    model[1] = nn.Conv2d(4, 5, 3)
    model[3] = nn.Linear(720, 10)
    assert_same_but_smaller(model, {"0.weight": mask})
