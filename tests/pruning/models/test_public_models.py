"""Networks that public checkpoints come in, and their published sizes."""

import re

import pytest
import torch
from torch import nn

from pruning.errors import UserError
from pruning.models import MODELS, build_model, count_macs, prunable, skeleton
from pruning.models.cifar_resnet import Bottleneck
from pruning.models.preact import PreActBlock
from pruning.models.resnet import Block
from pruning.models.resnext import CifarResNeXt

CIFAR = (3, 32, 32)
PUBLISHED = {  # millions of parameters with ten classes, as printed
    "resnet110": "1.7",  # He et al. 2016, table 6
    "resnet1202": "19.4",
    "wrn16_8": "11.0",  # Zagoruyko & Komodakis 2016, tables 4 and 5
    "wrn28_10": "36.5",
    "wrn40_2": "2.2",
    "wrn40_4": "8.9",
    "vgg11_512": "9.76",  # the list of the public code
    "vgg13_512": "9.94",
    "vgg16_512": "15.25",
    "vgg19_512": "20.57",
}
EXACT = {  # parameters that users of the public code report
    "resnet20b": 272_474,
    "resnet56b": 855_770,
    "cifar_resnet18": 11_173_962,
    "cifar_resnet34": 21_282_122,
    "cifar_resnet50": 23_520_842,
    "preact_resnet18_plain": 11_171_146,
    "vgg16": 14_728_266,
    "vgg19": 20_040_522,
    "mobilenetv2": 2_296_922,
}
CHEAP = ("resnet20b", "preact_resnet18_plain", "wrn16_4", "mobilenetv2")


RESNEXT = {(8, 64): 34.4, (16, 64): 68.1}  # ResNeXt-29 of so many groups and channels, Xie et al. 2017, table 7


def parameters(model: nn.Module) -> int:
    """How many there are."""
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("name", "printed"), PUBLISHED.items())
def test_published_sizes(name: str, printed: str) -> None:
    digits = len(printed.partition(".")[2])
    assert f"{parameters(skeleton(name, 10, CIFAR)) / 1e6:.{digits}f}" == printed


@pytest.mark.parametrize(("form", "printed"), RESNEXT.items())
def test_published_sizes_of_resnext(form: tuple[int, int], printed: float) -> None:
    with torch.device("meta"):
        network = CifarResNeXt(29, form[0], form[1], 10, CIFAR)
    assert parameters(network) / 1e6 == pytest.approx(printed, abs=0.06)


@pytest.mark.parametrize(("name", "count"), EXACT.items())
def test_sizes_of_the_public_code(name: str, count: int) -> None:
    assert parameters(skeleton(name, 10, CIFAR)) == count


@pytest.mark.parametrize("name", [n for n in MODELS if re.search(r"^(cifar_)?resnet\d+b?$|^wrn", n)])
def test_the_depth_is_the_number_of_layers_in_a_row(name: str) -> None:
    depth = int(re.findall(r"\d+", name)[0])
    layers = [
        key
        for key, module in skeleton(name, 10, CIFAR).named_modules()
        if isinstance(module, (nn.Conv2d, nn.Linear)) and "shortcut" not in key.lower()
    ]
    # A wide network's depth counts, as its paper does, the first projection of each stage: 6n + 4.
    assert len(layers) == depth - (2 if name.startswith("wrn") else 0)


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if model.classifies_images])
def test_a_skeleton_has_the_names_and_shapes_of_the_network(name: str) -> None:
    if name in CHEAP:
        built = build_model(name, 7, (1, 32, 32), 0).state_dict()
        assert {k: v.shape for k, v in built.items()} == {
            k: v.shape for k, v in skeleton(name, 7, (1, 32, 32)).state_dict().items()
        }
    hollow = skeleton(name, 7, (1, 32, 32))
    assert {value.device.type for value in hollow.state_dict().values()} == {"meta"}
    assert list(prunable(hollow).values())[-1].shape[0] == 7


@pytest.mark.parametrize("name", CHEAP)
def test_a_seed_is_a_network_that_reads_images(name: str) -> None:
    first, second = (build_model(name, 7, (1, 20, 17), 3) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert first(torch.rand(2, 1, 20, 17)).shape == (2, 7)
    for key, weight in prunable(first, classifier=False).items():
        if weight.numel() > 10_000:
            expected = (2 / (weight.shape[0] * weight[0, 0].numel())) ** 0.5
            assert float(weight.detach().std()) / expected == pytest.approx(1, abs=0.05), key


def test_vgg_halves_five_times() -> None:
    model = build_model("vgg11", 4, CIFAR, 0).eval()
    x = torch.rand(1, *CIFAR)
    assert model.get_submodule("features")(x).shape == (1, 512, 1, 1)
    assert torch.equal(model(x), model.get_submodule("classifier")(model.get_submodule("features")(x).flatten(1)))
    with pytest.raises(UserError, match="at least 32x32"):
        build_model("vgg11", 4, (3, 31, 32), 0)


@pytest.mark.parametrize("block", [Block(4, 8, 2, True), Bottleneck(4, 2, 2), PreActBlock(4, 8, 2)])
def test_a_silent_block_is_its_projection(block: nn.Module) -> None:
    """Whose last convolution is zero passes on the projected input alone, activated before or after."""
    block.eval()
    convolutions = [module for key, module in block.named_modules() if re.fullmatch(r"conv\d", key)]
    nn.init.zeros_(convolutions[-1].weight)
    x = torch.randn(2, 4, 6, 6)
    shortcut = block.get_submodule("shortcut")
    before = torch.relu(x / (1 + 1e-5) ** 0.5)
    expected = shortcut(before) if isinstance(block, PreActBlock) else shortcut(x).relu()
    torch.testing.assert_close(block(x), expected)


def test_multiply_adds_of_a_wide_network() -> None:
    """5.2 billion for WRN-28-10 in the paper's table 6; the smaller one by hand."""
    stages = ((16, 64, 32), (64, 128, 16), (128, 256, 8))
    macs = 3 * 16 * 9 * 32**2 + 256 * 10
    for fan_in, width, size in stages:
        macs += size**2 * (9 * fan_in * width + 3 * 9 * width**2 + fan_in * width)
    assert count_macs(build_model("wrn16_4", 10, CIFAR, 0), CIFAR) == macs


def test_every_network_loads_plain_tensors() -> None:
    """MNASNet asks for a version beside them, which neither tickets nor checkpoints keep."""
    model = build_model("torchvision/mnasnet0_5", 5, CIFAR, 0)
    plain = dict(build_model("torchvision/mnasnet0_5", 5, CIFAR, 1).state_dict())
    model.load_state_dict(plain)
    assert torch.equal(model.state_dict()["classifier.1.weight"], plain["classifier.1.weight"])
