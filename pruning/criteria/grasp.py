"""GraSP: keep the weights that the flow of gradients through the network depends on (Wang et al. 2020)."""

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.gradients import add_gradient, differentiable_copy, loss_gradient, losses
from pruning.errors import UserError
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
    # Fused attention kernels have no second derivative.
    try:
        with sdpa_kernel(SDPBackend.MATH):
            product = hessian_gradient_product(twin, weights, context)
    except RuntimeError as error:
        if "derivative" not in str(error):
            raise
        raise UserError(
            f"GraSP needs second derivatives, which an operation of the network {type(model).__name__} lacks "
            f"({str(error).splitlines()[0].rstrip('.')}); take another criterion, such as SNIP."
        ) from None
    return {name: weight * product[name] for name, weight in context.weights(twin).items()}


def hessian_gradient_product(model: nn.Module, weights: dict[str, nn.Parameter], context: Context) -> Scores:
    """H g over `weights` of the mean loss of all batches; g first, then batch by batch, so memory stays that of one."""
    gradient = loss_gradient(model, weights, context.batches, TEMPERATURE, context.task)
    for name, mask in (context.masks or {}).items():
        gradient[name].mul_(mask)
    product = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for loss in losses(model, context.batches, TEMPERATURE, context.task):
        add_gradient(product, _along(loss, weights, gradient), weights)
    return product


def _along(loss: Tensor, weights: dict[str, nn.Parameter], direction: Scores) -> Tensor:
    """The derivative of `loss` along `direction`, itself differentiable by the weights."""
    slopes = torch.autograd.grad(loss, list(weights.values()), create_graph=True, allow_unused=True)
    pairs = zip(slopes, direction.values(), strict=True)
    return torch.stack([(slope * step).sum() for slope, step in pairs if slope is not None]).sum()


CRITERION = Criterion("grasp", "GraSP", "Wang et al. 2020, arXiv 2002.07376", score, needs_data=True)
