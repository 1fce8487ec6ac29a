"""Tensors as files describe them: a stretch of stored numbers and how to look at it. No numbers yet."""

import math
from dataclasses import dataclass
from typing import Protocol, TypeGuard

import torch

from pruning.checkpoints.limits import MAX_DIMENSIONS, MAX_LENGTH


@dataclass(frozen=True)
class Storage:
    """Numbers in a row.

    Attributes:
        key: what the numbers are found under in the file.
        dtype: None where it is not known.
        length: elements of `dtype`, or bytes where the dtype is not known.
        start: how many elements of the stored row are skipped.
        kind: what the storage is called in the file, such as "Float".
    """

    key: str
    dtype: torch.dtype | None
    length: int
    start: int = 0
    kind: str = ""


@dataclass(frozen=True)
class View:
    """A tensor.

    Attributes:
        storage: where its numbers are.
        dtype: None where it is not known.
        shape, strides, offset: in elements of `dtype`.
        odd: why it cannot be used, as part of a sentence; "" where it can.
        parts, layout: of a sparse tensor, places and values, and what torch calls the layout.
    """

    storage: Storage
    dtype: torch.dtype | None
    shape: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    offset: int = 0
    odd: str = ""
    parts: "tuple[View, ...]" = ()
    layout: str = ""

    @property
    def numel(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def extent(self) -> int:
        """Elements of the storage from its beginning to the last one that is used."""
        if self.numel == 0:
            return self.offset
        return self.offset + 1 + sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))

    @property
    def overlaps(self) -> bool:
        """Whether two elements may be the same stored number."""
        if self.numel == 0:
            return False
        reach = 0
        for step, n in sorted((step, n) for n, step in zip(self.shape, self.strides, strict=True) if n > 1):
            if step <= reach:
                return True
            reach += step * (n - 1)
        return False


class Store(Protocol):
    """Where the numbers are."""

    def length(self, key: str) -> int:
        """Bytes stored under a key.

        Raises:
            UserError: there are none.
        """
        ...

    def fetch(self, key: str) -> bytearray:
        """All bytes stored under a key.

        Raises:
            UserError: they cannot be read.
        """
        ...


@dataclass(frozen=True)
class Contents:
    """What a file holds: dictionaries, lists and so on, with a `View` for each tensor; and where the numbers are."""

    tree: object
    store: Store
    notes: tuple[str, ...] = ()


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a tensor whose last dimension runs fastest."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def sensible(numbers: object) -> TypeGuard[list[int] | tuple[int, ...]]:
    """Whether these can be sizes or strides: a few whole numbers, none negative or absurd."""
    return (
        isinstance(numbers, list | tuple)
        and len(numbers) <= MAX_DIMENSIONS
        and all(type(number) is int and 0 <= number <= MAX_LENGTH for number in numbers)
    )
