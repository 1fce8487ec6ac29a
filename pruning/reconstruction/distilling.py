"""A pruned network fitted to the dense one part by part: each block's features by gradient, masks fixed.

Parts are taken in the order in which the network runs, as in block-wise reconstruction (Li et al. 2021, BRECQ, arXiv
2102.05426, for quantisation). A part is given what the network so far makes of the calibration images, and learns to
give what it gives in the dense network, so that it makes up for the error of the parts before.
"""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from pruning.criteria.batches import Batches
from pruning.errors import UserError
from pruning.masks import Masks, apply_masks
from pruning.models.modes import evaluating
from pruning.progress import Progress, quiet
from pruning.reconstruction.blocks import Given, blocks_of, calls_in_order, first_of, given, layers_of
from pruning.tasks import Task, get_task
from pruning.training.adamw import AdamW
from pruning.training.history import Record
from pruning.training.seeds import generator

POINTS = 40
"""Of each part's curve in the record."""


@dataclass(frozen=True)
class Distilling:
    """How parts are fitted.

    Attributes:
        match: "block": features of repeated blocks; "layer": outputs of single layers.
        inputs: what parts are given: what the "pruned" network makes, or the "dense" one.
        steps: of the optimiser, for each part.
        batch: images of a step.
        optimizer: "adam", or "sgd" with momentum 0.9. lr: its rate, which falls to zero along a cosine.
    """

    match: Literal["block", "layer"] = "block"
    inputs: Literal["pruned", "dense"] = "pruned"
    steps: int = 300
    batch: int = 64
    optimizer: Literal["adam", "sgd"] = "adam"
    lr: float = 1e-3


def distill(
    model: nn.Module,
    masks: Masks,
    batches: Batches,
    distilling: Distilling,
    seed: int,
    task: Task | None = None,
    fixed: Masks | None = None,
    progress: Progress = quiet,
) -> Record:
    """Prune a network in place and fit what is left to the dense one.

    Batch normalisation keeps its statistics; its weights are fitted as those of layers and biases are. A part that is
    called several times in one pass keeps its weights. All calibration images' features of one part are in memory.

    Args:
        model: the dense network, on the device of the batches; its mode stays.
        masks: of its weights, True = kept.
        batches: calibration images, as criteria are given.
        distilling: how.
        seed: of the order of the images.
        task: what the network is trained for.
        fixed: masks of biases and norms that stay zero.
        progress: is told of each part.

    Returns:
        the record: the curve of each part, ||error||^2 / ||features about their mean||^2 by step.

    Raises:
        UserError: the error is not finite.
    """
    task, fixed = task or get_task(None), fixed or {}
    dense = copy.deepcopy(model).eval()
    apply_masks(model, masks | fixed)
    kept = {id(model.get_parameter(name)): mask for name, mask in (masks | fixed).items()}
    names = (blocks_of if distilling.match == "block" else layers_of)(dense, masks)
    calls = calls_in_order(dense, names, batches[0], task)
    curve: list[tuple[float, float, float]] = []
    with evaluating(model):
        for place, (name, count) in enumerate(calls.items()):
            progress(place / len(calls), f"fitting {name}")
            if count == 1:
                shown = given(model if distilling.inputs == "pruned" else dense, dense, name, batches, task)
                part = _Part(model.get_submodule(name), name, kept)
                source = generator(seed, "distill", name)
                curve += [(float(place), *point) for point in part.fit(shown, distilling, source)]
    model.zero_grad(set_to_none=True)
    return {f"distillation/{key}": [row[at] for row in curve] for at, key in enumerate(("part", "step", "error"))}


class _Part:
    """A module whose weights are fitted.

    `kept` are masks by the identity of the weight: what two parts share has its name in the first of them alone.
    """

    def __init__(self, module: nn.Module, name: str, kept: Mapping[int, Tensor]) -> None:
        self.module, self.name = module, name
        self.parameters = [value for value in module.parameters() if value.requires_grad]
        self.masks = [(each, kept[id(each)].to(each.dtype)) for each in self.parameters if id(each) in kept]

    def fit(self, shown: Given, distilling: Distilling, source: torch.Generator) -> list[tuple[float, float]]:
        """Train, and return steps done and the mean error since the point before."""
        groups = [{"params": self.parameters, "weight_decay": 0.0}]
        optimizer: AdamW | torch.optim.SGD
        if distilling.optimizer == "adam":
            optimizer = AdamW(groups, lr=distilling.lr, betas=(0.9, 0.999))
        else:
            optimizer = torch.optim.SGD(groups, lr=distilling.lr, momentum=0.9)
        scale = float((shown.wanted - shown.wanted.mean(dim=0)).square().mean()) or 1.0
        points, width, errors = [], math.ceil(distilling.steps / POINTS), []
        for step, rows in enumerate(_rows(shown.count, distilling, source)):
            for group in optimizer.param_groups:
                group["lr"] = distilling.lr * 0.5 * (1 + math.cos(math.pi * step / distilling.steps))
            errors.append(self._step(optimizer, shown, rows.to(shown.wanted.device), scale))
            if len(errors) == width or step + 1 == distilling.steps:
                mean = float(torch.stack(errors).mean())
                self._check(mean, distilling.lr)
                points.append((step + 1.0, mean))
                errors = []
        return points

    def _step(self, optimizer: AdamW | torch.optim.SGD, shown: Given, rows: Tensor, scale: float) -> Tensor:
        arguments, keywords, wanted = shown.some(rows)
        error = (first_of(self.module(*arguments, **keywords)) - wanted).square().mean() / scale
        optimizer.zero_grad()
        error.backward()
        for weight, mask in self.masks:
            if weight.grad is not None:
                weight.grad.mul_(mask)
        optimizer.step()
        return error.detach()

    def _check(self, error: float, rate: float) -> None:
        if not math.isfinite(error):
            raise UserError(f"The error of part '{self.name}' is not finite; give a learning rate below {rate:g}.")


def _rows(count: int, distilling: Distilling, source: torch.Generator) -> list[Tensor]:
    """The rows of each step: all in an order by chance, again and again."""
    batch = min(distilling.batch, count)
    rounds = math.ceil(distilling.steps * batch / count)
    order = torch.cat([torch.randperm(count, generator=source) for _ in range(rounds)])
    return list(order[: distilling.steps * batch].split(batch))
