"""Two masks against loops over their cells."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from analysis.metrics import overlap
from app.charts import mask_pairs


def counts(seed: int, names: str = "ab") -> overlap.Counts:
    generator = torch.Generator().manual_seed(seed)
    shapes = {"conv.weight": (4, 3, 3, 3), "fc.weight": (10, 36)}
    return overlap.count(
        {name: {key: torch.rand(shape, generator=generator) < 0.4 for key, shape in shapes.items()} for name in names}
    )


@pytest.mark.parametrize("metric", ["jaccard", "overlap", "hamming"])
def test_chance_is_what_shuffled_masks_give_on_average(metric: str) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(2000) < 0.3, rng.random(2000) < 0.2
    found = mask_pairs.layers_of_pair(
        overlap.count({n: {"l": torch.from_numpy(m)} for n, m in (("a", a), ("b", b))}), metric
    )
    draws = []
    for _ in range(300):
        other = rng.permutation(b)
        both, either = (a & other).sum(), (a | other).sum()
        draws.append({"jaccard": both / either, "overlap": both / b.sum(), "hamming": (a ^ other).mean()}[metric])
    assert found["chance"].item() == pytest.approx(np.mean(draws), rel=0.02)


def test_chance_of_what_is_relative_to_chance() -> None:
    assert mask_pairs.layers_of_pair(counts(0), "adjusted")["chance"].to_numpy() == pytest.approx(0, abs=1e-12)
    assert mask_pairs.layers_of_pair(counts(0), "lift")["chance"].to_numpy() == pytest.approx(1)


def test_layers_say_what_is_kept() -> None:
    mask = torch.tensor([True, True, False, False])
    other = torch.tensor([True, False, True, True])
    row = mask_pairs.layers_of_pair(overlap.count({"a": {"l": mask}, "b": {"l": other}}), "jaccard").iloc[0]
    assert (row["value"], row["both"], row["kept_a"], row["kept_b"], row["total"]) == (0.25, 1, 2, 3, 4)


def test_the_closest_pair_is_not_a_pair_of_twins() -> None:
    base = torch.rand(400, generator=torch.Generator().manual_seed(1)) < 0.5
    near, far = base.clone(), torch.rand(400, generator=torch.Generator().manual_seed(2)) < 0.5
    near[:20] = ~near[:20]
    masks = {"full": torch.ones(400, dtype=torch.bool), "far": far, "base": base, "twin": base, "near": near}
    found = mask_pairs.closest(overlap.count({name: {"l": mask} for name, mask in masks.items()}))
    assert found in [(2, 4), (3, 4)]
    assert mask_pairs.closest(overlap.count({"a": {"l": base}, "b": {"l": base}})) == (0, 1)


@given(st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(1, 4)), st.integers(0, 99))
def test_every_weight_has_its_place_in_the_grid_of_kernels(shape: tuple[int, int, int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.random(shape) < 0.5, rng.random(shape) < 0.5
    states = mask_pairs.agreement(a, b)
    grid = mask_pairs.lay_out(states, first=7)
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
    grid = mask_pairs.lay_out(states)
    assert np.array_equal(grid.states, np.eye(3, 5) * mask_pairs.ONLY_A)
    assert grid.rows == ["output 0", "output 1", "output 2"]


@given(st.tuples(st.integers(1, 3000), st.integers(1, 300), st.sampled_from([1, 3, 7])))
def test_parts_cover_each_filter_once_and_are_drawable(shape: tuple[int, int, int]) -> None:
    full = (shape[0], shape[1], shape[2], shape[2])
    ranges = mask_pairs.parts(full)
    assert [place for start, stop in ranges for place in range(start, stop)] == list(range(shape[0]))
    assert all((stop - start) * np.prod(full[1:]) <= mask_pairs.CELLS or stop - start == 1 for start, stop in ranges)
