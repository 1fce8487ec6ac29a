"""The parts of any network that pruning and analysis need: prunable weights, cost; for the classifier see there."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.utils.hooks import RemovableHandle

from pruning.models.classifier import classifier_weight

Watcher = Callable[[str, nn.Module, tuple[Tensor, ...], Tensor], None]
"""Sees a module that is called: its name, itself, its inputs, its output."""


def prunable(model: nn.Module, classifier: bool = True) -> dict[str, nn.Parameter]:
    """The weights that may be pruned: those of convolutions and linear layers, in the order of the modules.

    Keys are as in the state dict (`layer1.0.conv1.weight`). Attention's joint input projection is a linear layer
    too and is named `in_proj_weight`. Biases, normalisation and embeddings stay out; so does the classifier's weight
    when `classifier` is false. A weight that two layers share is listed once.
    """
    left_out = "" if classifier else classifier_weight(model)
    found: dict[int, tuple[str, nn.Parameter]] = {}
    for name, module in model.named_modules():
        for key in _weight_names(module):
            weight = getattr(module, key)
            if isinstance(weight, nn.Parameter):
                found.setdefault(id(weight), (f"{name}.{key}" if name else key, weight))
    return {name: weight for name, weight in found.values() if name != left_out}


def _weights(module: nn.Module) -> list[nn.Parameter]:
    """The prunable weights that a module multiplies with itself when it is called."""
    if isinstance(module, nn.MultiheadAttention):
        return list(prunable(module).values())  # its output projection is not called as a module
    weights = [getattr(module, key) for key in _weight_names(module)]
    return [weight for weight in weights if isinstance(weight, nn.Parameter)]


def _weight_names(module: nn.Module) -> tuple[str, ...]:
    if isinstance(module, (_ConvNd, nn.Linear)):
        return ("weight",)
    if isinstance(module, nn.MultiheadAttention):
        return ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
    return ()


def count_macs(model: nn.Module, shape: tuple[int, int, int]) -> int:
    """Multiply-adds of the convolutions and linear layers for one image of `shape` (C, H, W), as if none were pruned.

    Counted in a forward pass on zeros; additions of biases, normalisation, pooling, and attention's products of
    activations are left out. The model is left as it was.
    """
    uses = weight_uses(model, shape)
    return sum(uses[name] * weight.numel() for name, weight in prunable(model).items())


def weight_uses(model: nn.Module, shape: tuple[int, int, int]) -> dict[str, int]:
    """How often each weight of a parameter is multiplied for one image of `shape` (C, H, W).

    This is once in a linear layer, once a pixel of its output in a convolution, 0 where the forward pass leaves it out.
    Keys are those of `prunable`, in its order. Counted in a forward pass on zeros; the model is left as it was.
    """
    names = {id(weight): name for name, weight in prunable(model).items()}
    uses = dict.fromkeys(names.values(), 0)
    # noted before the forward pass, in which a network may put other tensors in its parameters' place
    held = {
        module: [names[id(weight)] for weight in prunable(module).values() if id(weight) in names]
        for module in model.modules()
        if isinstance(module, (_ConvNd, nn.Linear, nn.MultiheadAttention))
    }

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, nn.MultiheadAttention):
            # Its output projection is not called as a module, so both projections are counted here.
            times = inputs[0].numel() // module.embed_dim
        elif isinstance(module, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)):
            times = inputs[0].numel() // module.in_channels
        elif isinstance(module, (_ConvNd, nn.Linear)):
            times = output.numel() // module.weight.shape[0]
        else:
            return
        for name in held[module]:
            uses[name] += times

    watch(model, shape, lambda _, module, inputs, output: count(module, inputs, output))
    return uses


@torch.no_grad()
def watch(model: nn.Module, shape: tuple[int, int, int], see: Watcher) -> None:
    """Send one image of zeros of `shape` (C, H, W) through the network in evaluation mode.

    `see` is given the name, inputs and output of every module that is called. The model is left as it was.
    """
    handles: list[RemovableHandle] = [
        module.register_forward_hook(partial(see, name)) for name, module in model.named_modules()
    ]
    modes = {module: module.training for module in model.modules()}
    weight = next(model.parameters())
    try:
        model.eval()(torch.zeros(1, *shape, device=weight.device, dtype=weight.dtype))
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes.items():
            module.training = mode
