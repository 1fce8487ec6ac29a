"""GraSP: keep the weights that the flow of gradients through the network depends on (Wang et al. 2020)."""

import torch
from torch import nn

from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.curvature import differentiable_twice, slope_along
from pruning.criteria.gradients import add_gradient, differentiable_copy, loss_gradient, losses
from pruning.models import prunable

TEMPERATURE = 200.0


def score(model: nn.Module, context: Context) -> Scores:
    """The score w (H g): to first order, removing the weight lowers the squared norm of the gradient by twice this.

    The paper's S = -w (H g) removes the largest, so its negative keeps the largest. Logits are divided by 200, as
    there; batch norm normalises by the batch, as in the authors' code. The gradient g runs over the weights that are
    not yet pruned, the classifier's included even when it is not scored: the flow is that of the whole network. It is
    defined whatever the layers, attention and norms included.

    Raises:
        UserError: an operation of the network has no second derivative.
    """
    twin = differentiable_copy(model, batch_statistics=True)
    weights = prunable(twin)
    with differentiable_twice("GraSP", model):
        product = hessian_gradient_product(twin, weights, context)
    return {name: weight * product[name] for name, weight in context.weights(twin).items()}


def hessian_gradient_product(model: nn.Module, weights: dict[str, nn.Parameter], context: Context) -> Scores:
    """H g over `weights` of the mean loss of all batches; g first, then batch by batch, so memory stays that of one."""
    gradient = loss_gradient(model, weights, context.batches, TEMPERATURE, context.task)
    for name, mask in (context.masks or {}).items():
        gradient[name].mul_(mask)
    product = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for loss in losses(model, context.batches, TEMPERATURE, context.task):
        add_gradient(product, slope_along(loss, weights, gradient), weights)
    return product


CRITERION = Criterion("grasp", "GraSP", "Wang et al. 2020, arXiv 2002.07376", score, needs_data=True)
