"""Two masks at a time: their overlap by layer beside what chance gives, and a layer's cells laid out to be seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.metrics import overlap
from analysis.metrics.overlap import Counts

NEITHER, ONLY_A, ONLY_B, BOTH = range(4)
STATES = ("kept by neither", "kept by A only", "kept by B only", "kept by both")
CELLS = 120_000
"""Weights shown at once: more would make the browser slow and are finer than a screen."""


def by_chance(counts: Counts) -> Counts:
    """The counts that independent masks of the same layer-wise sparsities would have on average."""
    both = counts.expected()
    diagonal = np.arange(len(counts.names))
    both[:, diagonal, diagonal] = counts.kept
    return Counts(counts.names, counts.layers, counts.sizes, both)


def layers_of_pair(counts: Counts, metric: str) -> pd.DataFrame:
    """Layer by layer the overlap of the two tickets in `counts`: layer, value, chance, both, kept_a, kept_b, total."""
    frame = overlap.by_layer(counts, metric)[["layer", "value"]]
    frame["chance"] = overlap.by_layer(by_chance(counts), metric)["value"]
    frame["both"] = counts.both[:, 0, 1]
    frame["kept_a"], frame["kept_b"] = counts.kept[:, 0], counts.kept[:, 1]
    frame["total"] = counts.sizes
    return frame


def closest(counts: Counts) -> tuple[int, int]:
    """The places of the two tickets whose masks have most in common beyond chance without being the same; dense ones
    count only when there is nothing else. There must be at least two."""
    values = overlap.pairwise(counts, "adjusted").to_numpy(dtype=float, copy=True)
    same = overlap.pairwise(counts, "hamming").to_numpy() == 0
    values[same | ~np.isfinite(values)] = -np.inf
    first, second = np.unravel_index(int(np.argmax(np.triu(values + 2, 1))), values.shape)
    return (0, 1) if first == second else (int(first), int(second))


@dataclass(frozen=True)
class Grid:
    """A layer's cells as a picture: `states` int8 [rows, columns] of NEITHER ... BOTH, -1 between kernels; `rows` and
    `columns` say what lies there, for the hover; `about` says how it is laid out."""

    states: np.ndarray
    rows: list[str]
    columns: list[str]
    about: str


def parts(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """The ranges of filters that are shown at once, so that no picture has more than `CELLS` weights."""
    filters = shape[0] if shape else 1
    size = max(1, int(np.prod(shape[1:])))
    step = max(1, CELLS // size)
    count = -(-filters // step)
    step = -(-filters // count)
    return [(start, min(start + step, filters)) for start in range(0, filters, step)]


def agreement(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """int8 of the masks' shape: NEITHER, ONLY_A, ONLY_B or BOTH."""
    return (a.astype(np.int8) + 2 * b.astype(np.int8)).astype(np.int8)


def lay_out(states: np.ndarray, first: int = 0) -> Grid:
    """Lay the cells of a layer out: a convolution as a grid of kernels, filters across and inputs down; a linear layer
    as its matrix, outputs down and inputs across.

    Args:
        states: int8 of the parameter's shape, or of some of its filters. first: number of the first of these.
    """
    if states.ndim < 3:
        matrix = states.reshape(len(states), -1)
        rows = [f"output {first + row}" for row in range(len(matrix))]
        return Grid(matrix, rows, [f"input {column}" for column in range(matrix.shape[1])], "A row an output unit.")
    kernels = states.reshape(*states.shape[:2], -1, states.shape[-1])
    filters, inputs, height, width = kernels.shape
    picture = np.full((inputs * (height + 1) - 1, filters * (width + 1) - 1), -1, dtype=np.int8)
    for index in range(filters):
        for channel in range(inputs):
            top, left = channel * (height + 1), index * (width + 1)
            picture[top : top + height, left : left + width] = kernels[index, channel]
    rows = [_between("input", row, height) for row in range(len(picture))]
    columns = [_between("filter", column, width, first) for column in range(picture.shape[1])]
    size = f"{height} × {width}"
    return Grid(picture, rows, columns, f"Kernels of {size}: a column of kernels a filter, a row an input channel.")


def _between(word: str, place: int, size: int, first: int = 0) -> str:
    block, inside = divmod(place, size + 1)
    return f"{word} {first + block}" + (f", {'row' if word == 'input' else 'column'} {inside}" if inside < size else "")
