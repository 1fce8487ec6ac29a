"""Networks that are at hand, run: on trial, and giving their logits alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import nn

from pruning.errors import UserError
from pruning.models.outputs import the_logits
from pruning.models.trial import CannotRun, on_trial


class Tried(NamedTuple):
    """What running a network tells: the shape of an input, and of how many classes it gives logits, None for none."""

    shape: tuple[int, ...]
    classes: int | None


@contextmanager
def logits_alone(network: nn.Module) -> Iterator[None]:
    """Have a network give the logits alone for a while, also where it has more to give."""
    handle = network.register_forward_hook(take_logits)
    try:
        yield
    finally:
        handle.remove()


def take_logits(model: nn.Module, inputs: tuple[Any, ...], given: Any) -> Any:
    """Put the logits in the place of what a network gives: a forward hook. Raises UserError as `the_logits`."""
    return the_logits(given, ", in training mode," if model.training else "")


@contextmanager
def modes_kept(network: nn.Module) -> Iterator[None]:
    """Whatever is done to them, modules are in training mode afterwards just where they were before."""
    modes = {module: module.training for module in network.modules()}
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def try_out(network: nn.Module, shape: tuple[int, ...] | None) -> Tried:
    """Run a network on an input that it can read; it is left as it was.

    Args:
        network: one that gives a tensor.
        shape: of the input, where it is known.

    Raises:
        UserError: it cannot be run on such inputs, or on none that was tried.
    """
    with modes_kept(network), torch.no_grad():
        try:
            inputs, given = on_trial(network.eval(), shape)
            return Tried(tuple(inputs.shape[1:]), given.shape[1] if given.ndim == 2 else None)
        except CannotRun as error:
            if shape is not None:
                raise UserError(f"The network cannot be run on inputs of shape {shape} ({error}).") from None
            raise UserError(
                f"The network cannot be run on trial ({error}); say what it takes, such as shape=(3, 32, 32)."
            ) from None
