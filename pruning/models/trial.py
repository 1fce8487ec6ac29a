"""Random inputs that a network can read, to see what it does."""

import torch
from torch import Tensor, nn

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
    for each in [shape] if shape is not None else _guesses(model):
        images = _images(model, each)
        try:
            output = model(images)
        except (RuntimeError, ValueError, TypeError, NotImplementedError) as caught:
            error = caught
        else:
            if isinstance(output, Tensor):
                return images, output
    raise CannotRun(str(error).splitlines()[0].rstrip(".") if error else "it gives no tensor")


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
    first = next((value for value in model.parameters() if value.is_floating_point()), torch.zeros(()))
    images = torch.randn(IMAGES, *shape, generator=torch.Generator().manual_seed(0))
    return images.to(first.device, first.dtype)
