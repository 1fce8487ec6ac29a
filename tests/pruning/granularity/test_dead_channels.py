"""What norms say of a removed channel is told to stay zero, whatever lies between, and for all who share the norm."""

import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pruning.granularity.dead_channels import dead_channel_masks
from pruning.masks import Masks, apply_masks, make_masks
from pruning.models import build_model, prunable
from pruning.shrink import shrink

SHAPE = (3, 8, 8)


def kept(*gone: int, of: int = 4) -> Tensor:
    """The mask of a 3x3 kernel over three channels whose outputs are gone."""
    mask = torch.ones(of, 3, 3, 3, dtype=torch.bool)
    mask[list(gone)] = False
    return mask


@pytest.mark.parametrize("between", [[], [nn.ReLU()], [nn.Dropout(), nn.GELU(), nn.MaxPool2d(2)]])
def test_a_removed_filter_is_silent_behind_its_norm(between: list[nn.Module]) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), *between, nn.BatchNorm2d(4)).train()
    mask = kept(1, 3)
    found = dead_channel_masks(model, {"0.weight": mask}, SHAPE)
    norm = len(model) - 1
    assert found.keys() == {"0.bias", f"{norm}.weight", f"{norm}.bias"}
    with torch.no_grad():
        for name, each in {"0.weight": mask, **found}.items():
            model.get_parameter(name).add_(1).mul_(each)
        quiet = model(torch.randn(5, *SHAPE)).abs().amax((0, 2, 3)) == 0
    assert quiet.tolist() == [False, True, False, True]


class Shared(nn.Module):
    """Two layers that one norm reads, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.norm = nn.Conv2d(3, 4, 3, bias=False), nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.a(x)) + self.norm(self.b(x))


def test_a_norm_that_two_layers_share_speaks_for_both() -> None:
    both = dead_channel_masks(Shared(), {"a.weight": kept(0, 1), "b.weight": kept(1, 2)}, SHAPE)
    assert both["norm.bias"].tolist() == both["norm.weight"].tolist() == [True, False, True, True]
    assert not dead_channel_masks(Shared(), {"a.weight": kept(0), "b.weight": kept()}, SHAPE)


class Block(nn.Module):
    """Norm, ReLU and convolution, twice, added to the input."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(channels), nn.Conv2d(channels, inner, 3, padding=1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(inner), nn.Conv2d(inner, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        branch: Tensor = self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))
        return x + branch


class PreAct(nn.Module):
    """A residual network with pre-activation: a stream of channels, and blocks of so many inner ones."""

    def __init__(self, channels: int, inner: list[int]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, channels, 3, padding=1)
        self.blocks = nn.Sequential(*(Block(channels, each) for each in inner))
        self.norm, self.fc = nn.BatchNorm2d(channels), nn.Linear(channels, 5)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.fc(F.relu(self.norm(self.blocks(self.stem(x)))).mean((2, 3)))
        return logits


class Dense(nn.Module):
    """Layers that read all that lies before them, as in DenseNet: norm, ReLU, convolution, concatenation."""

    def __init__(self, made: list[int]) -> None:
        super().__init__()
        sums = [sum(made[: i + 1]) for i in range(len(made))]
        self.stem = nn.Conv2d(3, made[0], 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(each) for each in sums)
        self.convs = nn.ModuleList(nn.Conv2d(*each, 3, padding=1) for each in zip(sums, made[1:], strict=False))
        self.fc = nn.Linear(sums[-1], 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for norm, conv in zip(self.norms, self.convs, strict=False):
            x = torch.cat([x, conv(F.relu(norm(x)))], 1)
        logits: Tensor = self.fc(F.relu(self.norms[-1](x)).mean((2, 3)))
        return logits


def used(model: nn.Module) -> nn.Module:
    """The network with anything but 0 and 1 in its biases and statistics."""
    source = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                value.uniform_(0.5, 2, generator=source) if "var" in name else value.normal_(generator=source)
    return model.double()


def without(model: nn.Module, rows: dict[str, Tensor]) -> Masks:
    """The masks of its layers' weights without these rows, bool [rows] by layer, True = kept."""
    return {
        f"{name}.weight": kept.view(-1, *[1] * (weight.ndim - 1)).expand(weight.shape).clone()
        for name, kept in rows.items()
        for weight in [model.get_parameter(f"{name}.weight")]
    }


def masked(model: nn.Module, masks: Masks) -> nn.Module:
    """A copy with the masks in force, and those of what falls silent."""
    twin = copy.deepcopy(model)
    apply_masks(twin, masks | dead_channel_masks(model, masks, SHAPE))
    return twin


def cut(whole: nn.Module, smaller: nn.Module, kept: dict[str, tuple[Tensor | None, Tensor | None]]) -> nn.Module:
    """Fill the smaller network from the whole one: which rows and columns are kept of each module's tensors."""
    state = {}
    for key, value in whole.state_dict().items():
        rows, columns = kept[key.rpartition(".")[0]]
        if value.ndim:
            value = value if rows is None else value[rows]
            value = value if columns is None or value.ndim < 2 else value[:, columns]
        state[key] = value
    smaller.double().load_state_dict(state)
    return smaller


def assert_one(whole: nn.Module, smaller: nn.Module) -> None:
    """Both make the same of images, by running statistics and by those of the batch."""
    images = torch.randn(6, *SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    for training in (False, True):
        torch.testing.assert_close(smaller.train(training)(images), whole.train(training)(images), rtol=1e-9, atol=1e-9)


def test_a_channel_of_a_stream_is_as_if_it_had_been_cut_out_of_all_that_reads_it() -> None:
    model = used(PreAct(6, [4, 5]))
    stream, inner = torch.tensor([True, False, True, True, False, True]), [torch.arange(4) != 2, torch.arange(5) > 1]
    rows = {"stem": stream} | {f"blocks.{i}.conv1": each for i, each in enumerate(inner)}
    masks = without(model, rows | {f"blocks.{i}.conv2": stream for i in range(2)})
    kept: dict[str, tuple[Tensor | None, Tensor | None]] = {
        "stem": (stream, None), "norm": (stream, None), "fc": (None, stream),
    }  # fmt: skip
    for i, each in enumerate(inner):
        kept |= {f"blocks.{i}.bn1": (stream, None), f"blocks.{i}.conv1": (each, stream)}
        kept |= {f"blocks.{i}.bn2": (each, None), f"blocks.{i}.conv2": (stream, each)}
    smaller = cut(model, PreAct(4, [3, 3]), kept)
    assert_one(masked(model, masks), smaller)
    shrunk = shrink(model.eval(), masks | dead_channel_masks(model, masks, SHAPE), SHAPE)
    assert shrunk is not None
    sizes = {name: value.shape for name, value in smaller.named_parameters()}
    assert {name: value.shape for name, value in shrunk.named_parameters() if name in sizes} == sizes


def test_a_channel_of_a_concatenation_is_as_if_it_had_been_cut_out() -> None:
    model = used(Dense([4, 3, 2]))
    rows = [torch.tensor([True, False, True, True]), torch.tensor([False, True, True]), torch.tensor([True, False])]
    masks = without(model, dict(zip(("stem", "convs.0", "convs.1"), rows, strict=True)))
    sums = [torch.cat(rows[: i + 1]) for i in range(3)]
    kept: dict[str, tuple[Tensor | None, Tensor | None]] = {"stem": (rows[0], None), "fc": (None, sums[-1])}
    kept |= {f"norms.{i}": (each, None) for i, each in enumerate(sums)}
    kept |= {f"convs.{i}": (rows[i + 1], sums[i]) for i in range(2)}
    assert_one(masked(model, masks), cut(model, Dense([3, 2, 1]), kept))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_sum_is_silent_where_all_its_parts_are_and_only_there(data: st.DataObject) -> None:
    """Any filters of a network with pre-activation: what is told of each norm, by its construction."""
    channels, inner = data.draw(st.integers(1, 4)), data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    model = used(PreAct(channels, inner))

    def drawn(count: int) -> Tensor:
        return torch.tensor(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))

    rows = {name: drawn(len(value)) for name, value in model.state_dict().items() if name.endswith("weight")}
    rows = {name.removesuffix(".weight"): kept for name, kept in rows.items() if "conv" in name or "stem" in name}
    expected, said = {"stem.bias": rows["stem"]}, rows["stem"]
    for i in range(len(inner)):
        at = f"blocks.{i}"
        expected |= {f"{at}.bn1": said, f"{at}.bn2": rows[f"{at}.conv1"], f"{at}.conv2.bias": rows[f"{at}.conv2"]}
        read = bool(said.any())  # of a stream that says nothing a convolution makes nothing
        expected[f"{at}.bn2"] = rows[f"{at}.conv1"] & read
        said = said | rows[f"{at}.conv2"]
    expected["norm"] = said
    named = {
        f"{name}{key}": kept
        for name, kept in expected.items()
        for key in ([""] if name.endswith("bias") else [".weight", ".bias"])
        if not bool(kept.all())
    }
    found = dead_channel_masks(model, without(model, rows), SHAPE)
    assert {name: kept.tolist() for name, kept in found.items()} == {k: v.tolist() for k, v in named.items()}


@pytest.mark.parametrize("name", ["resnet20b", "torchvision/resnet18"])
def test_norms_right_behind_filters_are_all_there_is_in_a_plain_residual_network(name: str) -> None:
    model = build_model(name, 10, (3, 32, 32), 0)
    scores = {key: torch.rand(weight.shape) for key, weight in prunable(model).items()}
    masks = make_masks(scores, 0.5, "layer", "filter", model=model)
    expected: Masks = {}
    for key, mask in masks.items():
        norm = key.replace("conv", "bn").replace("downsample.0", "downsample.1").replace("shortcut.0", "shortcut.1")
        kept = mask.flatten(1).any(1)
        if not bool(kept.all()):
            expected |= {norm: kept, norm.replace("weight", "bias"): kept}
    found = dead_channel_masks(model, masks, (3, 32, 32))
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in expected)


@pytest.mark.parametrize("name", ["vit", "torchvision/convnext_tiny"])
def test_norms_over_channels_are_left_as_they_are(name: str) -> None:
    model = build_model(name, 10, (3, 32, 32), 0)
    scores = {key: torch.rand(weight.shape) for key, weight in prunable(model).items()}
    masks = make_masks(scores, 0.4, "layer", "filter", model=model)
    for key, kept in dead_channel_masks(model, masks, (3, 32, 32)).items():
        assert torch.equal(kept, masks[key.replace("bias", "weight")].flatten(1).any(1))
