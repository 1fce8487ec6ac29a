"""What layers are given: norms of their inputs, gathered in one pass, a batch at a time.

As multiply-adds are counted (`pruning.models.counting`), inputs are taken where a weight is multiplied, and not from
the module that holds it: so the joint projection of attention, the gates of recurrent layers and a weight that two
layers share all have theirs. Every weight is looked at as a matrix, a row an output and a column an input; of a
convolution a column is a place of its kernel (im2col). Rows that are given different inputs (groups of a convolution;
queries and keys) are told apart.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.overrides import BaseTorchFunctionMode

from pruning.criteria.batches import Batches
from pruning.criteria.gradients import losses
from pruning.criteria.products import Products, Shape, Use
from pruning.errors import UserError
from pruning.models.modes import evaluating
from pruning.tasks import Task


@dataclass(frozen=True)
class Block:
    """Rows of a weight, seen as a matrix, that are given the same inputs, and what is known of these.

    Attributes:
        rows: first and one after the last.
        value: float64 [columns], sums of squares over images and positions.
        positions: how many inputs there were: images times positions of the output, or tokens.
    """

    rows: slice
    value: Tensor
    positions: int


@dataclass
class LayerInputs:
    """What a weight is given.

    Attributes:
        shape: how the weight is a matrix: `matrix` makes it one, `weight` takes one back.
        blocks: in the order of the rows; rows that are never used are in none.
    """

    shape: Shape
    blocks: list[Block] = field(default_factory=list)

    def matrix(self, weight: Tensor) -> Tensor:
        """The weight (or a mask, or scores, of its shape) as a matrix [rows, columns]."""
        return self.shape.matrix(weight)

    def weight(self, matrix: Tensor) -> Tensor:
        """The inverse of `matrix`."""
        return self.shape.weight(matrix)


def input_squares(
    model: nn.Module, weights: Mapping[str, Tensor], batches: Batches, task: Task | None = None
) -> dict[str, LayerInputs]:
    """The sums of squares of what each weight is multiplied with. Arguments and errors are those of `input_norms`."""
    sums = _Sums()
    with ExitStack() as stack:
        stack.enter_context(evaluating(model))
        stack.enter_context(torch.no_grad())
        stack.enter_context(BaseTorchFunctionMode())  # under any function mode torch takes no shortcut in attention
        if any(isinstance(module, nn.RNNBase) for module in model.modules()):  # whose fused forms hide their products
            stack.enter_context(warnings.catch_warnings(action="ignore"))  # of a setting of Intel's GPUs
            stack.enter_context(torch.backends.mkldnn.flags(enabled=False))
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        stack.enter_context(Products(weights, sums.add))
        for _ in losses(model, batches, task=task):
            pass
    return {name: sums.of(name, weight) for name, weight in weights.items()}


def input_norms(
    model: nn.Module, weights: Mapping[str, Tensor], batches: Batches, task: Task | None = None
) -> dict[str, Tensor]:
    """The L2 norm of what each weight is multiplied with, over all images and positions, in the weights' shapes.

    The network is run in evaluation mode and left as it was. A weight that is never used has norm 0.

    Args:
        model: the network.
        weights: parameters of it, by name.
        batches: as in `Context`; one is in memory at a time.
        task: what the network is trained for; its loss runs the network.

    Raises:
        UserError: a weight is multiplied in a form that has no columns, such as its own transpose.
    """
    found = {}
    for name, inputs in input_squares(model, weights, batches, task).items():
        rows, columns = inputs.matrix(weights[name]).shape
        norms = [(block.rows, block.value.sqrt().to(weights[name].dtype)) for block in inputs.blocks]
        if len(norms) == 1 and norms[0][0] == slice(0, rows):
            found[name] = inputs.weight(norms[0][1].expand(rows, columns))
            continue
        whole = weights[name].new_zeros(rows, columns)
        for place, norm in norms:
            whole[place] = norm
        found[name] = inputs.weight(whole)
    return found


class _Sums:
    """Sums over uses of each weight, by the rows that are used together."""

    def __init__(self) -> None:
        self.shapes: dict[str, Shape] = {}
        self.values: dict[str, dict[tuple[int, int], tuple[Tensor, int]]] = {}

    def add(self, name: str, use: Use) -> None:
        """Take in that a weight was multiplied."""
        if self.shapes.setdefault(name, use.shape) != use.shape:
            raise UserError(
                f"Layer '{name}' is used in two ways, as a matrix of different forms, so that it has no one input."
            )
        own = self.values.setdefault(name, {})
        for rows, value, positions in use.squares():
            if rows in own:
                total, before = own[rows]
                total += value
                own[rows] = total, before + positions
            else:
                own[rows] = value.double(), positions

    def of(self, name: str, weight: Tensor) -> LayerInputs:
        """What is known of a weight, by rows that all uses have in common."""
        own = self.values.get(name, {})
        found = LayerInputs(self.shapes.get(name) or Shape(weight.shape))
        for first, last in _pieces(list(own)):
            parts = [own[rows] for rows in own if rows[0] <= first and last <= rows[1]]
            if parts:
                value = sum((part for part, _ in parts[1:]), parts[0][0])
                found.blocks.append(Block(slice(first, last), value, sum(count for _, count in parts)))
        return found


def _pieces(rows: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The ranges between all ends of the given ones."""
    ends = sorted({end for pair in rows for end in pair})
    yield from pairwise(ends)
