"""Networks that are trained without their removed residual blocks, against the same networks with these at zero."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from pruning.data import load_data
from pruning.finders import base
from pruning.finders.base import Trainer
from pruning.granularity.bypass import without_blocks
from pruning.granularity.dead_channels import dead_channel_masks
from pruning.granularity.layer import blocks_gone
from pruning.masks import Masks, full_masks
from pruning.models import build_model, count_macs, prunable
from pruning.recipe import Recipe
from pruning.training.config import Training
from pruning.training.loop import train

SHAPE = (3, 8, 8)


def removing(model: nn.Module, *blocks: str, shape: tuple[int, int, int] = SHAPE) -> Masks:
    """Masks without the weights whose names begin like that, and with what falls silent then."""
    masks = full_masks(prunable(model))
    for name in masks:
        masks[name] &= not name.startswith(tuple(f"{block}." for block in blocks))
    return masks | dead_channel_masks(model, masks, shape)


def used(model: nn.Module) -> nn.Module:
    """The network with batch statistics and biases that are anything but 0 and 1."""
    source = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if name.endswith(("bias", "running_mean")):
                value.normal_(generator=source)
            elif name.endswith("running_var"):
                value.uniform_(0.5, 2, generator=source)
    return model


# blocks of one stage, of two, next to each other; ReLU in place after the addition; norms before the convolutions
NETWORKS = [
    ("resnet20", ("layer1.0", "layer2.1", "layer2.2")),
    ("resnet20b", ("layer3.1",)),
    ("wrn16_4", ("block1.layer.1", "block3.layer.1")),
    ("preact_resnet18", ("layer1.0", "layer1.1", "layer4.1")),
    ("torchvision/resnet18", ("layer1.0", "layer1.1", "layer3.1")),
    ("mobilenetv2", ("layers.2", "layers.5")),
]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("name", "blocks"), NETWORKS)
def test_it_computes_and_learns_the_same(name: str, blocks: tuple[str, ...], training: bool) -> None:
    model = used(build_model(name, 10, SHAPE, 0)).double().train(training)
    masks = removing(model, *blocks)
    masked = copy.deepcopy(model)
    with torch.no_grad():
        for key, mask in masks.items():
            masked.get_parameter(key).mul_(mask)
    network = without_blocks(model, masks, SHAPE)
    assert network is not None
    images = torch.randn(4, *SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    logits, expected = network(images), masked(images)
    torch.testing.assert_close(logits, expected, rtol=1e-12, atol=1e-12)
    for each in (logits, expected):
        F.cross_entropy(each, torch.arange(4)).backward()
    left = dict(network.named_parameters())
    assert left
    for key, value in masked.named_parameters():
        if key in left:
            torch.testing.assert_close(model.get_parameter(key).grad, value.grad, rtol=1e-9, atol=1e-12)
            assert left[key] is model.get_parameter(key)
        else:
            assert key.startswith(tuple(f"{block}." for block in blocks))
            assert model.get_parameter(key).grad is None


def test_the_blocks_are_gone_from_the_graph() -> None:
    model = build_model("resnet20", 10, SHAPE, 0)
    masks = removing(model, "layer1.1", "layer3.2")
    network = without_blocks(model, masks, SHAPE)
    assert network is not None
    gone = ("layer1.1", "layer3.2")
    assert not any(str(node.target).startswith(gone) for node in network.graph.nodes)
    assert not any(name.startswith(gone) for name, _ in network.named_modules())
    assert sum(isinstance(module, nn.Conv2d) for module in network.modules()) == 19 - 4
    # two 3x3 convolutions of 16 channels at 8x8 places and two of 64 at 2x2, with two batch norms each
    parameters = [sum(value.numel() for value in each.parameters()) for each in (model, network)]
    assert parameters[0] - parameters[1] == 2 * (9 * 16 * 16 + 2 * 16) + 2 * (9 * 64 * 64 + 2 * 64)
    macs = 2 * 9 * 16 * 16 * 8 * 8 + 2 * 9 * 64 * 64 * 2 * 2
    assert count_macs(model, SHAPE) - count_macs(network, SHAPE) == macs
    assert blocks_gone(model, masks) == (["layer1.1", "layer3.2"], 7)


def test_the_workshop_trains_the_smaller_network_to_the_same_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Trainer(load_data("digits"))
    recipe = Recipe(
        model="resnet20",
        data="digits",
        criterion="random",
        structure="layer",
        sparsity=0.5,
        training=Training(epochs=0.25, warmup_epochs=0, lr=0.05),  # 3 iterations
    )
    blocks = ("layer1.2", "layer3.1")

    def trained() -> tuple[nn.Module, float]:
        model = used(trainer.build(recipe))
        masks = {k: m for k, m in removing(model, *blocks, shape=trainer.data.shape).items() if m.ndim > 1}
        found = trainer.train(model, recipe.training, recipe, masks)
        assert all(not bool(model.get_parameter(name)[~mask].any()) for name, mask in masks.items())
        return model, found.accuracy

    seen: list[nn.Module] = []
    real = train

    def watched(model: nn.Module, *args: object, **rest: object) -> object:
        seen.append(model)
        return real(model, *args, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(base, "train", watched)
    model, right = trained()
    monkeypatch.setattr(base, "without_blocks", lambda *_: None)
    masked, expected = trained()
    assert isinstance(seen[0], fx.GraphModule)
    assert not isinstance(seen[1], fx.GraphModule)
    assert right == expected
    start = used(trainer.build(recipe))
    for name, value in model.named_parameters():
        torch.testing.assert_close(value, masked.get_parameter(name), rtol=1e-6, atol=1e-7)
        assert not torch.equal(value, start.get_parameter(name))
        if name.startswith(blocks):
            assert not bool(value.any())


# --- where it is not done --------------------------------------------------------------------------------------------


class Residual(nn.Module):
    """A block and a classifier; what the block ends in, and what it does in training, is the tests' to say."""

    def __init__(self, last: nn.Module, drops: bool = False, fickle: bool = False) -> None:
        super().__init__()
        self.stem, self.inner = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 3, padding=1)
        self.last, self.classifier = last, nn.Linear(4, 10)
        self.before: nn.Module = nn.Identity()
        self.drops, self.fickle = drops, fickle

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.before(self.stem(x))
        if self.fickle and x.sum() > 0:
            x = -x
        x = x + F.dropout(self.last(self.inner(x)), training=self.training and self.drops)
        return self.classifier(x.mean(dim=(2, 3)))


def test_a_plain_block_can_go() -> None:
    model = Residual(nn.ReLU())
    assert without_blocks(model, removing(model, "inner"), SHAPE) is not None


@pytest.mark.parametrize(
    "model",
    [
        used(Residual(nn.GroupNorm(1, 4))),  # emits its bias
        Residual(nn.ReLU(), drops=True),  # another graph in training
        Residual(nn.ReLU(), fickle=True),  # no graph
    ],
)
def test_what_cannot_be_taken_out_is_trained_as_it_is(model: nn.Module) -> None:
    assert without_blocks(model, removing(model, "inner"), SHAPE) is None


def test_a_block_whose_weight_is_used_elsewhere_too_stays() -> None:
    model = Residual(nn.ReLU())
    model.before = nn.Conv2d(4, 4, 3, padding=1)
    masks = removing(model, "inner")
    base.apply_masks(model, masks)
    assert without_blocks(model, masks, SHAPE) is not None
    model.before.weight = model.inner.weight
    assert without_blocks(model, masks, SHAPE) is None


def test_nothing_removed_is_nothing_to_take_out() -> None:
    model = build_model("resnet20", 10, SHAPE, 0)
    assert without_blocks(model, full_masks(prunable(model)), SHAPE) is None
    masks = removing(model, "layer1.1.conv1")  # half a block
    assert without_blocks(model, masks, SHAPE) is None
    assert blocks_gone(model, masks) == ([], 7)
