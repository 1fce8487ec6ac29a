"""The parts of any network that pruning and analysis need: prunable weights, cost; for the classifier see there."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.utils.hooks import RemovableHandle

from pruning.models.classifier import classifier_weight
from pruning.models.modes import evaluating
from pruning.models.trial import first_weight

Shape = tuple[int, int, int]
Watcher = Callable[[str, nn.Module, tuple[Tensor, ...], Tensor], None]
"""Sees a module that is called: its name, itself, its inputs, its output."""


def prunable(model: nn.Module, classifier: bool = True, scope: str | None = None) -> dict[str, nn.Parameter]:
    """The weights that may be pruned: those of convolutions, linear, bilinear and recurrent layers and attention.

    They are in the order of the modules, and keys are as in the state dict (`layer1.0.conv1.weight`). Attention's joint
    input projection is a linear layer too and is named `in_proj_weight`. Biases, normalisation and embeddings stay out;
    so does the classifier's weight when `classifier` is false. A weight that several modules share (an embedding may be
    one) is listed once, by its first name. With a `scope` only what lies in the submodule of that name is listed.
    `pruning.models.unpruned` says what stays out and what share it has.
    """
    left_out = "" if classifier else classifier_weight(model)
    within = f"{scope}." if scope else ""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found: dict[str, nn.Parameter] = {}
    for module in model.modules():
        for key in _weight_names(module):
            weight = getattr(module, key)
            name = names[id(weight)] if isinstance(weight, nn.Parameter) else left_out
            if name != left_out and name.startswith(within):
                found[name] = weight
    return found


def _weight_names(module: nn.Module) -> tuple[str, ...]:
    if isinstance(module, (_ConvNd, nn.Linear, nn.Bilinear)):
        return ("weight",)
    if isinstance(module, nn.MultiheadAttention):
        return ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
    if isinstance(module, nn.RNNBase):
        return tuple(name for name in module._flat_weights_names if name.startswith("weight"))
    if isinstance(module, nn.RNNCellBase):
        return ("weight_ih", "weight_hh")
    return ()


def watch(model: nn.Module, shape: Shape, see: Watcher) -> None:
    """Send one image of zeros of `shape` (C, H, W) through the network in evaluation mode.

    `see` is given the name, inputs and output of every module that is called. The model is left as it was.
    """
    handles: list[RemovableHandle] = [
        module.register_forward_hook(partial(see, name)) for name, module in model.named_modules()
    ]
    try:
        show_zeros(model, shape)
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def show_zeros(model: nn.Module, shape: Shape) -> None:
    """Send one image of zeros of `shape` (C, H, W) through the network in evaluation mode; it is left as it was."""
    weight = first_weight(model)
    with evaluating(model):
        model(torch.zeros(1, *shape, device=weight.device, dtype=weight.dtype))
