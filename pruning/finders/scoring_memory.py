"""How much memory scoring will take, and the sentence for what does not fit.

Scores by gradients keep what every layer made until the way back. How many images are scored at once is therefore part
of the recipe, and never chosen from the memory that is there: where batch normalisation sees the batch, it decides the
mask.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from pruning.criteria import CRITERIA, Context, Criterion
from pruning.data import Dataset
from pruning.errors import UserError
from pruning.finders.base import prunable_of
from pruning.masks import full_masks
from pruning.models import build_model
from pruning.models.memory import LiveBytes
from pruning.recipe import Recipe
from pruning.tasks import get_task
from pruning.training.free_memory import free_bytes
from pruning.training.precision import settled

FEW = (2, 3)
"""Images that are scored to see what more would take."""

PROCESS = 500_000_000
"""Bytes of a process that has torch and the data, before it scores."""


@dataclass(frozen=True)
class Need:
    """Bytes that a criterion takes to score a network, a line over the number of images for each of its operations.

    Every tensor's size either grows with the images in proportion or not at all, so two numbers of images tell the
    lines, and the highest one at a number of images is what is needed there.

    Attributes:
        fixed: float [operations], bytes whatever the images. per_image: float [operations], bytes more for each.
    """

    fixed: np.ndarray
    per_image: np.ndarray

    @classmethod
    def of(cls, criterion: Criterion, model: nn.Module, shape: tuple[int, int, int], context: Context) -> Self:
        """Score a few random images of `shape` (C, H, W), in place of those in the context, on the CPU, and count."""
        few, more = (_course(criterion, model, shape, context, images) for images in FEW)
        if len(few) != len(more):  # operations chosen by the number of images: their highest points alone
            few, more = few.max(keepdims=True), more.max(keepdims=True)
        slope = (more - few) / (FEW[1] - FEW[0])
        return cls(few - FEW[0] * slope, slope)

    def bytes(self, images: int) -> int:
        """For so many images at once."""
        return int((self.fixed + images * self.per_image).max())

    def images(self, free: float) -> int:
        """The most images that fit into so many bytes; 0 for none."""
        growing = self.per_image > 0
        if not growing.any() or (self.fixed > free).any():
            return 0
        return max(0, int(((free - self.fixed[growing]) / self.per_image[growing]).min()))


def _course(
    criterion: Criterion, model: nn.Module, shape: tuple[int, int, int], context: Context, images: int
) -> np.ndarray:
    """Bytes in use after each operation, float64."""
    source = torch.Generator().manual_seed(0)
    context.batches = [(torch.randn(images, *shape, generator=source), torch.zeros(images, dtype=torch.long))]
    live = LiveBytes()
    live.add(context.batches[0][0])
    with settled(0), live:
        criterion.function(model, context)
    return np.array(live.course, dtype=np.float64)


def scoring_need(recipe: Recipe, data: Dataset) -> Need | None:
    """What the recipe's scoring takes; None where its criterion looks at no images, or scoring fails."""
    criterion = CRITERIA[recipe.criterion or ""]
    if not criterion.needs_data:
        return None
    task = get_task(recipe.task)
    model = build_model(recipe.model, data.num_classes, data.shape, recipe.seed, gives_logits=task.classifies_images)
    context = Context(
        batches=[],
        generator=torch.Generator(),
        masks=full_masks(prunable_of(recipe, model)),
        classifier=recipe.prune_classifier,
        scope=recipe.scope,
        task=task,
        structure=recipe.granularity,
        options=recipe.parts.criterion,
    )
    with suppress(Exception):  # the run itself will say so
        return Need.of(criterion, model, data.shape, context)
    return None


def processes_that_fit(
    recipes: Iterable[Recipe], data: Dataset, device: torch.device, processes: int = 1, free: int | None = None
) -> int:
    """How many of the `processes` have the memory to score for any of the recipes' own steps at the same time.

    Args:
        recipes: the steps to do; a control may score as its original does.
        data: what they are trained on.
        device: where they are scored.
        processes: as many as are wanted.
        free: bytes that may be taken; None: those that are free now.

    Raises:
        UserError: one does not fit by itself; the sentence has the number of images that would.
    """
    free = free_bytes(device) if free is None else free
    for recipe, need, wanted in _scorings(recipes, data) if free is not None else ():
        assert free is not None
        takes = need.bytes(wanted)
        if takes > free:
            raise UserError(_too_much(recipe, need, wanted, free, data))
        processes = max(1, min(processes, int(free / (takes + PROCESS))))
    return processes


def most_bytes(recipes: Iterable[Recipe], data: Dataset) -> int:
    """What a process takes that does any of the recipes' own steps; 0 where none scores."""
    return max((need.bytes(wanted) + PROCESS for _, need, wanted in _scorings(recipes, data)), default=0)


def _scorings(recipes: Iterable[Recipe], data: Dataset) -> Iterator[tuple[Recipe, Need, int]]:
    """The recipes that score in their own steps, what that takes, and on how many images at once."""
    scored = [each for recipe in recipes for each in (recipe, recipe.of) if each is not None and _scores(each)]
    needs: dict[str, Need | None] = {}
    for recipe in scored:
        kind = recipe.with_seed(0).id_without(
            "sparsity", "training", "score_batch", "score_per_class", "calibration", "finetune"
        )
        if kind not in needs:
            needs[kind] = scoring_need(recipe, data)
        need = needs[kind]
        if need is not None:
            chosen = recipe.option("calibration")
            images = None if chosen is None else chosen.images
            wanted = images or recipe.option("score_per_class") * data.num_classes
            yield recipe, need, min(recipe.option("score_batch"), wanted)


def _scores(recipe: Recipe) -> bool:
    return recipe.criterion is not None and recipe.option("score_batch") is not None


def _too_much(recipe: Recipe, need: Need, wanted: int, free: int, data: Dataset) -> str:
    label, fitting = CRITERIA[recipe.criterion or ""].label, need.images(free)
    takes = need.bytes(wanted)
    sentence = (
        f"{label} takes about {_amount(takes)} to score {recipe.model} on {wanted} images of {data.shape[1]} x "
        f"{data.shape[2]} at once ({_amount(takes / wanted)} an image), and {_amount(free)} are free"
    )
    if fitting < FEW[0]:
        return f"{sentence}, where not even two images fit; run it where there is more memory."
    task = get_task(recipe.task)
    model = build_model(recipe.model, data.num_classes, data.shape, recipe.seed, gives_logits=task.classifies_images)
    coupled = any(isinstance(module, _BatchNorm) for module in model.modules())
    what = (
        "which is another recipe, as batch normalisation sees the batch"
        if coupled
        else "which scores the same but for rounding, as no batch normalisation sees the batch"
    )
    return f"{sentence}; give the method `score_batch = {fitting}`, {what}, or run it where there is more memory."


def _amount(size: float) -> str:
    """Bytes for people: 80 kB, 77 MB, 19.5 GB."""
    unit, name, digits = next((u for u in ((1e9, "GB", 1), (1e6, "MB", 0)) if size >= u[0]), (1e3, "kB", 0))
    return f"{size / unit:.{digits}f} {name}"
