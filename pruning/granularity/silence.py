"""Where nothing but zero arrives at a norm once rows of weights are removed: the network is run, and one listens.

Rules for what is zero behind which operation would have to know every operation, and weights at hand say too much, as
those that begin at zero are to be trained. So the network is called with parameters that are anything but zero. Each
layer hands on the same value in every channel, and zero where its row is removed; where nothing but zero arrives at a
norm, through activations, pooling, sums and concatenations, nothing that is kept is behind it. The value is NaN first,
which no arithmetic turns into zero (what is zero times what is not counts as said, too), and then a number, since
comparisons may lose a NaN.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.modules.instancenorm import _InstanceNorm

from pruning.models.inspection import Shape
from pruning.models.modes import evaluating
from pruning.models.trial import first_weight

VALUES = (math.nan, 1.0)
NORMS = (_BatchNorm, _InstanceNorm)
"""Norms that make their bias of a channel that is zero. What is normalised over channels is not zero any more."""


def has_rows(module: nn.Module) -> bool:
    """Whether a row of the module's weight makes an output channel: a convolution, not transposed, or linear layer."""
    return isinstance(module, (_ConvNd, nn.Linear)) and not isinstance(module, _ConvTransposeNd)


def silent_norms(model: nn.Module, removed: Mapping[str, Tensor], shape: Shape) -> dict[str, Tensor]:
    """By the name of a norm the channels in which nothing but zero arrives, if such norms make zero of it.

    Args:
        model: any network; it is left as it was.
        removed: by the name of a layer, bool [rows], True for a row that says nothing, no bias either.
        shape: of one image, (C, H, W).

    Returns:
        bool [channels] each; True where zero arrives whenever the norm is called. In one that is not called, or not
        before the network's own code refuses such values, it does nowhere.
    """
    if not any(isinstance(module, NORMS) for module in model.modules()):
        return {}
    listening = _Listening(model, removed, shape)
    # what was taken to be silent and is not may have let others seem so
    while any(listening.mistaken(value) for value in VALUES):
        pass
    return listening.silent


class _Listening:
    """What is known to be silent so far, of a network that is run again and again."""

    def __init__(self, model: nn.Module, removed: Mapping[str, Tensor], shape: Shape) -> None:
        self.model, self.removed = model, removed
        source = torch.Generator().manual_seed(0)
        self.images, self.speaking = _images(model, shape, source), _speaking(model, source)
        self.silent: dict[str, Tensor] = {}
        self.unheard: dict[str, int] = {}  # norms, and how many channels they have
        self.corrected = False

    def mistaken(self, value: float) -> bool:
        """Run the network with that value in what is kept; gives whether anything spoke that was taken to be silent."""
        self.unheard, self.corrected = {}, False
        handles = []
        for name, module in self.model.named_modules():
            if has_rows(module):
                handles.append(module.register_forward_hook(partial(self._layer, value, name)))
            elif isinstance(module, NORMS):
                self.unheard[name] = module.num_features
                handles.append(module.register_forward_pre_hook(partial(self._norm, name)))
        try:
            with evaluating(self.model), torch.no_grad():
                functional_call(self.model, self.speaking, (self.images,))
        except Exception:  # a network's own code may raise anything that it thinks of NaN
            pass
        finally:
            for handle in handles:
                handle.remove()
        for name, channels in tuple(self.unheard.items()):
            self._note(name, torch.zeros(channels, dtype=torch.bool))
        return self.corrected

    def _note(self, name: str, silent: Tensor) -> Tensor:
        """Take in what is silent in one call, and give what was in all of them."""
        before = self.silent.get(name, silent)
        self.silent[name] = before & silent.to(before.device)
        self.corrected |= not torch.equal(self.silent[name], before)
        self.unheard.pop(name, None)
        return self.silent[name]

    def _layer(self, value: float, name: str, layer: Any, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        axis = output.ndim + 1 - layer.weight.ndim
        silent = _zero(output, axis)  # a depthwise filter says nothing of a channel that is zero
        if name in self.removed:
            silent |= self.removed[name].to(output.device)
        said = torch.full_like(output, value)
        return said.masked_fill(silent.view([-1 if each == axis else 1 for each in range(output.ndim)]), 0)

    def _norm(self, name: str, norm: Any, inputs: tuple[Tensor, ...]) -> None:
        silent = self._note(name, _zero(inputs[0], 1))
        for parameter in (norm.weight, norm.bias):
            if parameter is not None:
                parameter.copy_(~silent)


def _zero(values: Tensor, axis: int) -> Tensor:
    """Which channels are zero throughout, bool [channels]."""
    return values.movedim(axis, 0).flatten(1).eq(0).all(dim=1)


def _speaking(model: nn.Module, source: torch.Generator) -> dict[str, Tensor]:
    """Parameters, and statistics of norms, under which what is positive stays so and what is zero is shifted."""
    found = {name: _positive(value.shape, source).to(value) for name, value in model.named_parameters()}
    for name, module in model.named_modules():
        if isinstance(module, NORMS) and module.running_mean is not None and module.running_var is not None:
            found[f"{name}.running_mean".lstrip(".")] = -torch.ones_like(module.running_mean)
            found[f"{name}.running_var".lstrip(".")] = torch.ones_like(module.running_var)
    return found


def _images(model: nn.Module, shape: Shape, source: torch.Generator) -> Tensor:
    """Two of them, which are tokens 0 for a network that reads tokens."""
    return _positive(torch.Size((2, *shape)), source).to(first_weight(model))


def _positive(shape: torch.Size, source: torch.Generator) -> Tensor:
    """Numbers from 1/4 to 3/4, no two alike, as some layers subtract the mean of their weights."""
    return torch.rand(shape, generator=source) / 2 + 0.25
