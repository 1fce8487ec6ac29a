"""Second derivatives of the loss by the weights: products with a direction, and random looks at the diagonal."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from pruning.criteria.base import Context, Scores
from pruning.criteria.gradients import add_gradient, losses
from pruning.errors import UserError
from pruning.models import prunable


@contextmanager
def differentiable_twice(label: str, model: nn.Module) -> Iterator[None]:
    """Have all of torch's operations second derivatives, as far as there are any.

    Raises:
        UserError: an operation of the network has none; the sentence names the criterion `label`.
    """
    try:
        with sdpa_kernel(SDPBackend.MATH):  # fused attention kernels have none
            yield
    except RuntimeError as error:
        if "derivative" not in str(error):
            raise
        raise UserError(
            f"{label} needs second derivatives, which an operation of the network {type(model).__name__} lacks "
            f"({str(error).splitlines()[0].rstrip('.')}); take another criterion, such as SNIP."
        ) from None


def slope_along(loss: Tensor, weights: Mapping[str, Tensor], direction: Mapping[str, Tensor]) -> Tensor:
    """The derivative of `loss` along `direction`, itself differentiable by the weights."""
    slopes = torch.autograd.grad(loss, list(weights.values()), create_graph=True, allow_unused=True)
    pairs = zip(slopes, direction.values(), strict=True)
    return torch.stack([(slope * step).sum() for slope, step in pairs if slope is not None]).sum()


def hessian_diagonal(twin: nn.Module, context: Context, draws: int) -> Scores:
    """An estimate of the diagonal of the Hessian of the mean loss, right on average (Hutchinson; Bekas et al. 2007).

    The mean of z (H z) over random signs z, `draws` of them for every batch. A sum of it over a layer estimates the
    trace of that layer's part. Over all prunable weights of `twin` that are not pruned yet, whichever are scored.
    """
    weights = prunable(twin)
    found = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for _ in range(draws):
        for loss in losses(twin, context.batches, task=context.task):
            signs = {name: _signs(weight, context, name) for name, weight in weights.items()}
            product = {name: torch.zeros_like(weight) for name, weight in weights.items()}
            add_gradient(product, slope_along(loss, weights, signs), weights)
            for name, total in found.items():
                total += signs[name] * product[name] / draws
    return found


def _signs(weight: Tensor, context: Context, name: str) -> Tensor:
    """-1 or 1 for each weight, drawn on the CPU; 0 for one that is pruned."""
    drawn = torch.randint(0, 2, weight.shape, generator=context.generator, dtype=torch.int8)
    signs = (2 * drawn - 1).to(weight)
    mask = (context.masks or {}).get(name)
    return signs if mask is None else signs * mask
