"""Masks on weights that a network computes from others: a parametrisation more, which keeps zeros in force."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from pruning.errors import UserError
from pruning.masks import Masks
from pruning.models.folding import computed_weights, parametrised


class Masked(nn.Module):
    """Multiplies a weight with its mask, whatever it is computed from."""

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask.clone())

    def forward(self, weight: Tensor) -> Tensor:
        """Give the weight with zeros where it is pruned."""
        return weight * self.mask

    def right_inverse(self, weight: Tensor) -> Tensor:
        """Give what is to be computed for a weight that is assigned: itself."""
        return weight


def masks_on(network: nn.Module) -> Masks:
    """The masks that `put_on` put on weights of the network, by the name of the weight."""
    found = {name: _last(module, name) for name, module in computed_weights(network).items()}
    return {name: last.mask for name, last in found.items() if isinstance(last, Masked)}


def check_takes_masks(module: nn.Module, name: str) -> None:
    """Raise UserError where a weight is computed by a hook, as before `torch.nn.utils.parametrizations` were there."""
    if _last(module, name) is None:
        raise UserError(
            f"No mask can stay on '{name}', which a hook computes (torch.nn.utils.weight_norm or spectral_norm): take "
            "torch.nn.utils.parametrizations in its place, or remove it first, as by torch.nn.utils.remove_weight_norm."
        )


def put_on(module: nn.Module, name: str, mask: Tensor) -> None:
    """Keep what is pruned of a parametrised weight at zero from now on, in place.

    Args:
        module: whose weight it is.
        name: of the weight in the network.
        mask: of its shape, True = kept.
    """
    last = _last(module, name)
    if isinstance(last, Masked):
        last.mask &= mask.to(last.mask.device)
        return
    key = name.rpartition(".")[2]
    device = next(_chain(module, key).parameters(), torch.empty(0)).device
    parametrize.register_parametrization(module, key, Masked(mask.to(device)), unsafe=True)  # what it gives fits


def _last(module: nn.Module, name: str) -> nn.Module | None:
    """What a weight goes through last; None where no parametrisation computes it."""
    key = name.rpartition(".")[2]
    return _chain(module, key)[-1] if key in parametrised(module) else None


def _chain(module: nn.Module, key: str) -> nn.ModuleList:
    return cast(nn.ModuleList, cast(nn.ModuleDict, module.parametrizations)[key])
