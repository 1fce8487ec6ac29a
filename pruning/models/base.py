"""What a network with a name is."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

Build = Callable[[int, tuple[int, int, int]], nn.Module]


@dataclass(frozen=True)
class Architecture:
    """A network by its name.

    Attributes:
        name: what it is known as.
        build: gives it freshly initialised, from the number of classes and the shape of an image (channels, height,
            width). It draws from the global generators, which `build_model` seeds, and raises UserError when the images
            do not fit.
        classifies_images: whether it takes images of any kind and gives logits of classes. Only such a network is
            known by its shapes in `pruning.recognition`; others are built to see whether they fit.
    """

    name: str
    build: Build
    classifies_images: bool = True
