"""What a removed filter would still say: its bias and its batch norm, kept at zero while the network is trained.

A filter without weights emits its bias, and batch norm turns that into its own bias. Neither is a prunable weight, so
no mask covers them; but with structure `filter` or `layer` a piece is to be gone, not constant. So for every output
channel in which nothing is kept the bias, and the weight and bias of the batch norm that reads it, are zero as well,
and the channel is exactly zero: `pruning.shrink` can then leave it out without changing the function. A batch norm that
reads a sum, as in pre-activation networks, is left as it is: there a removed channel goes on as a constant.
"""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from pruning.granularity.base import Granularity
from pruning.models.inspection import watch

Masks = dict[str, Tensor]
SILENT = (
    nn.Identity, nn.ReLU, nn.LeakyReLU, nn.ReLU6, nn.Tanh, nn.GELU, nn.SiLU, nn.ELU, nn.Dropout,
    nn.Dropout2d, nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d,
)  # fmt: skip
"""Modules that make zero of zero, channel by channel."""


def with_dead_channels(model: nn.Module, masks: Masks, shape: tuple[int, int, int], granularity: Granularity) -> Masks:
    """Return `masks` and, where removed channels end, also those of their biases and norms.

    Args:
        model: the network, left as it was.
        masks: bool masks of its weights, True = kept.
        shape: of one image, (C, H, W); one of zeros finds out which norm reads which layer.
        granularity: of the masks.
    """
    return masks | dead_channel_masks(model, masks, shape) if granularity.ends_channels else masks


def dead_channel_masks(model: nn.Module, masks: Masks, shape: tuple[int, int, int]) -> Masks:
    """Masks of biases and of batch norms' weights and biases, bool [channels], False where the channel is removed."""
    channels = _outputs_kept(model, masks)
    result = _of(channels, ("bias",), model)
    read: Masks = {}
    for name, norms in norms_behind(model, shape).items() if channels else ():
        for place, norm in norms:
            kept = channels.get(name, torch.ones(norm.num_features, dtype=torch.bool))
            # a norm that several layers share speaks for each of them
            read[place] = read[place] | kept.to(read[place].device) if place in read else kept
    return result | _of(
        {place: kept for place, kept in read.items() if not bool(kept.all())}, ("weight", "bias"), model
    )


def _of(kept: Masks, keys: tuple[str, ...], model: nn.Module) -> Masks:
    """The masks of modules as those of their parameters, of those that they have."""
    return {
        f"{place}.{key}".lstrip("."): mask
        for place, mask in kept.items()
        for key in keys
        if getattr(model.get_submodule(place), key, None) is not None
    }


def _outputs_kept(model: nn.Module, masks: Masks) -> Masks:
    """By the name of the layer whether any weight of an output channel is kept, where there is one without."""
    found = {}
    for name, module in model.named_modules():
        mask = masks.get(f"{name}.weight".lstrip("."))
        if mask is None or isinstance(module, _ConvTransposeNd) or not isinstance(module, (_ConvNd, nn.Linear)):
            continue
        kept = mask.flatten(1).any(dim=1)
        if not bool(kept.all()):
            found[name] = kept
    return found


def norms_behind(model: nn.Module, shape: tuple[int, int, int]) -> dict[str, list[tuple[str, _BatchNorm]]]:
    """By the name of a layer the batch norms that are called with its output, or what one of `SILENT` makes of it."""
    outputs: dict[int, tuple[str, Tensor]] = {}  # the tensor is kept, so that its id stays its own
    found: dict[str, list[tuple[str, _BatchNorm]]] = {}

    def note(name: str, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, (_ConvNd, nn.Linear)):
            outputs[id(output)] = (name, output)
        elif isinstance(module, SILENT) and id(inputs[0]) in outputs:
            outputs[id(output)] = (outputs[id(inputs[0])][0], output)
        elif isinstance(module, _BatchNorm) and id(inputs[0]) in outputs:
            found.setdefault(outputs[id(inputs[0])][0], []).append((name, module))

    watch(model, shape, note)
    return found
