"""Blocks are found, and fitted towards the dense network with the masks in force."""

import copy
from typing import Any, Literal

import pytest
import torch
from torch import Tensor, nn

from pruning.masks import Masks
from pruning.models import build_model, prunable
from pruning.reconstruction.blocks import blocks_of, given, layers_of
from pruning.reconstruction.distilling import Distilling, distill
from pruning.reconstruction.layers import Solving, reconstruct
from pruning.tasks import get_task


def batches(count: int = 4, shape: tuple[int, ...] = (1, 4, 4)) -> list[tuple[Tensor, Tensor]]:
    source = torch.Generator().manual_seed(0)
    return [(torch.randn(32, *shape, generator=source), torch.zeros(32, dtype=torch.long)) for _ in range(count)]


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 12), nn.ReLU(), nn.Dropout(0.5), nn.Linear(12, 3))


def masks_of(model: nn.Module) -> Masks:
    source = torch.Generator().manual_seed(1)
    return {name: torch.rand(weight.shape, generator=source) < 0.5 for name, weight in prunable(model).items()}


def test_blocks_of_a_residual_network_and_of_an_encoder() -> None:
    resnet = build_model("resnet20", 10, (3, 8, 8), 0)
    found = blocks_of(resnet, prunable(resnet))
    assert found == ["conv1", *(f"layer{stage}.{block}" for stage in (1, 2, 3) for block in (0, 1, 2)), "linear"]
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2, enable_nested_tensor=False)
    tokens = nn.Sequential(nn.Linear(8, 8), encoder)
    assert blocks_of(tokens, prunable(tokens)) == ["0", "1.layers.0", "1.layers.1"]
    names = layers_of(tokens, prunable(tokens))
    assert names[:3] == ["0", "1.layers.0.self_attn", "1.layers.0.self_attn.out_proj"]


class Twice(nn.Module):
    """Two blocks, each with a layer of its own and one that both have."""

    class Block(nn.Module):
        def __init__(self, shared: nn.Module) -> None:
            super().__init__()
            self.own, self.shared = nn.Linear(16, 16), shared

        def forward(self, x: Tensor) -> Tensor:
            hidden: Tensor = self.shared(self.own(x).relu())
            return x + hidden.relu()

    def __init__(self) -> None:
        super().__init__()
        shared = nn.Linear(16, 16)
        self.first, self.second, self.head = self.Block(shared), self.Block(shared), nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.second(self.first(x.flatten(1))))
        return out


def test_what_two_blocks_share_stays_pruned_in_both() -> None:
    torch.manual_seed(0)
    model = Twice()
    masks = masks_of(model)
    distill(model, masks, batches(), Distilling(steps=10, batch=32), 0)
    assert "second.shared.weight" not in masks  # it has one name
    assert all(not bool(model.get_parameter(name)[~mask].any()) for name, mask in masks.items())


def test_fitting_a_linear_layer_ends_near_least_squares() -> None:
    """Of the last layer, whose error is convex; the layers before stay as they are."""
    dense = network().eval()
    mask = {"4.weight": masks_of(dense)["4.weight"]}
    fitted, solved, cut = copy.deepcopy(dense), copy.deepcopy(dense), copy.deepcopy(dense)
    distill(fitted, mask, batches(), Distilling("layer", steps=400, batch=64, lr=0.03), seed=0)
    reconstruct(solved, mask, batches(), Solving("least_squares", ridge=0.0, bias=True))
    reconstruct(cut, mask, batches(), Solving("none"))
    images = torch.cat([images for images, _ in batches()])
    off = [float((each(images) - dense(images)).detach().square().sum()) for each in (solved, fitted, cut)]
    assert off[0] < off[1] < 1.02 * off[0] < off[2]
    assert not fitted.get_parameter("4.weight")[~mask["4.weight"]].any()


@pytest.mark.parametrize("inputs", ["pruned", "dense"])
def test_parts_are_given_what_is_asked_and_learn_what_the_dense_network_gives(
    inputs: Literal["pruned", "dense"],
) -> None:
    dense = network().eval()
    model = copy.deepcopy(dense)
    record = distill(model, masks_of(dense), batches(), Distilling("layer", inputs, steps=50, batch=32), seed=3)
    assert record["distillation/part"] == [0.0] * 25 + [1.0] * 25
    assert record["distillation/step"][:25] == [2.0 * step for step in range(1, 26)]
    errors = record["distillation/error"]
    assert sum(errors[20:25]) < sum(errors[:5])
    assert sum(errors[45:]) < sum(errors[25:30])
    shown = given(model if inputs == "pruned" else dense, dense, "4", batches(), get_task(None))
    images = torch.cat([images for images, _ in batches()])
    source = (model if inputs == "pruned" else dense)[:4]
    torch.testing.assert_close(shown.arguments[0], source(images))
    torch.testing.assert_close(shown.wanted, dense(images))
    rows = torch.tensor([3, 70])
    torch.testing.assert_close(shown.some(rows)[0][0], source(images)[rows])


def test_the_same_seed_gives_the_same_bits_whatever_the_global_state() -> None:
    def once(seed: int, state: int) -> dict[str, Any]:
        model = network()
        torch.manual_seed(state)
        distill(model, masks_of(model), batches(), Distilling(steps=20), seed)
        assert model.training
        return model.state_dict()

    first, second, other = once(0, 1), once(0, 2), once(1, 1)
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert not torch.equal(first["1.weight"], other["1.weight"])


def test_batch_norm_keeps_its_statistics_and_a_block_of_several_inputs_is_fitted() -> None:
    torch.manual_seed(0)
    model = build_model("resnet20", 10, (3, 8, 8), 0)
    before = {name: value.clone() for name, value in model.named_buffers()}
    record = distill(model, masks_of(model), batches(2, (3, 8, 8)), Distilling(steps=4, batch=16), seed=0)
    assert all(torch.equal(value, before[name]) for name, value in model.named_buffers())
    assert sorted(set(record["distillation/part"])) == [float(part) for part in range(11)]
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    stack = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    encoder = nn.Sequential(nn.Flatten(2), stack, nn.Flatten(), nn.Linear(32, 3))
    record = distill(encoder, masks_of(encoder), batches(2, (4, 2, 4)), Distilling(steps=30, lr=3e-3), seed=0)
    assert set(record["distillation/part"]) == {0.0, 1.0, 2.0}
    assert record["distillation/error"][29] < record["distillation/error"][0]
