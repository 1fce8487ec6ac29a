"""The cells of a layer against loops over them."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.comparisons import mask_pairs
from app.views.masks.charts import cell_grid


@given(st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(1, 4)), st.integers(0, 99))
def test_every_weight_has_its_place_in_the_grid_of_kernels(shape: tuple[int, int, int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.random(shape) < 0.5, rng.random(shape) < 0.5
    states = mask_pairs.agreement(a, b)
    grid = cell_grid.lay_out(states, first=7)
    for f, i, row, column in itertools.product(*map(range, shape)):
        y, x = i * (shape[2] + 1) + row, f * (shape[3] + 1) + column
        expected = {
            (0, 0): mask_pairs.NEITHER,
            (1, 0): mask_pairs.ONLY_A,
            (0, 1): mask_pairs.ONLY_B,
            (1, 1): mask_pairs.BOTH,
        }
        assert grid.states[y, x] == expected[int(a[f, i, row, column]), int(b[f, i, row, column])]
        assert (grid.rows[y], grid.columns[x]) == (f"input {i}, row {row}", f"filter {7 + f}, column {column}")
    assert (grid.states >= 0).sum() == a.size
    assert len(set(grid.rows)) == len(grid.rows)  # they are the categories of an axis
    assert len(set(grid.columns)) == len(grid.columns)


def test_a_linear_layer_is_its_matrix() -> None:
    states = mask_pairs.agreement(np.eye(3, 5, dtype=bool), np.zeros((3, 5), dtype=bool))
    grid = cell_grid.lay_out(states)
    assert np.array_equal(grid.states, np.eye(3, 5) * mask_pairs.ONLY_A)
    assert grid.rows == ["output 0", "output 1", "output 2"]


@given(st.tuples(st.integers(1, 3000), st.integers(1, 300), st.sampled_from([1, 3, 7])))
def test_parts_cover_each_filter_once_and_are_drawable(shape: tuple[int, int, int]) -> None:
    full = (shape[0], shape[1], shape[2], shape[2])
    ranges = cell_grid.parts(full)
    assert [place for start, stop in ranges for place in range(start, stop)] == list(range(shape[0]))
    assert all((stop - start) * np.prod(full[1:]) <= cell_grid.CELLS or stop - start == 1 for start, stop in ranges)
