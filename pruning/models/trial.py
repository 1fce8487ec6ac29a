"""Random inputs that a network can read, to see what it does."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call

from pruning.errors import UserError

Shape = tuple[int, ...]
IMAGES = 5
MOST = 50  # shapes that are tried


class CannotRun(Exception):
    """The network reads none of the inputs that were tried; the message is the reason, without a full stop."""


def on_trial(model: nn.Module, shape: Shape | None = None) -> tuple[Tensor, Tensor]:
    """Return random inputs [5, ...] that the network can read, and the tensor that it makes of them.

    Args:
        model: the network, in the mode it is to run in.
        shape: of one input; None: one that fits its first layer.

    Raises:
        CannotRun: it reads none of them, or gives no tensor.
    """
    error: Exception | None = None
    given = "nothing"
    for each in [shape] if shape is not None else _guesses(model):
        images = _images(model, each)
        try:
            output = model(images)
        except UserError:
            raise
        except Exception as caught:  # a network's own code may raise anything that it thinks of such inputs
            error = caught
        else:
            if isinstance(output, Tensor):
                return images, output
            given = f"a {type(output).__name__}"
    wrap = "wrap it so that it gives its logits alone"
    raise CannotRun(reason_of(error) if error else f"it gives {given} and no tensor; {wrap}") from error


def reason_of(error: Exception) -> str:
    """Return the first line of what an exception says, else its kind, without a full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _guesses(model: nn.Module) -> list[Shape]:
    """Shapes of images that a layer may be made for, of a network that nothing is said of: the first layer's first."""
    shapes: dict[Shape, None] = {}
    for module in model.modules():
        if isinstance(module, nn.Linear):
            shapes[(module.in_features,)] = None
        if isinstance(module, nn.Conv2d):
            shapes |= dict.fromkeys((module.in_channels, size, size) for size in (32, 28, 224, 64, 96, 16, 8))
    return list(shapes)[:MOST] or [(3, 32, 32)]


def _images(model: nn.Module, shape: Shape) -> Tensor:
    first = first_weight(model)
    images = torch.randn(IMAGES, *shape, generator=torch.Generator().manual_seed(0))
    return images.to(first.device, first.dtype)


def first_weight(model: nn.Module) -> Tensor:
    """Return the first floating parameter, whose device and type inputs are to have; a zero where there is none."""
    return next((value for value in model.parameters() if value.is_floating_point()), torch.zeros(()))


@contextmanager
def fits(name: str, shape: tuple[int, int, int]) -> Iterator[None]:
    """Turn what a library raises when its network `name` is made for images of `shape` into a sentence.

    Raises:
        UserError: the images do not fit the network.
    """
    try:
        yield
    except (RuntimeError, ValueError, TypeError, AssertionError, NotImplementedError) as error:
        size = f"{shape[1]}x{shape[2]}"
        raise UserError(
            f"The model '{name}' cannot read images of {size} pixels ({reason_of(error)}); "
            "take larger images or a network made for small ones, such as 'resnet20'."
        ) from error


def try_out(model: nn.Module, shape: tuple[int, int, int]) -> None:
    """Run two images through the network by shape alone, which costs no arithmetic; raises what torch raises."""
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    shapes = {name: torch.empty_like(tensor, device="meta") for name, tensor in tensors.items()}
    model.eval()
    with torch.no_grad():
        functional_call(model, shapes, (torch.empty(2, *shape, device="meta"),))
    model.train()
