"""Masks in the forms that people have them in: tickets, dictionaries of torch or numpy, pruned networks."""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.library.copies import copied
from pruning.library.mask_layers import masks_on
from pruning.masks import Masks
from pruning.models import prunable
from pruning.models.folding import computed_weights

T = TypeVar("T")
SUFFIX = "_mask"  # of the buffers of torch.nn.utils.prune


def masks_of(source: Any) -> Masks:
    """Return masks by parameter name, bool, True = kept.

    Args:
        source: something with `masks` (a `Ticket`, what `prune` returns); a dictionary of masks, torch or numpy, bool
            or of zeros and ones; or a network: what torch.nn.utils.prune masks in it, and of other prunable weights
            those that are not zero.

    Raises:
        UserError: it is none of these, or a mask has other values than 0 and 1.
    """
    if isinstance(source, nn.Module):
        return _of_network(source)
    masks = source if isinstance(source, Mapping) else getattr(source, "masks", None)
    if not isinstance(masks, Mapping):
        raise UserError(
            f"Masks are asked for, not {type(source).__name__}: give a ticket, a dictionary from parameter names to "
            "masks, or a pruned network."
        )
    return {str(name): _as_mask(str(name), mask) for name, mask in masks.items()}


def renamed(masks: Mapping[str, T], names: Mapping[str, str | None]) -> dict[str, T]:
    """Return the masks by other names; by their own where there is none, or where two would have the same."""
    found = {names[name] or name: mask for name, mask in masks.items()}
    return found if len(found) == len(masks) else dict(masks)


def _as_mask(name: str, values: Any) -> Tensor:
    if not isinstance(values, (Tensor, np.ndarray)):
        raise UserError(f"The mask '{name}' is a {type(values).__name__}; give a tensor or an array.")
    mask = torch.as_tensor(values)
    if mask.dtype == torch.bool:
        return mask
    if not bool(((mask == 0) | (mask == 1)).all()):
        raise UserError(f"The mask '{name}' has other values than 0 (pruned) and 1 (kept); make it one by `mask != 0`.")
    return mask != 0


def _of_network(network: nn.Module) -> Masks:
    """Those in force, and of other weights the zeros of what is multiplied."""
    multiplied = copied(network) if computed_weights(network) else network
    return {name: weight.detach() != 0 for name, weight in prunable(multiplied).items()} | masks_in(network)


def masks_in(network: nn.Module) -> Masks:
    """Return the masks in force on a network, by what they mask: those of torch.nn.utils.prune and of `apply_masks`."""
    buffers = {name.removesuffix(SUFFIX): value for name, value in network.named_buffers() if name.endswith(SUFFIX)}
    parameters = dict(network.named_parameters())
    masked = {name: value.detach() != 0 for name, value in buffers.items() if f"{name}_orig" in parameters}
    return masked | masks_on(network)
