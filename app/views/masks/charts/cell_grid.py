"""The cells of a layer's masks laid out to be seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CELLS = 120_000
"""Weights shown at once: more would make the browser slow and are finer than a screen."""


@dataclass(frozen=True)
class Grid:
    """A layer's cells as a picture.

    Attributes:
        states: int8 [rows, columns] of `mask_pairs.NEITHER` ... `BOTH`, -1 between kernels.
        rows: what lies in each row, for the hover; `columns` likewise.
        columns: as `rows`.
        about: how it is laid out.
    """

    states: np.ndarray
    rows: list[str]
    columns: list[str]
    about: str


def parts(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Ranges of filters that are shown at once, so that no picture has more than `CELLS` weights."""
    filters = shape[0] if shape else 1
    size = max(1, int(np.prod(shape[1:])))
    step = max(1, CELLS // size)
    count = -(-filters // step)
    step = -(-filters // count)
    return [(start, min(start + step, filters)) for start in range(0, filters, step)]


def lay_out(states: np.ndarray, first: int = 0) -> Grid:
    """Lay the cells of a layer out.

    A convolution is a grid of kernels, filters across and inputs down; a linear layer is its matrix, outputs down and
    inputs across.

    Args:
        states: int8 of the parameter's shape, or of some of its filters.
        first: number of the first of these.
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
