"""What a corruption is, and an attack: its function, and its severities at any image size.

Those of the common corruptions are published for three sizes: CIFAR-10-C (32 pixels), Tiny-ImageNet-C (64) and
ImageNet-C (224), all of Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019). The size of an image is its shorter side, and a parameter at another size follows by one
rule:

- At a published size it is the published value.
- In between it is interpolated linearly in the logarithm of the size.
- Below 32 pixels it stays as at 32: blurs and noise there are of about a pixel, and finer ones would not be seen.
- Above 224 pixels, lengths in pixels grow in proportion to the size and everything else stays as at 224.

Parameters of MNIST-C are published for 28 pixels only; they are angles, factors, and lengths as shares of the image, so
they hold for any size.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

from analysis.corruptions.random import Draws
from pruning.errors import UserError

Group = Literal["noise", "blur", "weather", "digital", "geometric", "drawn", "frequency"]
Row = tuple[float, ...]
Function = Callable[[Tensor, Row, Draws], Tensor]

SEVERITIES: tuple[int, ...] = (1, 2, 3, 4, 5)
UNCORRUPTED = "clean"
"""The name that stands for the images as they are."""


def check_usable(name: str, whose: str) -> None:
    """Raises UserError unless what is named can be told from the clean images, and its name from what surrounds it."""
    if name == UNCORRUPTED:
        raise UserError(f"{whose} cannot be called '{name}', the name of the images as they are; give it another.")
    if not re.fullmatch(r"[\w.-]+", name):
        raise UserError(
            f"{whose} cannot be called '{name}': give it a name of letters, digits, '_', '-' and '.' without spaces."
        )


@dataclass(frozen=True)
class Corruption:
    """A corruption and its severities.

    Attributes:
        name: as published.
        label: for people.
        group: what sort of change it is.
        function: (images uint8 [N, C, H, W], parameters, draws) -> uint8, same shape. Each image's result depends on
            that image and its draws alone.
        names: what the parameters are called, in order.
        published: size in pixels -> rows of parameters, one for each severity.
        lengths: the parameters that are lengths in pixels.
        extra: one of the four that CIFAR-10-C holds back for development and keeps out of the mean.
        family: the name of its family, see `registry.Family`.
        severities: those it has, from 1 on without a gap.
        version: raised when the images change, so that what was measured on those of another is measured again.
        together: so many images at least are given to the function at once, where there are as many for each thread.

    Raises:
        UserError: at some size there are not as many rows of parameters as severities, or the name is "clean" or has
            other characters than letters, digits, "_", "-" and ".".
    """

    name: str
    label: str
    group: Group
    function: Function
    names: tuple[str, ...]
    published: Mapping[int, tuple[Row, ...]]
    lengths: frozenset[str] = frozenset()
    extra: bool = False
    family: str = field(kw_only=True)
    severities: tuple[int, ...] = SEVERITIES
    version: int = 1
    together: int = field(default=1, kw_only=True)

    def __post_init__(self) -> None:
        check_usable(self.name, "A corruption")
        for size, rows in self.published.items():
            if len(rows) != len(self.severities):
                raise UserError(
                    f"The corruption '{self.name}' has {len(rows)} rows of parameters for {size} pixels and "
                    f"{len(self.severities)} severities; there must be a row for each."
                )

    def parameters(self, severity: int, size: int) -> Row:
        """The parameters at one of its severities for images whose shorter side has `size` pixels."""
        sizes = sorted(self.published)
        rows = [self.published[at][severity - 1] for at in sizes]
        if size <= sizes[0]:
            return rows[0]
        if size >= sizes[-1]:
            grow = size / sizes[-1]
            return tuple(v * grow if n in self.lengths else v for n, v in zip(self.names, rows[-1], strict=True))
        above = next(i for i, at in enumerate(sizes) if at > size)
        left, right = math.log(sizes[above - 1]), math.log(sizes[above])
        share = (math.log(size) - left) / (right - left)
        return tuple(a + share * (b - a) for a, b in zip(rows[above - 1], rows[above], strict=True))


def single(*values: float) -> tuple[Row, ...]:
    """Rows of one parameter each."""
    return tuple((value,) for value in values)


@dataclass(frozen=True)
class Attack:
    """A corruption that is made with the help of the network it is shown to.

    Attributes:
        name: as published.
        label: for people.
        function: `Reach` -> the attacked images in grey levels, float32 [N, C, H, W], within reach.
        family: the name of its family, which says `needs_network`.
        severities: those it has, from 1 on without a gap.
        version: raised when the images change.

    Raises:
        UserError: the name is no corruption's.
    """

    name: str
    label: str
    function: Callable[[Reach], Tensor]
    family: str = "adversarial"
    severities: tuple[int, ...] = SEVERITIES
    version: int = 1

    def __post_init__(self) -> None:
        check_usable(self.name, "An attack")


@dataclass(frozen=True)
class Reach:
    """What an attack starts from and how far it may go.

    Attributes:
        clean: the images in grey levels, float32 [N, C, H, W].
        low: the least that each byte may become.
        high: the most.
        eps: by how many grey levels a byte may change.
        draws: the images' random numbers.
        direction: images -> the signs of the loss's gradient by them, -1, 0 or 1; both float32 [N, C, H, W].
    """

    clean: Tensor
    low: Tensor
    high: Tensor
    eps: int
    draws: Draws
    direction: Callable[[Tensor], Tensor]
