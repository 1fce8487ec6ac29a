"""What a removed filter would still say: its bias and its batch norm, kept at zero while the network is trained.

A filter without weights emits its bias, and batch norm turns that into its own bias. Neither is a prunable weight, so
no mask covers them; but with structure `filter` or `layer` a piece is to be gone, not constant. So for every output
channel in which nothing is kept the bias is zero as well, and so are the weight and bias of a norm in the channels in
which nothing arrives: behind a removed filter, behind a sum all of whose parts are removed (as in pre-activation
networks), in what a concatenation has of it, behind a depthwise filter without a bias that reads a removed one. The
channel is exactly zero then: `pruning.shrink` can leave it out without changing the function.
"""

from torch import Tensor, nn

from pruning.granularity.base import Granularity
from pruning.granularity.silence import has_rows, silent_norms

Masks = dict[str, Tensor]


def with_dead_channels(model: nn.Module, masks: Masks, shape: tuple[int, int, int], granularity: Granularity) -> Masks:
    """Return `masks` and, where removed channels end, also those of their biases and norms.

    Args:
        model: the network, left as it was.
        masks: bool masks of its weights, True = kept.
        shape: of one image, (C, H, W); the network is run on a few to find out which norm hears nothing.
        granularity: of the masks.
    """
    return masks | dead_channel_masks(model, masks, shape) if granularity.ends_channels else masks


def dead_channel_masks(model: nn.Module, masks: Masks, shape: tuple[int, int, int]) -> Masks:
    """Masks of biases and of norms' weights and biases, bool [channels], False where the channel is removed."""
    removed = _rows_removed(model, masks)
    found = _of(removed, ("bias",), model)
    for place, silent in silent_norms(model, removed, shape).items() if removed else ():
        if bool(silent.any()):
            found |= _of({place: silent.to(next(iter(removed.values())).device)}, ("weight", "bias"), model)
    return found


def _of(gone: Masks, keys: tuple[str, ...], model: nn.Module) -> Masks:
    """Masks of the parameters of modules, of those that they have, from the channels that are gone."""
    return {
        f"{place}.{key}".lstrip("."): ~channels
        for place, channels in gone.items()
        for key in keys
        if getattr(model.get_submodule(place), key, None) is not None
    }


def _rows_removed(model: nn.Module, masks: Masks) -> Masks:
    """By the name of a layer the output channels of which no weight is kept, where there is one."""
    found = {}
    for name, module in model.named_modules():
        mask = masks.get(f"{name}.weight".lstrip("."))
        if mask is not None and has_rows(module) and not bool((kept := mask.flatten(1).any(dim=1)).all()):
            found[name] = ~kept
    return found
