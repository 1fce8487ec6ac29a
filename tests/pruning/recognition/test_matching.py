"""A network whose tensors are renamed and listed otherwise is found again, tensor by tensor, or not at all."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.models import build_model
from pruning.recognition import match, recognise, refuse_negative_variances, report
from pruning.recognition.__main__ import signature
from pruning.recognition.signatures import _parsed, _table, fitting
from tests.pruning.recognition import schemes
from tests.pruning.recognition.schemes import Keys, State, hollow

CIFAR = (3, 32, 32)
SMALL = ("lenet300", "lenet5", "conv2", "conv6", "resnet20", "vgg11", "vgg11_512")
BLOCKS = ("resnet20b", "cifar_resnet18", "cifar_resnet50", "preact_resnet18", "preact_resnet18_plain", "wrn16_4")
ORDERS: dict[str, Callable[[list[str]], Keys]] = {
    "synonyms": schemes.synonyms,
    "from zero": schemes.from_zero,
    "arbitrary": schemes.arbitrary,
    "shortcut first": schemes.shortcut_first,
    "norms last": schemes.norms_last,
    "nameless, shortcut first": schemes.nameless(schemes.shortcut_first),
    "nameless, norms last": schemes.nameless(schemes.norms_last),
    "nameless, all norms last": schemes.all_norms_last,
    "sorted": schemes.by_name,
}


def renamed(original: State, scheme: Callable[[list[str]], Keys]) -> State:
    """The same tensors under other names, in another order."""
    return {theirs: original[ours] for theirs, ours in scheme(list(original)).items()}


@pytest.mark.parametrize("name", [*SMALL, *BLOCKS, "mobilenetv2", "resnet110"])
def test_every_tensor_is_found_under_every_scheme(name: str) -> None:
    """Tensors are told apart by where they lie in memory, so one in the wrong place cannot pass."""
    original = hollow(name)
    for label, scheme in ORDERS.items():
        theirs = renamed(original, scheme)
        found = match(theirs, name, 10, CIFAR).apply(theirs)
        assert list(found) == list(original)
        wrong = [key for key in original if found[key].data_ptr() != original[key].data_ptr()]
        assert not wrong, label


@pytest.mark.parametrize("name", ["lenet5", "resnet20b", "preact_resnet18_plain", "mobilenetv2"])
def test_the_recognised_network_computes_the_same(name: str) -> None:
    network = build_model(name, 10, CIFAR, 1).eval()
    generator = torch.Generator().manual_seed(0)
    for norm in (module for module in network.modules() if isinstance(module, nn.BatchNorm2d)):
        for values in (norm.running_mean, norm.running_var, norm.weight.data, norm.bias.data):
            assert values is not None
            values.copy_(torch.rand(values.shape, generator=generator) + 0.5)
    images = torch.randn(2, *CIFAR, generator=generator)
    theirs = renamed(network.state_dict(), schemes.nameless(schemes.shortcut_first))
    found = recognise(theirs, 10, CIFAR)
    assert found.model == name
    ours = build_model(name, 10, CIFAR, 2).eval()
    ours.load_state_dict(found.apply(theirs))
    with torch.no_grad():
        assert torch.equal(ours(images), network(images))


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "vgg11_bn", "mobilenet_v2", "squeezenet1_1", "vit_b_32"])
def test_networks_of_torchvision_are_found(name: str) -> None:
    original = hollow(f"torchvision/{name}", 10, (3, 64, 64))
    for scheme in (schemes.synonyms, schemes.from_zero, schemes.arbitrary):
        theirs = renamed(original, scheme)
        found = recognise(theirs, 10, (3, 64, 64))
        assert found.model == f"torchvision/{name}"
        back = found.apply(theirs)
        assert all(back[key].data_ptr() == original[key].data_ptr() for key in original)


def test_names_that_say_nothing_of_weight_and_bias() -> None:
    original = {key: torch.rand(tensor.shape) for key, tensor in hollow("resnet20").items() if tensor.ndim}
    theirs = renamed(original, schemes.bare)
    back = recognise(theirs, 10, CIFAR).apply(theirs)
    assert all(torch.equal(back[key], original[key]) for key in original)
    swapped = dict(theirs)
    mean, variance = list(theirs)[3:5]
    swapped[mean], swapped[variance] = theirs[variance], theirs[mean] - 1
    with pytest.raises(UserError):
        recognise(swapped, 10, CIFAR)


def test_what_is_missing_without_loss_is_zero_and_what_is_beside_is_not_used() -> None:
    original = {key: torch.rand(tensor.shape) for key, tensor in hollow("vgg11").items()}
    theirs = {key: tensor for key, tensor in original.items() if not re.search(r"tracked|features\.\d+\.bias", key)}
    norms = [key for key in original if key.endswith("running_mean")]
    theirs |= {key.replace("running_mean", "bias"): original[key.replace("running_mean", "bias")] for key in norms}
    extra = {"mu": torch.zeros(1, 3, 1, 1), "normalize.std": torch.ones(3), "features.0.total_ops": torch.zeros(1)}
    found = recognise({**extra, **theirs}, 10, CIFAR)
    assert found.model == "vgg11"
    assert found.exact
    assert set(found.unused) == set(extra)
    assert set(found.defaulted) == set(original) - set(theirs)
    applied = found.apply(theirs)
    assert not any(applied[key].any() for key in found.defaulted)
    assert applied["features.1.num_batches_tracked"].dtype == torch.int64


def test_the_unused_first_block_of_robustbench_is_left_out() -> None:
    original = {key: torch.rand(tensor.shape) for key, tensor in hollow("wrn16_4").items() if "tracked" not in key}
    first = next(key for key in original if key.split(".")[0].endswith("1") and key.count(".") > 2).split(".")[0]
    copy = {key.replace(first, "sub_block1", 1): torch.rand(t.shape) for key, t in original.items() if first in key}
    found = recognise({**original, **copy}, 10, CIFAR)
    assert found.model == "wrn16_4"
    assert set(found.unused) == set(copy)
    assert f"Not used: sub_block1.* ({len(copy)} tensors)." in report(found)


def test_negative_variances_are_no_variances() -> None:
    state = {key: torch.ones(tensor.shape, dtype=tensor.dtype) for key, tensor in hollow("resnet20").items()}
    name = next(key for key in state if key.endswith("running_var"))
    state[name][3] = -0.5
    for scheme in (schemes.synonyms, schemes.arbitrary):
        theirs = renamed(state, scheme)
        with pytest.raises(UserError, match=r"running variance of a batch norm, and 1 of its 16 values are negative"):
            refuse_negative_variances(recognise(theirs, 10, CIFAR), theirs)


def test_masks_go_the_same_way_and_the_report_says_which() -> None:
    original = hollow("resnet20b")
    theirs = renamed(original, schemes.synonyms)
    found = recognise(theirs, 10, CIFAR)
    mask = torch.rand(32, 16, 1, 1) > 0.5
    assert list(found.rename({"layer2.0.downsample.0.weight": mask})) == ["layer2.0.shortcut.0.weight"]
    lines = report(found)
    assert lines[0].startswith(f"{len(original) - 14} of {len(original)} tensors")
    assert "layer2.0.downsample.1 -> layer2.0.shortcut.1" in lines
    assert "fc -> linear" in lines
    assert len(lines) == 6


# --- what cannot be told ---------------------------------------------------------------------------------------------


def test_a_shuffled_file_without_names_is_refused() -> None:
    original = hollow("resnet20")
    layers = sorted({key.rpartition(".")[0] for key in original}, key=schemes.code)
    keys = schemes.arbitrary([key for layer in layers for key in original if key.rpartition(".")[0] == layer])
    theirs = {theirs: original[ours] for theirs, ours in keys.items()}
    with pytest.raises(UserError, match="could be any of"):
        match(theirs, "resnet20", 10, CIFAR)


def test_several_networks_with_the_same_tensors_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    state = hollow("resnet20")
    monkeypatch.setattr("pruning.recognition.known_networks.fitting", lambda _: [("resnet20", {}), ("resnet20", {})])
    with pytest.raises(UserError, match=r"several networks .*resnet20, resnet20.*--model NAME"):
        recognise(state, 10, CIFAR)
    assert recognise(state, 10, CIFAR, "resnet20").exact


def changed(**tensors: Tensor) -> State:
    """A ResNet-20 with some tensors replaced or added."""
    return {**hollow("resnet20"), **{key.replace("__", "."): value for key, value in tensors.items()}}


@pytest.mark.parametrize(
    ("state", "classes", "shape", "model", "hint"),
    [
        (hollow("resnet20", 100), 10, CIFAR, None, "is for 100 classes, the data set has 10"),
        (hollow("resnet20", 100), 10, CIFAR, "resnet20", "is for 100 classes, the data set has 10"),
        (hollow("resnet20"), 10, (1, 28, 28), None, "images of 3 channels, the data set has 1"),
        (hollow("resnet20"), 10, (1, 28, 28), "resnet20", "images of 3 channels, the data set has 1"),
        (hollow("resnet20"), 10, CIFAR, "resnet32", "it lacks"),
        (hollow("resnet32"), 10, CIFAR, "resnet20", "'layer1.3.conv1.weight'"),
        (changed(layer1__0__conv1__weight=torch.zeros(16, 15, 3, 3)), 10, CIFAR, None, "none of the known networks"),
        (changed(more__weight=torch.zeros(4, 4)), 10, CIFAR, None, "--model path/to/file.py:factory"),
        (changed(layer1__0__conv1__bias=torch.zeros(16)), 10, CIFAR, None, "'layer1.0.conv1.bias'"),
        ({"a": torch.zeros(3)}, 10, CIFAR, None, "no weights"),
        ({}, 10, CIFAR, None, "no weights"),
    ],
)
def test_what_does_not_fit_is_one_sentence(
    state: State, classes: int, shape: tuple[int, int, int], model: str | None, hint: str
) -> None:
    with pytest.raises(UserError, match=re.escape(hint)) as caught:
        recognise(state, classes, shape, model)
    assert "\n" not in str(caught.value)


def test_a_network_of_the_users_own_is_matched(tmp_path: Path) -> None:
    line = "net = lambda num_classes: nn.Sequential(nn.Flatten(), nn.Linear(12, num_classes))"
    (tmp_path / "own.py").write_text(f"from torch import nn\n{line}\n")
    state = {"fc.weight": torch.rand(5, 12), "fc.bias": torch.rand(5)}
    found = recognise(state, 5, (3, 2, 2), f"{tmp_path}/own.py:net")
    assert found.pairs == (("fc.weight", "1.weight"), ("fc.bias", "1.bias"))


@pytest.mark.parametrize("name", [*SMALL, *BLOCKS, "torchvision/resnet18", "torchvision/regnet_x_400mf"])
def test_the_table_of_shapes_is_up_to_date(name: str) -> None:
    """`python -m pruning.recognition --check` does the same for every network."""
    entry = signature(name)
    assert entry
    assert _table()[name] == _parsed(entry)
    state = hollow(name, 6, (3, 64, 64))
    assert dict(fitting(state))[name].get("K") == 6


def test_what_is_not_of_the_nearest_network_is_named() -> None:
    state = build_model("lenet5", 10, (1, 28, 28), 0).state_dict()
    added = {**state, "head.weight": torch.zeros(7, 7), "head.bias": torch.zeros(7)}
    with pytest.raises(
        UserError, match=r"the 5 weight tensors of 'lenet5', and besides 'head.weight' of \[7, 7\]; take out"
    ):
        recognise(added, 10, (1, 28, 28))
    other = {**state, "fc2.weight": torch.zeros(85, 121), "conv2.weight": torch.zeros(17, 6, 5, 5)}
    with pytest.raises(UserError, match="the nearest, 'lenet5', shares 3 of its 5 weight tensors"):
        recognise(other, 10, (1, 28, 28))


def test_parameters_without_running_statistics_are_said_to_be_that() -> None:
    model = build_model("resnet20", 10, (3, 32, 32), seed=0)
    with pytest.raises(UserError, match=r"has the parameters of 'resnet20', but not the running statistics of its 19"):
        recognise(dict(model.named_parameters()), 10, CIFAR, "resnet20")
