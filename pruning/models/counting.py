"""Multiply-adds of any network, counted where they happen: in the products of matrices that torch carries out.

So it does not matter which module calls them: convolutions and linear layers, recurrent ones, attention that multiplies
with parameters of its own, and products of activations with one another.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from torch import Tensor, nn
from torch.overrides import BaseTorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from pruning.models.inspection import Shape, prunable, show_zeros

MULTIPLY_ADDS = "multiply_adds"
"""What a budget of them is called in study files and recipes."""
SPELLINGS = ("multiply-adds", "madds", "macs")
"""How else users may write it."""

Shares = dict[str, float]
"""Of a tensor: which parameters its numbers come from, in proportion to how many of them."""


def spelled(budget: Any) -> Any:
    """Give a budget the name that study files and recipes have, however multiply-adds were written."""
    return MULTIPLY_ADDS if isinstance(budget, str) and budget.lower() in SPELLINGS else budget


def count_macs(model: nn.Module, shape: Shape) -> int:
    """Multiply-adds for one image of `shape` (C, H, W), as if nothing were pruned.

    Counted in a forward pass on zeros: all products of matrices and convolutions, those of activations with one another
    included (attention). Additions of biases, normalisation and pooling are left out. The model is left as it was.
    """
    return round(sum(multiply_adds(model, shape).values()))


def weight_uses(model: nn.Module, shape: Shape) -> dict[str, float]:
    """How often each weight of a parameter is multiplied for one image of `shape` (C, H, W).

    This is once in a linear layer, once a pixel of its output in a convolution, once a token in attention, 0 where the
    forward pass leaves it out, and their mean where parts of a parameter are used on their own. Keys are those of
    `prunable`, in its order.
    """
    macs = multiply_adds(model, shape)
    return {name: macs.get(name, 0) / weight.numel() for name, weight in prunable(model).items()}


def multiply_adds(model: nn.Module, shape: Shape) -> dict[str, float]:
    """Multiply-adds for one image of `shape` (C, H, W), by the parameter that is multiplied.

    The key "" has those of activations with one another and with what is computed from several parameters. The model is
    left as it was.
    """
    counted = _Counter(dict(model.named_parameters()))
    with BaseTorchFunctionMode(), counted:  # under any function mode torch takes no shortcut through attention
        show_zeros(model, shape)
    return counted.macs


class _Counter(TorchDispatchMode):
    """Counts what passes, and follows parameters through what is computed from them alone: views, masks, scales."""

    def __init__(self, parameters: Mapping[str, Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.macs: dict[str, float] = {}
        self.known: dict[int, Shares] = {}
        self.held: list[Tensor] = []  # so that no storage is given to another tensor
        for name, parameter in parameters.items():
            self._know(parameter, {name: float(parameter.numel())})

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Whether torch keeps its compiler away from this class, for which it imports it, in seconds."""
        return False

    def _know(self, tensor: Tensor, shares: Shares) -> None:
        self.known[_place(tensor)] = shares
        self.held.append(tensor)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        count = _PRODUCTS.get(func.overloadpacket.__name__)
        if count is not None:
            for factors, macs in count(args, out):
                self._note(factors, macs)
            return out
        known = [self.known[_place(each)] for each in _tensors(args) if _place(each) in self.known]
        joined = func.overloadpacket.__name__ in ("cat", "stack")
        sizes = [sum(shares.values()) for shares in known]
        for result in _tensors((out,)) if known else ():
            if _place(result) not in self.known and result.numel() == (sum(sizes) if joined else max(sizes)):
                self._know(result, _merged(known))
        return out

    def _note(self, factors: tuple[Tensor, ...], macs: float) -> None:
        shares = next((self.known[_place(each)] for each in factors if _place(each) in self.known), {"": 1.0})
        for name, size in shares.items():
            self.macs[name] = self.macs.get(name, 0) + macs * size / sum(shares.values())


def _merged(known: Iterable[Shares]) -> Shares:
    merged: Shares = {}
    for shares in known:
        for name, size in shares.items():
            merged[name] = merged.get(name, 0) + size
    return merged


def _place(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)


Counts = Iterator[tuple[tuple[Tensor, ...], float]]
"""Of one operation: what is multiplied with one another, and in how many multiply-adds."""


def _matrices(first: int) -> Callable[[tuple[Any, ...], Any], Counts]:
    """Of a product of two tensors, the first of which is the argument number `first`."""

    def count(args: tuple[Any, ...], out: Any) -> Counts:
        left, right = args[first], args[first + 1]
        yield (right, left), left.numel() * (right.shape[-1] if right.ndim > 1 else 1)

    return count


def _convolution(args: tuple[Any, ...], out: Tensor) -> Counts:
    images, weight, transposed = args[0], args[1], args[6]
    yield (weight, images), (images if transposed else out).numel() * weight[0].numel()


def _bilinear(args: tuple[Any, ...], out: Tensor) -> Counts:
    left, weight = args[0], args[1]
    yield (weight,), left.numel() // left.shape[-1] * weight.numel()


def _recurrent(args: tuple[Any, ...], out: Any) -> Counts:
    """A whole recurrent layer in one operation: its steps and images, times both of its matrices."""
    for weight in args[1:3]:
        yield (weight,), args[0].numel() // args[0].shape[-1] * weight.numel()


def _attention(args: tuple[Any, ...], out: Any) -> Counts:
    query, key, value = args[:3]
    yield (query, key), query.numel() * key.shape[-2]
    yield (value,), query.numel() // query.shape[-1] * key.shape[-2] * value.shape[-1]


_PRODUCTS: dict[str, Callable[[tuple[Any, ...], Any], Counts]] = {
    **{name: _matrices(0) for name in ("mm", "bmm", "mv", "dot", "vdot", "linear")},
    **{name: _matrices(1) for name in ("addmm", "baddbmm", "addbmm", "addmv")},
    "convolution": _convolution,
    "_trilinear": _bilinear,
    "mkldnn_rnn_layer": _recurrent,
    **{
        f"_scaled_dot_product_{way}": _attention
        for way in (
            "flash_attention",
            "flash_attention_for_cpu",
            "efficient_attention",
            "cudnn_attention",
            "attention_math",
            "fused_attention_overrideable",
        )
    },
}
