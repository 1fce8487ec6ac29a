"""Where weights are multiplied with what they are given, seen in torch's own operations, whatever module calls them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from pruning.errors import UserError

Part = tuple[tuple[int, int], Tensor, int]
"""Of rows (first, one after the last) of a matrix: a sum over their inputs, and how many inputs there were."""

Inputs = tuple[tuple[int, int], Tensor]
"""Rows (first, one after the last) of a matrix, and inputs [n, columns] that they are given."""

CHUNK = 8_000_000
"""Numbers of an unfolded input that are in memory at once; of one image there may be more."""


@dataclass(frozen=True)
class Shape:
    """How a weight is a matrix [rows, columns]: outputs and inputs.

    Attributes:
        size: the weight's. groups: of a convolution. transposed: whether its first dimension is the input.
    """

    size: torch.Size
    groups: int = 1
    transposed: bool = False

    @property
    def rows(self) -> int:
        """How many outputs there are."""
        return self.size[1] * self.groups if self.transposed else self.size[0]

    def matrix(self, weight: Tensor) -> Tensor:
        """The weight as a matrix."""
        if not self.transposed:
            return weight.reshape(self.size[0], -1)
        apart = weight.reshape(self.groups, self.size[0] // self.groups, self.size[1], -1)
        return apart.permute(0, 2, 1, 3).reshape(self.rows, -1)

    def weight(self, matrix: Tensor) -> Tensor:
        """The matrix as a weight."""
        if not self.transposed:
            return matrix.reshape(self.size)
        apart = matrix.reshape(self.groups, self.size[1], self.size[0] // self.groups, -1)
        return apart.permute(0, 2, 1, 3).reshape(self.size)


class Use:
    """A weight, or rows of it, multiplied with inputs once. `shape` is the whole weight's."""

    shape: Shape

    def squares(self) -> Iterator[Part]:
        """Sums of squares [columns]."""
        raise NotImplementedError

    def columns(self) -> Iterator[Inputs]:
        """The inputs themselves, some at a time."""
        raise NotImplementedError


@dataclass
class Linear(Use):
    """Rows of a matrix times inputs [inputs, columns]."""

    shape: Shape
    rows: tuple[int, int]
    inputs: Tensor

    def squares(self) -> Iterator[Part]:
        """Of the columns."""
        yield self.rows, self.inputs.square().sum(dim=0), len(self.inputs)

    def columns(self) -> Iterator[Inputs]:
        """Some inputs at a time."""
        for part in self.inputs.split(max(1, CHUNK // self.inputs.shape[1])):
            yield self.rows, part


@dataclass
class Bilinear(Use):
    """A weight [out, left, right] times two inputs [inputs, left] and [inputs, right]."""

    shape: Shape
    left: Tensor
    right: Tensor

    def squares(self) -> Iterator[Part]:
        """Of the columns, a product of two."""
        found = self.left.square().T @ self.right.square()
        yield (0, self.shape.rows), found.flatten(), len(self.left)

    def columns(self) -> Iterator[Inputs]:
        """Products of two, some at a time."""
        step = max(1, CHUNK // prod(self.shape.size[1:]))
        for left, right in zip(self.left.split(step), self.right.split(step), strict=True):
            yield (0, self.shape.rows), (left[:, :, None] * right[:, None, :]).flatten(1)


@dataclass
class Convolution(Use):
    """A convolution of any dimensions, transposed or not, grouped or not; `outputs` is the size of what it makes."""

    shape: Shape
    images: Tensor
    stride: list[int]
    padding: list[int]
    dilation: list[int]
    output_padding: list[int]
    outputs: torch.Size

    @property
    def positions(self) -> int:
        """How many outputs a channel has."""
        return prod(self.outputs)

    @property
    def kernel(self) -> torch.Size:
        """Its size."""
        return self.shape.size[2:]

    @property
    def channels(self) -> int:
        """Input channels of a group."""
        return self.images.shape[1] // self.shape.groups

    def squares(self) -> Iterator[Part]:
        """Of what each place of the kernel sees, by group."""
        groups = self.shape.groups
        found = self._by_slopes() if self.shape.transposed else self._by_place()
        count, step = len(self.images) * self.positions, self.shape.rows // groups
        for group, own in enumerate(found.reshape(groups, -1)):
            yield (group * step, (group + 1) * step), own, count

    def _by_place(self) -> Tensor:
        """Sums over all positions, [channels, *kernel]: of every stride-th pixel from each place of the kernel on."""
        images = self.images.square().sum(dim=0)
        images = F.pad(images, [each for width in reversed(self.padding) for each in (width, width)])
        found = images.new_empty(images.shape[0], *self.kernel)
        for place in product(*map(range, self.kernel)):
            seen = images
            for axis, (first, width, step, size) in enumerate(
                zip(place, self.dilation, self.stride, self.outputs, strict=True), 1
            ):
                start = first * width
                seen = seen[(slice(None),) * axis + (slice(start, start + step * (size - 1) + 1, step),)]
            here: tuple[slice | int, ...] = (slice(None), *place)
            found[here] = seen.flatten(1).sum(dim=1)
        return found

    def _by_slopes(self) -> Tensor:
        """The same of a transposed convolution, as the slope of the sum of its outputs by a kernel of one output."""
        groups, transposed = self.shape.groups, self.shape.transposed
        images = self.images.square().sum(dim=0, keepdim=True)
        kernel = images.new_zeros(self.images.shape[1], 1, *self.kernel)
        rest = (self.stride, self.padding, self.dilation, transposed, self.output_padding, groups)
        slope = torch.ones_like(torch.ops.aten.convolution(images, kernel, None, *rest))
        found: Tensor = torch.ops.aten.convolution_backward(slope, images, kernel, None, *rest, [False, True, False])[1]
        return found

    def columns(self) -> Iterator[Inputs]:
        """By group and some images at a time."""
        step, size = self.shape.rows // self.shape.groups, self.channels * prod(self.kernel)
        for group, images in enumerate(self.images.split(self.channels, dim=1)):
            for part in images.split(max(1, CHUNK // (size * self.positions))):
                yield (group * step, (group + 1) * step), self._columns(part).transpose(1, 2).flatten(0, 1)

    def _columns(self, images: Tensor) -> Tensor:
        """What each output of a group is given: [N, columns, outputs]."""
        if len(self.kernel) == 2 and not self.shape.transposed:
            kernel = (self.kernel[0], self.kernel[1])
            return F.unfold(images, kernel, (*self.dilation,), (*self.padding,), (*self.stride,))
        count = self.channels * prod(self.kernel)
        ones = torch.eye(count, dtype=images.dtype, device=images.device)  # an output for each place of the kernel
        if self.shape.transposed:
            ones = ones.view(count, self.channels, -1).transpose(0, 1)
            ones = ones.reshape(self.channels, count, *self.kernel)
        else:
            ones = ones.view(count, self.channels, *self.kernel)
        rest = (self.stride, self.padding, self.dilation, self.shape.transposed, self.output_padding, 1)
        found: Tensor = torch.ops.aten.convolution(images, ones, None, *rest)
        return found.flatten(2)


class Products(TorchDispatchMode):
    """While it is in force, `take` is told of every product of one of the weights with an input.

    Raises:
        UserError: of a weight only some columns are multiplied, or its transpose.
    """

    def __init__(self, weights: Mapping[str, Tensor], take: Callable[[str, Use], None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.weights, self.take = weights, take
        self.by_storage: dict[int, list[str]] = {}
        for name, weight in weights.items():
            self.by_storage.setdefault(_storage(weight), []).append(name)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        kind = func.overloadpacket.__name__
        if kind == "convolution":
            self._convolution(args, out)
        elif kind == "_trilinear":
            self._bilinear(args)
        elif kind in _MATRICES:
            left, right = args[_MATRICES[kind] :][:2]
            self._matrices(left, right.transpose(-1, -2) if kind == "linear" else right)
        return out

    def _name(self, tensor: Tensor) -> str | None:
        """The weight that a tensor is a view of."""
        for name in self.by_storage.get(_storage(tensor), ()):
            weight = self.weights[name]
            if 0 <= tensor.storage_offset() - weight.storage_offset() < weight.numel():
                return name
        return None

    def _matrices(self, left: Tensor, right: Tensor) -> None:
        weight, inputs = right.transpose(-1, -2), left
        name = self._name(weight)
        if name is None:
            weight, inputs = left, right.transpose(-1, -2)
            name = self._name(weight)
        if name is None:
            return
        whole = self.weights[name]
        while weight.dim() > 2 and (len(weight) == 1 or weight.stride(0) == 0):
            weight = weight[0]  # the same for all of a batch, as torch has it where no gradient is wanted
        width = prod(whole.shape[1:])
        first, rest = divmod(int(weight.storage_offset() - whole.storage_offset()), width)
        if weight.dim() != 2 or weight.shape[1] != width or weight.stride() != (width, 1) or rest:
            raise UserError(
                f"Of layer '{name}' a part is multiplied, or its transpose, so that it is not known which input each "
                "weight has; take a criterion that looks at no inputs, such as magnitude or Taylor."
            )
        rows = (first, first + weight.shape[0])
        self.take(name, Linear(Shape(whole.shape), rows, inputs.reshape(-1, width)))

    def _convolution(self, args: tuple[Any, ...], out: Tensor) -> None:
        images, weight, _, stride, padding, dilation, transposed, output_padding, groups = args
        name = self._name(weight)
        if name is not None:
            shape = Shape(self.weights[name].shape, groups, transposed)
            self.take(name, Convolution(shape, images, stride, padding, dilation, output_padding, out.shape[2:]))

    def _bilinear(self, args: tuple[Any, ...]) -> None:
        left, weight, right = args[:3]
        name = self._name(weight)
        if name is not None:
            whole = self.weights[name].shape
            self.take(name, Bilinear(Shape(whole), left.reshape(-1, whole[1]), right.reshape(-1, whole[2])))


_MATRICES = {"mm": 0, "bmm": 0, "linear": 0, "addmm": 1, "baddbmm": 1}
"""Products of two matrices -> the place of the first among the arguments."""


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
