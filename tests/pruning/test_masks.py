"""Masks: exact counts whatever the ties, and each allocation against brute force or its formula by hand."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from pruning.allocation import ALLOCATIONS, share
from pruning.errors import UserError
from pruning.masks import (
    Masks,
    collapsed_layers,
    counts,
    full_masks,
    keep_best,
    make_masks,
    pack,
    sparsity,
    unpack,
)

ANYWHERE = [
    name for name in ALLOCATIONS if not any(f.is_required() for f in ALLOCATIONS[name].options.model_fields.values())
]
ALLOCATION = st.sampled_from(sorted(ANYWHERE))
SPARSITY = st.floats(0, 0.999)
untimed = settings(deadline=None, max_examples=60)


@st.composite
def layers(draw: st.DrawFn, levels: int = 4) -> dict[str, Tensor]:
    """Scores of one to four layers; few distinct values, so that most are ties."""
    result = {}
    for number in range(draw(st.integers(1, 4))):
        shape = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
        size = int(np.prod(shape))
        values = draw(st.lists(st.integers(-levels, levels), min_size=size, max_size=size))
        result[f"layer{number}"] = torch.tensor(values, dtype=torch.float32).view(shape)
    return result


def best_first(scores: list[float]) -> list[int]:
    """Positions by falling score, equal ones in their order: the ranking that the masks must follow."""
    return sorted(range(len(scores)), key=lambda position: (-scores[position], position))


def allocated(scores: dict[str, Tensor], asked: float, allocation: str, within: Masks | None = None) -> Masks:
    """Masks, where the allocation can give them: one that keeps a layer whole may leave too little to remove."""
    try:
        return make_masks(scores, asked, allocation, within=within)
    except UserError as error:
        assume("keeps the first layer whole" not in str(error))
        raise


def flat(masks: Masks) -> list[bool]:
    """All masks in a row."""
    return [kept for mask in masks.values() for kept in mask.reshape(-1).tolist()]


# --- exact k -------------------------------------------------------------------------------------------------------


@untimed
@given(layers(), SPARSITY, ALLOCATION)
def test_exactly_the_asked_number_goes(scores: dict[str, Tensor], asked: float, allocation: str) -> None:
    masks = allocated(scores, asked, allocation)
    total = sum(score.numel() for score in scores.values())
    assert total - sum(flat(masks)) == round(asked * total)
    assert {name: mask.shape for name, mask in masks.items()} == {name: s.shape for name, s in scores.items()}
    assert all(mask.dtype == torch.bool for mask in masks.values())


@untimed
@given(layers(), SPARSITY)
def test_global_keeps_the_first_of_the_whole_ranking(scores: dict[str, Tensor], asked: float) -> None:
    values = [value for score in scores.values() for value in score.reshape(-1).tolist()]
    keep = len(values) - round(asked * len(values))
    expected = set(best_first(values)[:keep])
    assert flat(make_masks(scores, asked)) == [position in expected for position in range(len(values))]


@untimed
@given(layers(), SPARSITY, st.sampled_from(["layer", "erk"]))
def test_within_a_layer_its_own_ranking_holds(scores: dict[str, Tensor], asked: float, allocation: str) -> None:
    for name, mask in make_masks(scores, asked, allocation).items():
        expected = set(best_first(scores[name].reshape(-1).tolist())[: int(mask.sum())])
        assert mask.reshape(-1).tolist() == [position in expected for position in range(mask.numel())]


@untimed
@given(layers(), SPARSITY)
def test_layer_gives_each_its_share_to_within_one(scores: dict[str, Tensor], asked: float) -> None:
    total = sum(score.numel() for score in scores.values())
    density = 1 - round(asked * total) / total
    for mask in make_masks(scores, asked, "layer").values():
        assert abs(int(mask.sum()) - density * mask.numel()) < 1 + 1e-6


@untimed
@given(layers(), SPARSITY, SPARSITY, ALLOCATION)
def test_what_is_pruned_never_returns(scores: dict[str, Tensor], first: float, second: float, allocation: str) -> None:
    low, high = sorted((first, second))
    before = make_masks({name: -score for name, score in scores.items()}, low)
    after = allocated(scores, high, allocation, before)
    assert all(bool((before[name] | ~after[name]).all()) for name in scores)
    total = sum(score.numel() for score in scores.values())
    assert counts(after) == (total - round(high * total), total)


@pytest.mark.parametrize("allocation", ALLOCATIONS)
@pytest.mark.parametrize("gone", [("a", "b"), ("a",), ("b",)])
def test_layers_of_which_nothing_is_left_are_pruned_further(allocation: str, gone: tuple[str, ...]) -> None:
    scores = {"a": torch.arange(6.0).view(2, 3), "b": torch.ones(2, 2)}
    within = {name: torch.full_like(score, name not in gone, dtype=torch.bool) for name, score in scores.items()}
    given = {"sensitivities": {"a": 1.0, "b": 2.0}} if allocation == "sensitivity" else {}
    options = ALLOCATIONS[allocation].options(**given)
    left = sum(int(mask.sum()) for mask in within.values())
    for asked in (0.8, 0.99):
        keep = 10 - round(asked * 10)
        if keep > left or (allocation == "uniform_plus" and keep < 6):  # it keeps the first layer whole
            with pytest.raises(UserError):
                make_masks(scores, asked, allocation, within=within, options=options)
        else:
            assert counts(make_masks(scores, asked, allocation, within=within, options=options)) == (keep, 10)


@untimed
@given(layers(), SPARSITY)
def test_infinite_scores_are_ranked_too(scores: dict[str, Tensor], asked: float) -> None:
    wild = {name: torch.where(s > 2, torch.inf, torch.where(s < -2, -torch.inf, s)) for name, s in scores.items()}
    kept, total = counts(make_masks(wild, asked))
    assert total - kept == round(asked * total)


def test_minus_infinity_is_pruned_before_anything_else_but_is_not_pruned_yet() -> None:
    scores = {"a": torch.tensor([-torch.inf, 0.0, 1.0, -torch.inf])}
    assert make_masks(scores, 0.5)["a"].tolist() == [False, True, True, False]
    assert make_masks(scores, 0.25)["a"].tolist() == [True, True, True, False]
    within = {"a": torch.tensor([True, False, True, True])}
    assert make_masks(scores, 0.5, within=within)["a"].tolist() == [True, False, True, False]


def test_order_of_layers_decides_ties_between_them() -> None:
    masks = make_masks({"a": torch.ones(2, 2), "b": torch.ones(4)}, 0.5)
    assert flat(masks) == [True] * 4 + [False] * 4


@untimed
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(-2, 40))
def test_keep_best(values: list[int], keep: int) -> None:
    expected = set(best_first([float(value) for value in values])[: max(0, keep)])
    for dtype in (torch.float64, torch.float32, torch.int64):
        found = keep_best(torch.tensor(values, dtype=dtype), keep)
        assert found.tolist() == [position in expected for position in range(len(values))]


# --- ERK -------------------------------------------------------------------------------------------------------------


def test_erk_by_hand() -> None:
    scores = {"a": torch.rand(4, 4), "b": torch.rand(8, 8), "c": torch.rand(2, 2, 2, 3)}
    # n_l times (sum of dims) / (prod of dims) is the sum of dims: 8, 16, 9. Of 16 + 64 + 24 = 104 weights 26 stay:
    # eps = 26 / 33, shares 6.30, 12.61, 7.09, floors 6, 12, 7, and the one that is left goes to the remainder .61.
    masks = make_masks(scores, 0.75, "erk")
    assert [int(mask.sum()) for mask in masks.values()] == [6, 13, 7]


def test_erk_fills_layers_that_would_exceed_one() -> None:
    # 66 of 100 stay. Sums of dims 9, 9, 19: eps = 66 / 37 asks for 16.1 of 8, twice: both full, 50 are left for c.
    scores = {"a": torch.rand(1, 8), "b": torch.rand(8, 1), "c": torch.rand(7, 12)}
    masks = make_masks(scores, 0.34, "erk")
    assert [int(mask.sum()) for mask in masks.values()] == [8, 8, 50]


def erk_densities(shapes: list[tuple[int, ...]], density: float) -> list[float]:
    """Layer densities min(1, eps * sum / prod), eps found by bisection: a way of its own to the same definition."""
    raw = [sum(shape) / np.prod(shape) for shape in shapes]
    sizes = [np.prod(shape) for shape in shapes]
    low, high = 0.0, 1 / min(raw)
    for _ in range(200):
        middle = (low + high) / 2
        kept = sum(size * min(1, middle * r) for size, r in zip(sizes, raw, strict=True))
        low, high = (middle, high) if kept < density * sum(sizes) else (low, middle)
    return [min(1.0, high * r) for r in raw]


@untimed
@given(
    st.lists(st.lists(st.integers(1, 12), min_size=2, max_size=4), min_size=1, max_size=6),
    st.floats(0.0, 0.99),
)
def test_erk_is_the_capped_multiple_of_its_formula(shapes: list[list[int]], asked: float) -> None:
    scores = {str(number): torch.zeros(shape) for number, shape in enumerate(shapes)}
    total = sum(score.numel() for score in scores.values())
    keep = total - round(asked * total)
    densities = erk_densities([tuple(shape) for shape in shapes], keep / total)
    for mask, density in zip(make_masks(scores, asked, "erk").values(), densities, strict=True):
        assert abs(int(mask.sum()) - density * mask.numel()) < 1 + 1e-6


# --- shares ----------------------------------------------------------------------------------------------------------


@untimed
@given(
    st.lists(st.tuples(st.floats(0.01, 100), st.integers(0, 20)), min_size=1, max_size=6).filter(
        lambda pairs: sum(capacity for _, capacity in pairs) > 0
    ),
    st.floats(0, 1),
)
def test_shares_sum_exactly_and_respect_capacity(pairs: list[tuple[float, int]], fraction: float) -> None:
    weights = {str(number): weight for number, (weight, _) in enumerate(pairs)}
    capacity = {str(number): room for number, (_, room) in enumerate(pairs)}
    keep = round(fraction * sum(capacity.values()))
    shares = share(keep, weights, capacity)
    assert sum(shares.values()) == keep
    assert all(0 <= shares[name] <= capacity[name] for name in weights)


def test_largest_remainders_get_the_rest_and_earlier_layers_win_ties() -> None:
    assert share(5, {"a": 1, "b": 1, "c": 1}, {"a": 9, "b": 9, "c": 9}) == {"a": 2, "b": 2, "c": 1}
    assert share(4, {"a": 1, "b": 2}, {"a": 9, "b": 9}) == {"a": 1, "b": 3}


# --- packing, counting, collapse -------------------------------------------------------------------------------------


@untimed
@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_packing_round_trip(shape: list[int], seed: int) -> None:
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5
    packed = pack(mask)
    assert packed.dtype == np.uint8
    assert packed.nbytes == -(-mask.numel() // 8)
    restored = unpack(packed, mask.shape)
    assert restored.dtype == torch.bool
    assert torch.equal(restored, mask)


def test_the_first_position_is_the_highest_bit() -> None:
    mask = torch.tensor([[True, False, True], [False, False, False], [False, True, True]])
    assert pack(mask).tolist() == [0b10100001, 0b10000000]


def test_packing_reads_the_logical_order() -> None:
    mask = torch.tensor([[True, True], [False, False]])
    assert pack(mask.T).tolist() == [0b10100000]


def test_counts_sparsity_and_collapse() -> None:
    masks = {"a": torch.zeros(3, 2, dtype=torch.bool), "b": torch.tensor([True, False, True, True])}
    assert counts(masks) == (3, 10)
    assert sparsity(masks) == pytest.approx(0.7)
    assert collapsed_layers(masks) == ["a"]
    assert sparsity({}) == 0.0
    assert collapsed_layers(full_masks({"a": torch.zeros(2)})) == []


def test_a_layer_may_be_emptied() -> None:
    masks = make_masks({"small": torch.full((2, 2), -1.0), "large": torch.ones(6, 6)}, 0.5)
    assert collapsed_layers(masks) == ["small"]


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [-0.1, 1.0, 1.5, float("nan")])
def test_sparsity_outside_its_range(asked: float) -> None:
    with pytest.raises(UserError, match="outside"):
        make_masks({"a": torch.ones(4)}, asked)


def test_unknown_allocation_and_structure() -> None:
    with pytest.raises(UserError, match="Did you mean 'global'"):
        make_masks({"a": torch.ones(4)}, 0.5, allocation="globl")
    with pytest.raises(UserError, match="Did you mean 'weight'"):
        make_masks({"a": torch.ones(4)}, 0.5, structure="weights")


def test_nan_is_not_ranked() -> None:
    with pytest.raises(UserError, match=r"'b'.*NaN"):
        make_masks({"a": torch.ones(4), "b": torch.tensor([1.0, torch.nan])}, 0.5)


def test_more_than_is_left_cannot_be_kept() -> None:
    within = {"a": torch.tensor([True, False, False, False])}
    with pytest.raises(UserError, match="only 1 are left"):
        make_masks({"a": torch.ones(4)}, 0.5, within=within)


@untimed
@given(SPARSITY, ALLOCATION)
def test_equal_scores_give_equal_masks(asked: float, allocation: str) -> None:
    scores = {"a": torch.randint(0, 3, (5, 7)).float(), "b": torch.randint(0, 3, (4, 2, 3, 3)).float()}
    first = allocated(scores, asked, allocation)
    second = make_masks({name: score.clone() for name, score in scores.items()}, asked, allocation)
    assert all(torch.equal(first[name], second[name]) for name in scores)
