"""A pruned network's weights solved layer by layer, so that each layer's outputs stay as near as they can.

Layers are taken in the order in which the network runs. The inputs of each come from the layers before it as they have
become (as in SparseGPT), or from the dense network; its outputs are to be what the dense weights make of the same
inputs, or what they make of the dense network's.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from pruning.criteria.batches import Batches
from pruning.criteria.products import Shape
from pruning.errors import UserError
from pruning.masks import Masks, apply_masks
from pruning.models.inspection import prunable
from pruning.models.modes import evaluating
from pruning.progress import Progress, quiet
from pruning.reconstruction.moments import Moments, gather, uses_in_order
from pruning.reconstruction.solving import UPDATES, cholesky, choose_and_update, choose_pattern, damped
from pruning.tasks import Task, get_task
from pruning.training.history import Record


@dataclass(frozen=True)
class Solving:
    """How layers are solved.

    Attributes:
        update: a key of `UPDATES`; "none": weights within the mask stay.
        inputs: whose inputs a layer is solved on: those that the "pruned" network gives it, or the "dense" one.
        target: what its outputs are to be: those of the dense weights on these inputs ("layer"), or those that the
            layer has in the dense network ("dense"), which makes up for the error of the layers before.
        ridge: added to the diagonal of the inputs' Gram matrix, as a share of its mean.
        bias: whether the bias of a layer that has one is solved too.
        choose: whether SparseGPT's sweep chooses which weights a layer keeps, as many as its mask does.
        pattern: N:M, which is then chosen by groups.
    """

    update: str = "sparsegpt"
    inputs: Literal["pruned", "dense"] = "pruned"
    target: Literal["layer", "dense"] = "layer"
    ridge: float = 0.01
    bias: bool = False
    choose: bool = False
    pattern: tuple[int, int] | None = None


class _Errors:
    """How far off layers are before and after, as the record of a ticket holds it."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.rows: list[tuple[float, float, float]] = []

    def note(self, name: str, before: float, after: float) -> None:
        self.rows.append((float(self.names.index(name)), before, after))

    def record(self) -> Record:
        """Columns: which of the prunable weights, and ||error||^2 / ||output||^2 of the masked and the solved layer."""
        keys = ("layer", "before", "after")
        return {f"reconstruction/{key}": [row[place] for row in self.rows] for place, key in enumerate(keys)}


def reconstruct(
    model: nn.Module,
    masks: Masks,
    batches: Batches,
    solving: Solving,
    task: Task | None = None,
    fixed: Masks | None = None,
    progress: Progress = quiet,
    alive: Masks | None = None,
) -> tuple[Masks, Record]:
    """Prune a network in place and solve what is left of its weights.

    Args:
        model: the dense network, on the device of the batches; its mode stays.
        masks: of the weights to be solved, True = kept.
        batches: calibration images, as criteria are given.
        solving: how.
        task: what the network is trained for.
        fixed: masks of biases and others that stay zero.
        progress: is told of each layer.
        alive: masks that the network came with, within which weights are chosen; None: it came whole.

    Returns:
        the masks, which are others where they are chosen on the way, and the record of the layers' errors.

    Raises:
        UserError: a layer cannot be solved; the sentence names it. The network then has its weights as they were.
    """
    task, fixed = task or get_task(None), fixed or {}
    dense = copy.deepcopy(model).eval()
    errors, masks = _Errors(list(masks)), dict(masks)
    order = uses_in_order(dense, {name: dense.get_parameter(name) for name in masks}, batches[0], task)
    changed = False
    with evaluating(model), _as_it_was_on_failure(model, dense):
        apply_masks(model, masks | fixed)
        for place, (name, uses) in enumerate(order.items()):
            progress(place / len(order), f"solving {name.removesuffix('.weight')}")
            layer = _Layer(model, dense, name, masks[name], None if alive is None else alive[name])
            exact = replace(solving, target=solving.target if changed else "layer")
            if not bool(masks[name].all()) or (exact.target == "dense" and solving.update != "none"):
                masks[name] = layer.solve(uses, batches, exact, task, errors)
                layer.put(masks | fixed)
                changed = True
    return masks, errors.record()


@contextmanager
def _as_it_was_on_failure(model: nn.Module, dense: nn.Module) -> Iterator[None]:
    """Give the network its weights back, those of the dense copy, where what is done ends before it is through."""
    try:
        yield
    except BaseException:
        with torch.no_grad():
            for parameter, before in zip(model.parameters(), dense.parameters(), strict=True):
                parameter.copy_(before)
        raise


@dataclass
class _Layer:
    """One weight in the network that is pruned and in the dense one."""

    model: nn.Module
    dense: nn.Module
    name: str
    mask: Tensor
    alive: Tensor | None = None

    def __post_init__(self) -> None:
        self.weight = self.dense.get_parameter(self.name).detach()
        self.solved = self.weight.clone()
        self.bias: Tensor | None = None

    def solve(self, uses: int, batches: Batches, solving: Solving, task: Task, errors: _Errors) -> Tensor:
        """Find weights, bias and mask."""
        own = self.model if solving.inputs == "pruned" else self.dense
        two = solving.target == "dense" and solving.inputs == "pruned"
        try:
            shape, moments = gather(own, self.dense if two else None, self.name, self.weight, uses, batches, task)
            old, mask = shape.matrix(self.weight).double(), shape.matrix(self.mask).clone()
            alive = torch.ones_like(mask) if self.alive is None else shape.matrix(self.alive).to(mask.device)
            new = torch.where(mask, old, 0.0)
            before, after, energy = 0.0, 0.0, 0.0
            bias = _bias(self.model, self.name) if solving.bias and uses <= len(moments) else None
            self.bias = None if bias is None else bias.detach().double().clone()
            for each in moments:
                rows = each.rows
                seen = each if self.bias is None else each.centred(old[rows])
                before += _error(new[rows], old[rows], seen)
                new[rows], mask[rows] = _solved(old[rows], mask[rows], alive[rows], seen, solving, shape)
                after += _error(new[rows], old[rows], seen)
                energy += seen.energy
                if self.bias is not None:
                    self.bias[rows] += old[rows] @ seen.dense_mean - new[rows] @ seen.mean
        except UserError as error:
            raise UserError(f"Layer '{self.name.removesuffix('.weight')}': {error}") from None
        errors.note(self.name, before / energy if energy else 0.0, after / energy if energy else 0.0)
        self.solved = shape.weight(new).to(self.weight.dtype)
        return shape.weight(mask)

    def put(self, masks: Masks) -> None:
        """Write what was found into the network."""
        with torch.no_grad():
            self.model.get_parameter(self.name).copy_(self.solved)
            if self.bias is not None:
                bias = _bias(self.model, self.name)
                assert bias is not None
                bias.copy_(self.bias.to(bias.dtype))
        apply_masks(self.model, masks)


def _solved(
    old: Tensor, mask: Tensor, alive: Tensor, seen: Moments, solving: Solving, shape: Shape
) -> tuple[Tensor, Tensor]:
    """The weights [k, D] of rows with the same inputs, and their mask, which is chosen among those alive."""
    if seen.are_constant or solving.update == "none":
        return torch.where(mask, old, 0.0), mask
    gram = damped(seen.gram, solving.ridge)
    goal = old if solving.target == "layer" else _goal(old, gram, seen)
    if not solving.choose or bool(mask.all()):
        return UPDATES[solving.update](goal, mask, gram), mask
    if solving.pattern is not None:
        return choose_pattern(goal, gram, solving.pattern, shape.size[2:].numel(), alive)
    return choose_and_update(goal, gram, int(mask.sum()), alive=alive)


def _goal(old: Tensor, gram: Tensor, seen: Moments) -> Tensor:
    """The weights that would come nearest to the dense network's outputs, were none pruned."""
    mixed = seen.cross + gram - seen.gram
    return torch.cholesky_solve(mixed @ old.T, cholesky(gram)).T


def _error(new: Tensor, old: Tensor, seen: Moments) -> float:
    """||new x - old z||^2, summed over all inputs."""
    return max(0.0, seen.energy - 2 * float(((new @ seen.cross) * old).sum()) + float(((new @ seen.gram) * new).sum()))


def _bias(model: nn.Module, name: str) -> nn.Parameter | None:
    """The bias of the layer whose weight that is, where it has one that is its own."""
    stem, _, key = name.rpartition(".")
    owner = model.get_submodule(stem)
    own = {"weight": "bias", "in_proj_weight": "in_proj_bias"}.get(key)
    bias = getattr(owner, own, None) if own is not None and name in prunable(model) else None
    return bias if isinstance(bias, nn.Parameter) else None
