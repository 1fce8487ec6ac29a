"""The linear maps that a network is made of, seen as they are called: layers, and parameters that code multiplies with.

A call is told by the module in which it happens and its number there, which stay the same from batch to batch, in
training mode and in copies of the network.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


class Place(NamedTuple):
    """Where a linear map is called: the innermost module ('' for the network), and which of its calls it is, from 0."""

    module: str
    number: int


@dataclass(frozen=True)
class LinearMap:
    """One call of a linear map of D inputs and K outputs.

    Attributes:
        inputs: gives those of the call, float [..., D], by images and positions as they come.
        weight: [K, D]. bias: [K] or None.
        dimension: which dimension of the call's result holds the K outputs.
    """

    inputs: Callable[[], Tensor]
    weight: Tensor
    bias: Tensor | None
    dimension: int = -1


See = Callable[[Place, LinearMap, Tensor], Tensor]
"""Is given the place, the map and the result of its call; gives what the network is to go on with."""


class LinearCalls(TorchFunctionMode):
    """Shows the calls of linear maps with so many outputs."""

    def __init__(self, outputs: int, see: See) -> None:
        super().__init__()
        self.outputs, self.see = outputs, see
        self.inside: list[str] = []
        self.counts: Counter[str] = Counter()

    @classmethod
    @contextmanager
    def of(cls, model: nn.Module, outputs: int, see: See) -> Iterator[Self]:
        """Watch a network for the length of one forward pass."""
        mode, handles = cls(outputs, see), []
        for name, module in model.named_modules():
            handles.append(module.register_forward_pre_hook(lambda *_, name=name: mode.inside.append(name)))
            handles.append(module.register_forward_hook(lambda *_: mode._leave(), always_call=True))
        try:
            with mode:
                yield mode
        finally:
            for handle in handles:
                handle.remove()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        read = _READERS.get(getattr(func, "__name__", ""))
        found = read(*args, **(kwargs or {})) if read is not None and isinstance(result, Tensor) else None
        if found is None or found.weight.shape[0] != self.outputs:
            return result
        module = self.inside[-1] if self.inside else ""
        place = Place(module, self.counts[module])
        self.counts[module] += 1
        return self.see(place, found, result)

    def _leave(self) -> None:
        self.inside.pop()


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> LinearMap:
    return LinearMap(lambda: input, weight, bias)


def _product(input: Tensor, other: Tensor, **_: Any) -> LinearMap | None:
    """Inputs [..., D] times a matrix [D, K], or a parameter [K, D] times inputs [D, N]."""
    if isinstance(input, nn.Parameter) and input.ndim == other.ndim == 2:
        return LinearMap(lambda: other.T, input, None, dimension=0)
    return LinearMap(lambda: input, other.T, None) if other.ndim == 2 else None


def _addmm(bias: Tensor, input: Tensor, other: Tensor, **scales: Any) -> LinearMap | None:
    return None if scales or bias.ndim != 1 else LinearMap(lambda: input, other.T, bias)


def _einsum(equation: Any, *operands: Any) -> LinearMap | None:
    """`nd,kd->nk` and the like: inputs and a matrix, of which one dimension is summed over."""
    tensors = operands[0] if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else operands
    if not isinstance(equation, str) or "->" not in equation or "." in equation or len(tensors) != 2:
        return None
    read, made = equation.replace(" ", "").split("->")
    letters = read.split(",")
    for inputs, matrix in ((0, 1), (1, 0)):
        theirs, ours = letters[inputs], letters[matrix]
        summed, classes = (set(ours) & set(theirs)) - set(made), (set(ours) & set(made)) - set(theirs)
        if len(ours) != 2 or len(summed) != 1 or len(classes) != 1 or set(theirs) | classes != set(made) | summed:
            continue
        (d,), (k,) = summed, classes
        given = tensors[inputs].permute([theirs.index(letter) for letter in made.replace(k, "") + d])
        weight = tensors[matrix] if ours == k + d else tensors[matrix].T
        return LinearMap(lambda given=given: given, weight, None, made.index(k))  # type: ignore[misc]
    return None


def _convolution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> LinearMap | None:
    """The map from the patch that a convolution reads to what it makes of it, the same at every position."""
    sizes = weight.shape[2:]
    if groups != 1 or input.ndim != weight.ndim or len(sizes) > 2:
        return None
    if padding == "same":
        steps = dilation if isinstance(dilation, (list, tuple)) else [dilation] * len(sizes)
        padding = [step * (size - 1) // 2 for step, size in zip(steps, sizes, strict=True)]
    ways: dict[str, Any] = {"stride": stride, "padding": 0 if padding == "valid" else padding, "dilation": dilation}
    if len(sizes) == 1:
        input, sizes = input.unsqueeze(2), torch.Size((1, *sizes))
        ways = {way: (int(way != "padding"), *_numbers(value)) for way, value in ways.items()}
    return LinearMap(lambda: F.unfold(input, sizes, **ways).transpose(1, 2), weight.flatten(1), bias, dimension=1)


def _numbers(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


_READERS: Mapping[str, Callable[..., LinearMap | None]] = {
    "linear": _linear,
    "conv1d": _convolution,
    "conv2d": _convolution,
    "matmul": _product,
    "mm": _product,
    "__matmul__": _product,
    "addmm": _addmm,
    "einsum": _einsum,
}
