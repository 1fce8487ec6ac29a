"""OBD: what the loss loses to second order when a weight goes, each by itself (LeCun et al. 1990).

The paper takes the Gauss-Newton part of the diagonal, which is never negative. Here it is estimated image by image: the
squared slopes of the loss for a label that the network itself draws have that diagonal as their mean. Where there are
no labels to draw, as in generative tasks, it is the Hessian's own diagonal, by Hutchinson's estimate.
"""

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import nn

from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.batches import count_images
from pruning.criteria.curvature import differentiable_twice, hessian_diagonal
from pruning.criteria.gradients import add_squares, differentiable_copy, single_images
from pruning.errors import UserError
from pruning.validation import Options, option

CURVATURES = {"gauss_newton": "Gauss-Newton, of labels drawn", "hessian": "the Hessian, by Hutchinson"}


class ObdOptions(Options):
    """Options of `obd`."""

    curvature: Literal["gauss_newton", "hessian"] | None = option(
        None, "Curvature", "left out, Gauss-Newton for classifiers and else the Hessian", CURVATURES
    )
    draws: Annotated[int, Field(ge=1)] = option(1, "Draws", "labels an image, or random signs a batch")


def score(model: nn.Module, context: Context) -> Scores:
    """w^2 h / 2, h the diagonal of the curvature; batch norm in evaluation mode, as the network is used.

    Raises:
        UserError: Gauss-Newton is asked for where no labels can be drawn, or an operation has no second derivative.
    """
    options = context.options
    assert isinstance(options, ObdOptions)
    classifies = context.task.classifies_images
    if options.curvature == "gauss_newton" and not classifies:
        raise UserError(
            f"OBD draws labels for the Gauss-Newton diagonal, which the task '{context.task.name}' has none of; give "
            'curvature = "hessian", or leave it out.'
        )
    twin = differentiable_copy(model)
    if classifies and options.curvature != "hessian":
        diagonal = gauss_newton_diagonal(twin, context, options.draws)
    else:
        with differentiable_twice("OBD by the Hessian", model):
            diagonal = hessian_diagonal(twin, context, options.draws)
    return {name: weight.square() * diagonal[name] / 2 for name, weight in context.weights(twin).items()}


def gauss_newton_diagonal(twin: nn.Module, context: Context, draws: int) -> Scores:
    """An estimate of the Gauss-Newton diagonal of the mean cross-entropy, right on average; a pass an image."""
    weights = context.weights(twin)
    found = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    total = count_images(context.batches)
    for image, _ in single_images(context.batches):
        logits = twin(image)
        reached = logits.detach().double().softmax(dim=1).cumsum(dim=1).cpu()
        drawn = torch.rand(draws, 1, generator=context.generator, dtype=torch.float64)
        labels = (reached < drawn).sum(dim=1).clamp(max=reached.shape[1] - 1)
        for turn, label in enumerate(labels.to(logits.device)):
            loss = F.cross_entropy(logits, label.view(1))
            add_squares(found, loss, weights, retain=turn + 1 < draws)
    return {name: squares / (total * draws) for name, squares in found.items()}


CRITERION = Criterion(
    "obd",
    "OBD",
    "LeCun et al. 1990, Optimal Brain Damage, NeurIPS 2",
    score,
    needs_data=True,
    score_on="trained",
    options=ObdOptions,
    in_templates=False,
)
