"""What solving a layer needs of its inputs: sums of products over calibration images, gathered a batch at a time.

The network is run only as far as the layer, and one batch of its inputs is in memory at a time.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.overrides import BaseTorchFunctionMode

from pruning.criteria.batches import Batch, Batches
from pruning.criteria.gradients import losses
from pruning.criteria.products import Inputs, Products, Shape, Use
from pruning.errors import UserError
from pruning.tasks import Task

CONSTANT = 1e-10


@dataclass(frozen=True)
class Moments:
    """Sums over all inputs x that rows of a layer are given, and over those z of the dense network at their place.

    Attributes:
        rows: of the layer as a matrix.
        count: how many inputs there were: images times positions.
        gram: of x x^T, float64 [D, D]. cross: of x z^T.
        mean, dense_mean: the means of x and of z, float64 [D].
        energy: the sum of ||W z||^2 with the rows W of the dense network.
    """

    rows: slice
    count: int
    gram: Tensor
    cross: Tensor
    mean: Tensor
    dense_mean: Tensor
    energy: float

    def centred(self, weight: Tensor) -> "Moments":
        """Return the same of inputs about their means; `weight` are the rows [k, D] of the dense network."""
        n, x, z = self.count, self.mean, self.dense_mean
        energy = self.energy - n * float((weight @ z).square().sum())
        gram, cross = self.gram - n * torch.outer(x, x), self.cross - n * torch.outer(x, z)
        return Moments(self.rows, n, gram, cross, x, z, energy)

    @property
    def are_constant(self) -> bool:
        """Whether the inputs x are the same throughout, but for rounding, so that there is nothing to go by."""
        return float(self.gram.trace()) <= CONSTANT * self.count * float(self.mean.square().sum())


class _Enough(Exception):
    """The layer has been passed: what comes after it is of no interest."""


def uses_in_order(model: nn.Module, weights: Mapping[str, Tensor], batch: Batch, task: Task) -> dict[str, int]:
    """Return the weights in the order in which the network multiplies them first, and how often it does."""
    seen: dict[str, int] = {}

    def take(name: str, use: Use) -> None:
        seen[name] = seen.get(name, 0) + 1

    _run(model, weights, take, batch, task)
    return seen


def gather(
    model: nn.Module, dense: nn.Module | None, name: str, weight: Tensor, uses: int, batches: Batches, task: Task
) -> tuple[Shape, list[Moments]]:
    """Return how a weight is a matrix, and the moments of its inputs, by rows that are given the same.

    Args:
        model: whose inputs x are, in evaluation mode.
        dense: whose inputs z are; None: they are x.
        name: of the weight, in both.
        weight: its value in the dense network.
        uses: how often it is multiplied in a pass.
        batches: as criteria are given.
        task: what runs the networks.

    Raises:
        UserError: rows are used with some inputs together and with others apart.
    """
    found: dict[tuple[int, int], _Sums] = {}
    shape = Shape(weight.shape)
    for batch in batches:
        ours = _inputs(model, name, uses, batch, task)
        theirs = ours if dense is None else _inputs(dense, name, uses, batch, task)
        for use, other in zip(ours, theirs, strict=True):
            shape = use.shape
            matrix = shape.matrix(weight).double()
            for (rows, x), (_, z) in _pairs(use, None if dense is None else other):
                sums = found.setdefault(rows, _Sums(matrix[slice(*rows)], dense is not None))
                sums.add(x.double(), z.double())
    ranges = sorted(found)
    if any(first[1] > second[0] for first, second in pairwise(ranges)):
        raise UserError("It is used whole and in parts, so that its weights cannot be solved by rows.")
    return shape, [found[rows].moments(slice(*rows)) for rows in ranges]


def _pairs(use: Use, other: Use | None) -> Iterator[tuple[Inputs, Inputs]]:
    """Inputs of a use, and those of another at the same places, or the same again."""
    for part in use.columns() if other is None else ():
        yield part, part
    if other is not None:
        yield from zip(use.columns(), other.columns(), strict=True)


class _Sums:
    """Adds up; where z is x, only what is not the same."""

    def __init__(self, weight: Tensor, two: bool) -> None:
        width = weight.shape[1]
        self.weight, self.two, self.count = weight, two, 0
        self.gram, self.total = weight.new_zeros(width, width), weight.new_zeros(width)
        self.cross, self.other, self.energy = self.gram.clone(), self.total.clone(), 0.0

    def add(self, x: Tensor, z: Tensor) -> None:
        """Take in inputs [n, D]."""
        self.count += len(x)
        self.gram += x.T @ x
        self.total += x.sum(dim=0)
        if self.two:
            self.cross += x.T @ z
            self.other += z.sum(dim=0)
            self.energy += float((z @ self.weight.T).square().sum())

    def moments(self, rows: slice) -> Moments:
        """All that has been taken in."""
        mean = self.total / self.count
        if self.two:
            return Moments(rows, self.count, self.gram, self.cross, mean, self.other / self.count, self.energy)
        energy = float(((self.weight @ self.gram) * self.weight).sum())
        return Moments(rows, self.count, self.gram, self.gram, mean, mean, energy)


def _inputs(model: nn.Module, name: str, uses: int, batch: Batch, task: Task) -> list[Use]:
    """What a weight is multiplied with in one batch, use by use."""
    found: list[Use] = []

    def take(_: str, use: Use) -> None:
        found.append(use)
        if len(found) == uses:
            raise _Enough

    with suppress(_Enough):
        _run(model, {name: model.get_parameter(name)}, take, batch, task)
    return found


def _run(
    model: nn.Module, weights: Mapping[str, Tensor], take: Callable[[str, Use], None], batch: Batch, task: Task
) -> None:
    """Send a batch through the network, products of `weights` shown to `take`."""
    with _open(model), Products(weights, take):
        for _ in losses(model, [batch], task=task):
            pass


@contextmanager
def _open(model: nn.Module) -> Iterator[None]:
    """Without gradients, and without the shortcuts that would hide what attention and recurrent layers multiply."""
    with ExitStack() as stack:
        if any(isinstance(module, nn.RNNBase) for module in model.modules()):
            stack.enter_context(torch.backends.mkldnn.flags(enabled=False))
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        stack.enter_context(torch.no_grad())
        stack.enter_context(BaseTorchFunctionMode())
        yield
