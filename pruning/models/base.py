"""What a network with a name is."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

Build = Callable[[int, tuple[int, int, int]], nn.Module]


@dataclass(frozen=True)
class Architecture:
    """A network by its name.

    `build(num_classes, shape)` gives it freshly initialised for images of `shape` (channels, height, width), drawing
    from the global generators, which `build_model` seeds. It raises UserError when the images do not fit.
    """

    name: str
    build: Build
