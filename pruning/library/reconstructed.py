"""Reconstruction of a network that is at hand: the weights that stay solved layer by layer, without training."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import nn

from pruning.errors import UserError, few
from pruning.library.copies import check_network
from pruning.library.labelled import labelled_batches
from pruning.library.logits import logits_alone, try_out
from pruning.library.pruned import masks_for
from pruning.models import count_macs
from pruning.models.folding import computed_weights
from pruning.models.trial import first_weight
from pruning.progress import Progress, as_progress, quiet
from pruning.reconstruction.layers import Solving
from pruning.reconstruction.layers import reconstruct as solve
from pruning.reconstruction.solving import UPDATES
from pruning.training.precision import settled


def reconstruct(
    network: nn.Module,
    masks: Any,
    data: Any,
    *,
    update: Literal["sparsegpt", "least_squares"] = "sparsegpt",
    images: int | None = 1000,
    inputs: Literal["pruned", "dense"] = "pruned",
    target: Literal["layer", "dense"] = "layer",
    ridge: float = 0.01,
    bias: bool = False,
    progress: Progress | bool = quiet,
) -> Mapping[str, tuple[float, float]]:
    """Prune a trained network in place and solve what is left, so that each layer's outputs stay as near as they can.

    Layers are taken in the order in which the network runs; batch normalisation keeps its statistics.

    Args:
        network: any, dense, on any device, where it stays.
        masks: of its weights, in any form that `masks_of` takes, such as what `prune` returns.
        data: calibration images with labels, which are not looked at, in the forms that `prune` takes.
        update: "sparsegpt" (Frantar & Alistarh 2023), or "least_squares", the best weights within the mask.
        images: how many are taken; None: all.
        inputs: of a layer: those that the layers before it, "pruned", give, or those in the "dense" network.
        target: of a layer: what its dense weights make of these inputs ("layer"), or what it gives in the "dense"
            network, which makes up for the errors of layers before.
        ridge: added to the diagonal of the inputs' Gram matrix, as a share of its mean, at least 0.
        bias: whether biases are solved too.
        progress: told the fraction done and what is being done; True writes a line, and `print` will do.

    Returns:
        By weight the squared error of the layer's outputs before and after, as a share of their squares.

    Raises:
        UserError: masks or data do not fit, or a layer cannot be solved.
    """
    check_network(network)
    if update not in UPDATES or inputs not in ("pruned", "dense") or target not in ("layer", "dense") or ridge < 0:
        raise UserError(
            'Give update="sparsegpt" or "least_squares", inputs="pruned" or "dense", target="layer" or "dense", and '
            "a `ridge` of at least 0."
        )
    first = first_weight(network)
    kept = {name: mask.to(first.device) for name, mask in masks_for(network, masks).items()}
    weights = computed_weights(network)
    computed = [name for name in kept if name in weights]
    if computed:
        raise UserError(
            f"The network computes {few(computed)} from other values, as by weight normalisation, so that there is no "
            "weight to solve; remove that first, as by torch.nn.utils.parametrize.remove_parametrizations."
        )
    given = labelled_batches(data, images, first.device, dtype=first.dtype)
    batches = [(inputs, torch.zeros_like(labels)) for inputs, labels in given]  # of a class that there is
    solving = Solving(update, inputs, target, ridge, bias)
    shape: Any = tuple(batches[0][0].shape[1:])  # of inputs of any kind
    with logits_alone(network):
        try_out(network, shape)
    with logits_alone(network), settled(count_macs(network, shape)):
        _, record = solve(network, kept, batches, solving, progress=as_progress(progress))
    places, before, after = (record[f"reconstruction/{key}"] for key in ("layer", "before", "after"))
    names = list(kept)
    return {names[int(place)]: (cut, off) for place, cut, off in zip(places, before, after, strict=True)}
