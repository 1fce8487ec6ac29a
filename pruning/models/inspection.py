"""The parts of any network that pruning and analysis need: classifier, prunable weights, features, cost."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.utils.hooks import RemovableHandle

from pruning.errors import UserError

Shape = tuple[int, int, int]
Watcher = Callable[[str, nn.Module, tuple[Tensor, ...], Tensor], None]
"""Sees a module that is called: its name, itself, its inputs, its output."""


def find_classifier(model: nn.Module) -> tuple[str, nn.Linear]:
    """The last linear layer in the order of the modules: its dotted name and the layer.

    Its input is what the analysis calls features, its rows are the class directions. The layer may have no bias.

    Raises:
        UserError: the network has no linear layer.
    """
    linears = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    if not linears:
        raise UserError(
            f"The network {type(model).__name__} has no linear layer, so no classifier was found; "
            "let it end in a torch.nn.Linear."
        )
    return linears[-1]


def prunable(model: nn.Module, classifier: bool = True) -> dict[str, nn.Parameter]:
    """The weights that may be pruned: those of convolutions, linear, bilinear and recurrent layers and attention.

    They are in the order of the modules, and keys are as in the state dict (`layer1.0.conv1.weight`). Attention's joint
    input projection is a linear layer too and is named `in_proj_weight`. Biases, normalisation and embeddings stay out;
    so does the classifier's weight when `classifier` is false. A weight that several modules share (an embedding may be
    one) is listed once, by its first name. `pruning.models.unpruned` says what stays out and what share it has.
    """
    last = None if classifier else find_classifier(model)[1]
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found: dict[str, nn.Parameter] = {}
    for module in model.modules():
        for key in _weight_names(module):
            weight = getattr(module, key)
            if module is not last and isinstance(weight, nn.Parameter):
                found[names[id(weight)]] = weight
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


def features_and_logits(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Features [N, D] (the input of the classifier) and logits [N, K] of images [N, C, H, W], in one forward pass.

    Mode, gradients and autocast are the caller's; half-precision results are given back as float32.

    Raises:
        UserError: the classifier takes no part in the forward pass.
    """
    name, layer = find_classifier(model)
    caught: list[Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
    try:
        logits = model(x)
    finally:
        handle.remove()
    if not caught:
        raise UserError(f"The last linear layer '{name}' takes no part in the network's forward pass.")
    return _widened(caught[-1].flatten(1)), _widened(logits)


def _widened(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


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
    modes = {module: module.training for module in model.modules()}
    weight = next(model.parameters(), torch.zeros(()))
    try:
        model.eval()(torch.zeros(1, *shape, device=weight.device, dtype=weight.dtype))
    finally:
        for module, mode in modes.items():
            module.training = mode
