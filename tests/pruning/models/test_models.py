"""Networks: their published sizes, the parts that are found in them, and what is said when images do not fit."""

import re
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.models import build_model, count_macs, features_and_logits, find_classifier, prunable
from pruning.models.resnet import Block

MNIST, CIFAR = (1, 28, 28), (3, 32, 32)
SMALL = ("lenet300", "lenet5", "conv2", "conv4", "conv6", "resnet20", "resnet32", "resnet44", "resnet56")
"""The networks of the lottery-ticket papers, cheap to build; `test_public_models.py` has the others."""
TORCHVISION = ("torchvision/resnet18", "torchvision/mobilenet_v3_small", "torchvision/squeezenet1_1")


def weights(name: str, shape: tuple[int, int, int], classes: int = 10) -> dict[str, tuple[int, ...]]:
    """The shapes of a network's prunable weights."""
    return {key: tuple(value.shape) for key, value in prunable(build_model(name, classes, shape, 0)).items()}


def size(shapes: dict[str, tuple[int, ...]]) -> int:
    """Number of weights."""
    return sum(torch.Size(shape).numel() for shape in shapes.values())


def images(shape: tuple[int, int, int], count: int = 3) -> Tensor:
    """Random images."""
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(0))


# --- published sizes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("lenet300", MNIST, 784 * 300 + 300 * 100 + 100 * 10),  # 266,200
        ("lenet5", MNIST, 150 + 2400 + 400 * 120 + 120 * 84 + 84 * 10),  # 61,470
        ("conv2", CIFAR, 38_592 + 64 * 256 * 256 + 256 * 256 + 2560),  # "38K" convolutional, "4.3M" in all
        ("conv4", CIFAR, 259_776 + 128 * 64 * 256 + 256 * 256 + 2560),  # "260K", "2.4M"
        ("conv6", CIFAR, 1_144_512 + 256 * 16 * 256 + 256 * 256 + 2560),  # "1.1M"
        ("cnn32", (1, 8, 8), 288 + 2 * 9216 + 32 * 2 * 2 * 10),  # 20,000
    ],
)
def test_weights_of_the_small_networks(name: str, shape: tuple[int, int, int], expected: int) -> None:
    assert size(weights(name, shape)) == expected


@pytest.mark.parametrize(("name", "expected"), [("conv2", 38_592), ("conv4", 259_776), ("conv6", 1_144_512)])
def test_convolutional_weights_of_frankle_and_carbin(name: str, expected: int) -> None:
    """Figure 2 of the paper prints 38K, 260K and 1.1M."""
    found = {key: shape for key, shape in weights(name, CIFAR).items() if key.startswith("conv")}
    assert len(found) == int(name[-1])
    assert size(found) == expected


@pytest.mark.parametrize(
    ("name", "parameters", "published"),
    [
        ("resnet20", 269_722, 0.27),
        ("resnet32", 464_154, 0.46),
        ("resnet44", 658_586, 0.66),
        ("resnet56", 853_018, 0.85),
    ],
)
def test_parameters_of_the_resnets(name: str, parameters: int, published: float) -> None:
    """Table 6 of He et al. 2016 prints 0.27, 0.46, 0.66 and 0.85 million."""
    model = build_model(name, 10, CIFAR, 0)
    found = sum(parameter.numel() for parameter in model.parameters())
    assert found == parameters
    assert round(found / 1e6, 2) == published
    layers = [module for module in model.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    assert len(layers) == int(name.removeprefix("resnet"))


def test_resnet_parameters_are_named_as_in_public_weights() -> None:
    found = set(build_model("resnet20", 10, CIFAR, 0).state_dict())
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    places = ["", *(f"layer{stage}.{block}." for stage, block in product((1, 2, 3), range(3)))]
    expected = {"linear.weight", "linear.bias"}
    for place in places:
        for number in (1,) if place == "" else (1, 2):
            expected |= {f"{place}conv{number}.weight", *(f"{place}bn{number}.{part}" for part in norm)}
    assert found == expected


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("lenet300", MNIST, 266_200),
        ("lenet5", MNIST, 28 * 28 * 150 + 10 * 10 * 2400 + 58_920),
        ("resnet20", CIFAR, 40_551_040),  # the 41 million of the public lists
    ],
)
def test_multiply_adds(name: str, shape: tuple[int, int, int], expected: int) -> None:
    assert count_macs(build_model(name, 10, shape, 0), shape) == expected


def test_multiply_adds_of_grouped_and_transposed_convolutions() -> None:
    model = nn.Sequential(nn.Conv2d(4, 8, 3, groups=2, bias=False), nn.ConvTranspose2d(8, 2, 2, stride=2))
    # 3x3 outputs of 8 maps from 2 maps each; then each of 3x3x8 inputs meets 2 maps of 2x2
    assert count_macs(model, (4, 5, 5)) == 3 * 3 * 8 * 2 * 9 + 3 * 3 * 8 * 2 * 4


def test_multiply_adds_of_attention() -> None:
    class Attend(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(6, 2, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            tokens = x.flatten(2).transpose(1, 2)
            return self.attention(tokens, tokens, tokens)[0]

    # the projections of 4 tokens, and each token's six numbers against and by those of all four
    assert count_macs(Attend(), (6, 2, 2)) == 4 * (3 * 6 * 6 + 6 * 6) + 2 * 4 * 4 * 6


def test_macs_of_a_network_that_computes_with_other_tensors() -> None:
    """A wrapper that puts masked weights in place of the parameters costs what the network inside it does."""

    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = build_model("lenet5", 10, (1, 28, 28), 0)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            doubled = {name: 2 * value for name, value in self.inner.named_parameters()}
            logits: torch.Tensor = torch.func.functional_call(self.inner, doubled, (x,))
            return logits

    model = Masked()
    assert count_macs(model, (1, 28, 28)) == count_macs(model.inner, (1, 28, 28)) > 0


def test_counting_leaves_the_network_alone() -> None:
    model = build_model("resnet20", 10, CIFAR, 0)
    model.get_submodule("layer2").eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    count_macs(model, CIFAR)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


# --- building --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*SMALL, "torchvision/resnet18"])
def test_a_seed_is_a_network_and_the_global_state_is_left_alone(name: str) -> None:
    torch.manual_seed(7)
    state = torch.get_rng_state()
    first = build_model(name, 5, CIFAR, 3)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(8)
    second, other = build_model(name, 5, CIFAR, 3).state_dict(), build_model(name, 5, CIFAR, 4).state_dict()
    assert all(torch.equal(value, second[key]) for key, value in first.state_dict().items())
    assert all(not torch.equal(value, other[key]) for key, value in prunable(first).items())
    assert first.training
    assert all(parameter.requires_grad for parameter in first.parameters())


@pytest.mark.parametrize("name", [name for name in SMALL if not name.startswith("resnet")])
def test_small_networks_start_from_glorots_normal(name: str) -> None:
    model = build_model(name, 10, MNIST, 0)
    for key, weight in prunable(model).items():
        receptive = weight[0, 0].numel()
        expected = (2 / (receptive * (weight.shape[0] + weight.shape[1]))) ** 0.5
        assert weight.mean().abs() < 5 * expected / weight.numel() ** 0.5, key
        assert float(weight.detach().std()) / expected == pytest.approx(1, abs=5 / (2 * weight.numel()) ** 0.5), key
        assert not model.get_parameter(key.replace("weight", "bias")).any()


def test_resnets_start_as_he_says() -> None:
    model = build_model("resnet20", 10, CIFAR, 0)
    weight = model.get_parameter("layer3.2.conv1.weight")
    assert float(weight.detach().std()) / (2 / (9 * 64)) ** 0.5 == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("shape", [(1, 13, 17), (3, 32, 32)])
def test_other_sizes_and_class_numbers_fit(name: str, shape: tuple[int, int, int]) -> None:
    assert build_model(name, 7, shape, 0)(images(shape)).shape == (3, 7)


def test_option_a_shortcut() -> None:
    """A block whose convolutions are silent gives every second pixel, between four channels of zeros on each side."""
    block = Block(8, 16, stride=2).eval()
    nn.init.zeros_(block.bn2.weight)
    x = torch.rand(2, 8, 5, 6)
    expected = torch.zeros(2, 16, 3, 3)
    expected[:, 4:12] = x[:, :, 0:5:2, 0:6:2]
    assert torch.equal(block(x), expected)
    same = Block(8, 8, stride=1).eval()
    nn.init.zeros_(same.bn2.weight)
    assert torch.equal(same(x), x)


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_networks_read_grey_images(name: str) -> None:
    model = build_model(name, 4, (1, 32, 32), 0).eval()
    assert model(images((1, 32, 32))).shape == (3, 4)
    assert next(iter(prunable(model).values())).shape[1] == 1


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", never)
    monkeypatch.setattr("urllib.request.urlopen", never)
    for name in TORCHVISION:
        build_model(name, 10, CIFAR, 0)


@pytest.mark.parametrize(
    ("name", "shape", "hint"),
    [
        ("resnt20", CIFAR, "'resnet20'"),
        ("lenet", CIFAR, "'lenet"),
        ("torchvision/resnet19", CIFAR, "'torchvision/resnet18'"),
        ("torchvision/", CIFAR, "torchvision/resnet18"),
        ("lenet5", (1, 11, 28), "at least 12x12"),
        ("conv6", (3, 32, 7), "at least 8x8"),
        ("cnn32", (1, 3, 8), "at least 4x4"),
        ("torchvision/inception_v3", CIFAR, "32x32 pixels"),
        ("torchvision/vit_b_16", (3, 32, 48), "square"),
    ],
)
def test_what_cannot_be_built_is_one_sentence(name: str, shape: tuple[int, int, int], hint: str) -> None:
    state = torch.get_rng_state()
    with pytest.raises(UserError, match=re.escape(hint)) as caught:
        build_model(name, 10, shape, 0)
    assert "\n" not in str(caught.value)
    assert torch.equal(torch.get_rng_state(), state)


# --- the parts that are found ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*SMALL, *TORCHVISION])
def test_logits_are_the_classifier_applied_to_the_features(name: str) -> None:
    model = build_model(name, 10, CIFAR, 0).eval()
    layer = model.get_submodule(find_classifier(model).name)
    assert isinstance(layer, nn.Linear)
    nn.init.normal_(layer.bias)
    x = images(CIFAR)
    with torch.no_grad():
        features, logits = features_and_logits(model, x)
        assert torch.equal(logits, model(x))
    assert features.shape == (3, layer.in_features)
    torch.testing.assert_close(F.linear(features, layer.weight, layer.bias), logits)
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_half_precision_features_are_widened() -> None:
    model = build_model("lenet300", 10, MNIST, 0).bfloat16()
    features, logits = features_and_logits(model, images(MNIST).bfloat16())
    assert features.dtype == logits.dtype == torch.float32


@pytest.mark.parametrize(
    ("name", "expected"),
    [("lenet5", "fc3"), ("resnet20", "linear"), (TORCHVISION[0], "fc"), (TORCHVISION[2], "classifier.1")],
)
def test_the_classifier_is_the_layer_that_gives_the_logits(name: str, expected: str) -> None:
    found = find_classifier(build_model(name, 6, CIFAR, 0))
    assert (found.name, found.weight, found.classes) == (expected, f"{expected}.weight", 6)


@pytest.mark.parametrize("name", [*SMALL, *TORCHVISION])
def test_prunable_are_the_matrices_and_kernels_in_the_order_of_the_state(name: str) -> None:
    model = build_model(name, 10, CIFAR, 0)
    found = prunable(model)
    state = dict(model.named_parameters())
    assert list(found) == [key for key, value in state.items() if value.ndim > 1]
    assert all(found[key] is state[key] for key in found)
    classifier = find_classifier(model).weight
    assert list(prunable(model, classifier=False)) == [key for key in found if key != classifier]


def test_a_shared_weight_is_listed_once() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    model[2].weight = model[0].weight
    assert list(prunable(model)) == ["0.weight"]


def test_attention_and_embeddings() -> None:
    model = nn.ModuleDict({"words": nn.Embedding(5, 8), "attend": nn.MultiheadAttention(8, 2), "norm": nn.LayerNorm(8)})
    assert list(prunable(model)) == ["attend.in_proj_weight", "attend.out_proj.weight"]
