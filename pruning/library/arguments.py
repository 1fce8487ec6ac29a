"""What functions of the library are given, checked."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

from torch import Tensor

from pruning.errors import UserError


def whole_number(value: Any, name: str) -> int | None:
    """Return a count, or None where none is given.

    Raises:
        UserError: it is no whole number, or below 1.
    """
    if value is None:
        return None
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1:
        return int(value)
    raise UserError(f"`{name}` is a whole number of at least 1, or None, and not {value!r}.")


def fraction(value: Any, name: str) -> float:
    """Return a number, also of an array or tensor of one; bounds are another's concern.

    Raises:
        UserError: it is none.
    """
    number = value.item() if isinstance(value, Tensor) and value.numel() == 1 else value
    if not isinstance(number, Real):
        raise UserError(f"`{name}` is a number, such as 0.9, and not {value!r}.")
    return float(number)


def input_shape(value: Any, name: str = "shape") -> tuple[int, ...] | None:
    """Return the shape of one input, or None where none is given.

    Raises:
        UserError: it is none.
    """
    sizes = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else None
    if value is None:
        return None
    if not sizes or not all(isinstance(size, Integral) and int(size) >= 1 for size in sizes):
        raise UserError(f"`{name}` is that of one input without the batch, such as (3, 32, 32), and not {value!r}.")
    return tuple(int(size) for size in sizes)


def names(value: Any, name: str) -> tuple[str, ...]:
    """Return one name or several as a tuple.

    Raises:
        UserError: there are others than texts among them.
    """
    several = (value,) if isinstance(value, str) else value
    found = tuple(several) if isinstance(several, Iterable) else (several,)
    if not all(isinstance(each, str) for each in found):
        raise UserError(f"`{name}` is a name or several, such as ['fc', 'stem.*'], and not {value!r}.")
    return found
