"""Norms of layers' inputs, against derivatives of what layers make and against loops by hand."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.criteria.batches import Batches
from pruning.criteria.layer_inputs import input_norms, input_squares
from pruning.errors import UserError
from pruning.models import prunable

DOUBLE = torch.float64


class Wrapped(nn.Module):
    """A layer, and logits from what it makes."""

    layer: Any

    def __init__(self, layer: nn.Module, run: Callable[[Any, Tensor], Tensor] | None = None) -> None:
        super().__init__()
        self.layer, self.run = layer.double(), run or (lambda layer, x: layer(x))

    def forward(self, x: Tensor) -> Tensor:
        """Two logits."""
        return self.run(self.layer, x).flatten(1)[:, :2]


def batches(*shape: int) -> Batches:
    """Two batches of random images."""
    source = torch.Generator().manual_seed(1)
    return [(torch.randn(n, *shape, generator=source, dtype=DOUBLE), torch.zeros(n, dtype=torch.long)) for n in (3, 2)]


def assert_inputs(model: nn.Module, data: Batches, name: str, expected: dict[tuple[int, int], Tensor]) -> None:
    """`expected` has the inputs [inputs, columns] of rows."""
    weights = prunable(model)
    found, norms = input_squares(model, weights, data)[name], input_norms(model, weights, data)[name]
    matrix = found.matrix(norms)
    torch.testing.assert_close(found.weight(matrix), norms, rtol=0, atol=0)
    covered = sum(block.rows.stop - block.rows.start for block in found.blocks)
    assert covered == sum(last - first for first, last in expected)
    for block in found.blocks:
        inputs = next(
            x for (first, last), x in expected.items() if first <= block.rows.start and block.rows.stop <= last
        )
        assert block.positions == len(inputs)
        torch.testing.assert_close(block.value, inputs.square().sum(dim=0))
        torch.testing.assert_close(matrix[block.rows], inputs.norm(dim=0).expand(matrix[block.rows].shape))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Linear(4, 3), (4,)),
        (nn.Linear(4, 3, bias=False), (5, 4)),
        (nn.Conv1d(2, 4, 3, stride=2, padding=1), (2, 7)),
        (nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), groups=2), (4, 5, 4)),
        (nn.Conv2d(3, 3, 3, padding="same", dilation=2, groups=3), (3, 5, 5)),
        (nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), (2, 4, 4)),
        (nn.Conv3d(2, 2, 2), (2, 3, 3, 3)),
        (nn.ConvTranspose1d(3, 2, 3, stride=2), (3, 4)),
        (nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), (4, 3, 3)),
    ],
)  # fmt: skip
def test_squares_of_inputs_are_squares_of_slopes(layer: nn.Module, shape: tuple[int, ...]) -> None:
    """An output is linear in its row of weights, and its slopes by them are the inputs, whatever the layer."""
    model, data = Wrapped(layer), batches(*shape)
    weights = prunable(model)
    made = model.layer(torch.cat([images for images, _ in data])).flatten()
    slopes = [torch.autograd.grad(each, weights["layer.weight"], retain_graph=True)[0] for each in made]
    per_weight = torch.stack(slopes)
    found = input_squares(model, weights, data)["layer.weight"]
    norms = input_norms(model, weights, data)["layer.weight"]
    torch.testing.assert_close(per_weight.square().sum(dim=0).sqrt(), norms)
    rows = torch.stack([found.matrix(each) for each in per_weight])
    for block in found.blocks:
        for row in range(block.rows.start, block.rows.stop):
            torch.testing.assert_close(rows[:, row].square().sum(dim=0), block.value)
    assert sorted(row for block in found.blocks for row in range(block.rows.start, block.rows.stop)) == [
        *range(rows.shape[1])
    ]


def test_attentions_joint_projection_and_its_output() -> None:
    """Queries, keys and values of one tensor share an input; the output projection is given the heads' mixtures."""
    torch.manual_seed(0)
    model = Wrapped(nn.MultiheadAttention(4, 2, batch_first=True), lambda layer, x: layer(x, x, x)[0])
    data = batches(3, 4)
    x = torch.cat([images for images, _ in data])
    layer = model.layer
    joint = F.linear(x, layer.in_proj_weight, layer.in_proj_bias)
    q, k, v = (part.unflatten(-1, (2, 2)).transpose(1, 2) for part in joint.detach().chunk(3, dim=-1))
    mixed = ((q @ k.transpose(-1, -2) / 2**0.5).softmax(dim=-1) @ v).transpose(1, 2).reshape(-1, 4)
    assert_inputs(model, data, "layer.in_proj_weight", {(0, 12): x.reshape(-1, 4)})
    assert_inputs(model, data, "layer.out_proj.weight", {(0, 4): mixed})


def test_queries_and_keys_of_different_tensors_are_told_apart() -> None:
    model = Wrapped(nn.MultiheadAttention(4, 2, batch_first=True), lambda layer, x: layer(x[:, :1], x, x)[0])
    data = batches(3, 4)
    x = torch.cat([images for images, _ in data])
    expected = {(0, 4): x[:, 0], (4, 12): x.reshape(-1, 4)}
    assert_inputs(model, data, "layer.in_proj_weight", expected)


def test_transformers_take_no_shortcut_past_the_pass() -> None:
    """In evaluation mode torch runs a whole encoder layer as one operation, in which no product is seen."""
    layer = nn.TransformerEncoderLayer(4, 2, 6, batch_first=True)
    model, data = Wrapped(layer).eval(), batches(3, 4)
    assert all(bool(norm.all()) for norm in input_norms(model, prunable(model), data).values())


def test_the_gates_of_recurrent_layers() -> None:
    """Hidden states are those that the layer gives out, a step late."""
    torch.manual_seed(0)
    model = Wrapped(nn.LSTM(3, 2, batch_first=True), lambda layer, x: layer(x)[0])
    data = batches(4, 3)
    x = torch.cat([images for images, _ in data])
    states = model.layer(x)[0].detach()
    before = torch.cat([torch.zeros_like(states[:, :1]), states[:, :-1]], dim=1)
    assert_inputs(model, data, "layer.weight_ih_l0", {(0, 8): x.reshape(-1, 3)})
    assert_inputs(model, data, "layer.weight_hh_l0", {(0, 8): before.reshape(-1, 2)})


def test_bilinear_layers_are_given_products() -> None:
    model = Wrapped(nn.Bilinear(2, 3, 2), lambda layer, x: layer(x[:, :2], x[:, 2:]))
    data = batches(5)
    x = torch.cat([images for images, _ in data])
    assert_inputs(model, data, "layer.weight", {(0, 2): (x[:, :2, None] * x[:, None, 2:]).flatten(1)})


def test_a_weight_of_two_layers_has_the_inputs_of_both() -> None:
    model = Wrapped(nn.Linear(3, 3), lambda layer, x: layer(layer(x).tanh()))
    data = batches(3)
    x = torch.cat([images for images, _ in data])
    with torch.no_grad():
        both = torch.cat([x, model.layer(x).tanh()])
    assert_inputs(model, data, "layer.weight", {(0, 3): both})


def test_a_transpose_has_no_columns() -> None:
    model = Wrapped(nn.Linear(3, 3), lambda layer, x: x @ layer.weight)
    with pytest.raises(UserError, match=r"Of layer 'layer\.weight' a part is multiplied, or its transpose"):
        input_norms(model, prunable(model), batches(3))


def test_what_is_never_used_has_no_input() -> None:
    model = Wrapped(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2)), lambda layer, x: layer[1](x))
    norms = input_norms(model, prunable(model), batches(3))
    assert not bool(norms["layer.0.weight"].any())
    assert bool(norms["layer.1.weight"].all())
    assert input_squares(model, prunable(model), batches(3))["layer.0.weight"].blocks == []


def test_networks_run_as_they_are_used_and_are_left_as_they_were() -> None:
    model = Wrapped(nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 2)))
    model.train()
    data = batches(3)
    x = torch.cat([images for images, _ in data])
    used = x / (1 + 1e-5) ** 0.5  # running statistics that say nothing yet
    assert_inputs(model, data, "layer.2.weight", {(0, 2): used})
    assert all(module.training for module in model.modules())
    assert int(model.layer[0].num_batches_tracked) == 0
