"""Networks that are at hand, run: on trial, and giving their logits alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.models.modes import modes_kept
from pruning.models.outputs import the_logits
from pruning.models.trial import CannotRun, on_trial, reason_of


class Tried(NamedTuple):
    """What running a network tells: the shape of an input, and of how many classes it gives logits, None for none."""

    shape: tuple[int, ...]
    classes: int | None


def check_finite(logits: Tensor) -> None:
    """Raise UserError where logits [N, K] of an input have no softmax: NaN, infinite, or all minus infinity."""
    sure = torch.softmax(logits.float(), dim=1).amax(dim=1)
    refuse_undefined(int((~sure.isfinite()).sum()), len(logits))


def refuse_undefined(count: int, images: int, under: str = "") -> None:
    """Raise UserError where there are images, of so many, whose logits are not finite.

    Args:
        count: how many there are.
        images: of how many.
        under: what they are shown under, such as " under fog 3".
    """
    if count:
        raise UserError(
            f"The logits of {count:,} of {images:,} images{under} are not finite, so that no class can be told; look "
            "whether the network's weights or its inputs hold NaN."
        )


def refuse_scripted(network: nn.Module) -> None:
    """Raise UserError of a network that is TorchScript, or has a part that is: it cannot be looked into."""
    for name, module in network.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            what = f"The network's part '{name}'" if name else "The network"
            raise UserError(f"{what} is TorchScript, which cannot be looked into; give the module that it was made of.")


@contextmanager
def logits_alone(network: nn.Module) -> Iterator[None]:
    """Have a network give the logits alone for a while, also where it has more to give."""
    refuse_scripted(network)
    handle = network.register_forward_hook(take_logits)
    try:
        yield
    finally:
        handle.remove()


def take_logits(model: nn.Module, inputs: tuple[Any, ...], given: Any) -> Any:
    """Put the logits in the place of what a network gives: a forward hook. Raises UserError as `the_logits`."""
    return the_logits(given, ", in training mode," if model.training else "")


@contextmanager
def readable(shape: tuple[int, ...]) -> Iterator[None]:
    """Turn what a network's own code raises of inputs of a shape into a UserError."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"The network cannot be run on inputs of shape {shape} ({reason_of(error)}).") from error


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
                raise UserError(f"The network cannot be run on inputs of shape {shape} ({error}).") from error
            raise UserError(
                f"The network cannot be run on trial ({error}); say what it takes, such as shape=(3, 32, 32)."
            ) from error
