"""The shapes of every known network, kept in `signatures.json`, so that none is built to find out which fit.

For each network the shapes of its matrices and kernels with their counts ("64x64x3x3*4"). A letter stands for a size
that the data decide: K for the classes, C for the channels of the images, S for what follows from their size.
`python -m pruning.recognition` writes the file anew, with `--check` it says whether that would change it.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from torch import Tensor

from pruning.models import MODELS
from pruning.recognition.layers import Shape, plain_shape

FILE = Path(__file__).with_name("signatures.json")
Pattern = tuple[int | str, ...]


Parsed = tuple[Counter[Shape], tuple[Pattern, ...]]
"""Shapes that are fixed with their counts, and those with letters in them."""


@cache
def _table() -> dict[str, Parsed]:
    entries = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: _parsed(entry) for name, entry in entries.items()}


def _parsed(entry: Mapping[str, int]) -> Parsed:
    fixed: Counter[Shape] = Counter()
    free: list[Pattern] = []
    for text, count in entry.items():
        pattern = tuple(int(part) if part.isdigit() else part for part in text.split("x"))
        sizes = tuple(size for size in pattern if isinstance(size, int))
        if len(sizes) == len(pattern):
            fixed[sizes] += count
        else:
            free += [pattern] * count
    # The most definite first, so that each finds its own shape.
    return fixed, tuple(sorted(free, key=lambda p: sum(isinstance(size, str) for size in p)))


def fitting(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, dict[str, int]]]:
    """The networks with just these matrices and kernels, and the classes (K) and channels (C) that follow for each."""
    shapes = Counter(plain_shape(tensor.shape) for tensor in tensors.values() if tensor.ndim > 1)
    for name, (fixed, free) in _table().items():
        if shapes.total() == fixed.total() + len(free) and not fixed - shapes:
            sizes = _sizes(list((shapes - fixed).elements()), free)
            if sizes is not None:
                yield name, sizes


def unlisted() -> list[str]:
    """The networks with a name that the file does not have: those of the user's own, which have to be built."""
    return [name for name in MODELS if name not in _table()]


def _sizes(shapes: list[Shape], free: tuple[Pattern, ...]) -> dict[str, int] | None:
    sizes: dict[str, int] = {}
    for pattern in free:
        shape = next((shape for shape in shapes if _fits(shape, pattern)), None)
        if shape is None:
            return None
        shapes.remove(shape)
        sizes |= {letter: size for letter, size in zip(pattern, shape, strict=True) if isinstance(letter, str)}
    return sizes


def _fits(shape: Shape, pattern: Pattern) -> bool:
    if len(shape) != len(pattern):
        return False
    return all(isinstance(wanted, str) or wanted == size for size, wanted in zip(shape, pattern, strict=True))


def nearest(tensors: Mapping[str, Tensor]) -> tuple[str, int, list[str]]:
    """The network that shares most shapes with the tensors; how many matrices and kernels it has; those it has not."""
    weights = {name: plain_shape(tensor.shape) for name, tensor in tensors.items() if tensor.ndim > 1}
    shapes = Counter(weights.values())

    def likeness(name: str) -> float:
        own, left = _own(name), _left(name, shapes).total()
        shared = shapes.total() - left
        return shared / max(1, own + left)

    best = max(_table(), key=likeness)
    left, strange = _left(best, shapes), []
    for name, shape in reversed(weights.items()):  # what was added is usually at the end
        if left[shape]:
            left[shape] -= 1
            strange.append(name)
    return best, _own(best), strange[::-1]


def _own(name: str) -> int:
    """How many matrices and kernels a network has."""
    fixed, free = _table()[name]
    return fixed.total() + len(free)


def _left(name: str, shapes: Counter[Shape]) -> Counter[Shape]:
    """The shapes that a network does not have."""
    fixed, free = _table()[name]
    left = shapes - fixed
    for pattern in free:
        left -= Counter([shape for shape in left if _fits(shape, pattern)][:1])
    return left
