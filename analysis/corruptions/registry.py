"""What a corruption is: its function, and its severities at any image size.

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

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from analysis.corruptions.random import Draws

Group = Literal["noise", "blur", "weather", "digital", "geometric", "drawn", "frequency"]
Row = tuple[float, ...]
Function = Callable[[Tensor, Row, Draws], Tensor]

SEVERITIES: tuple[int, ...] = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Corruption:
    """A corruption and its severities.

    Attributes:
        name: as published. label: for people. group: what sort of change it is.
        function: (images uint8 [N, C, H, W], parameters, draws) -> uint8, same shape. Each image's result depends on
            that image and its draws alone.
        names: what the parameters are called, in order.
        published: size in pixels -> rows of parameters, one for each severity.
        lengths: the parameters that are lengths in pixels.
        extra: one of the four that CIFAR-10-C holds back for development and keeps out of the mean.
        family: the name of its family, see `families`. severities: those it has, from 1 on without a gap.
        version: raised when the images change; what was measured on those of another version is measured again.
    """

    name: str
    label: str
    group: Group
    function: Function
    names: tuple[str, ...]
    published: Mapping[int, tuple[Row, ...]]
    lengths: frozenset[str] = frozenset()
    extra: bool = False
    family: str = "cifar_c"
    severities: tuple[int, ...] = SEVERITIES
    version: int = 1

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
