"""Networks that give more than logits, for the time in which somebody asks for these alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.models.outputs import settle_output


def give_logits(network: nn.Module, shape: tuple[int, ...]) -> None:
    """Have a network that gives a tuple, a dictionary or an object with logits among them give these alone.

    Args:
        network: any; its mode stays as it is. What it is of class is changed where it gives more than a tensor.
        shape: that of one input.

    Raises:
        UserError: it cannot be run on such inputs, or which of several tensors are the logits is not told.
    """
    if isinstance(_output(network, shape), Tensor):
        return
    with _modes_kept(network):
        settle_output(network, type(network).__name__, None, shape)


@contextmanager
def logits_alone(network: nn.Module, shape: tuple[int, ...]) -> Iterator[None]:
    """Do `give_logits` to a network for a while; then it is what it was, its mode included."""
    kind = type(network)
    with _modes_kept(network):
        give_logits(network, shape)
        try:
            yield
        finally:
            network.__class__ = kind


@contextmanager
def _modes_kept(network: nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in network.modules()}
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@torch.no_grad()
def _output(network: nn.Module, shape: tuple[int, ...]) -> object:
    """What the network makes of two inputs of zeros in evaluation mode."""
    first = next((value for value in network.parameters() if value.is_floating_point()), torch.zeros(()))
    with _modes_kept(network):
        try:
            given: object = network.eval()(torch.zeros(2, *shape, device=first.device, dtype=first.dtype))
        except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            raise UserError(f"The network cannot be run on inputs of shape {shape} ({reason}).") from None
    return given
