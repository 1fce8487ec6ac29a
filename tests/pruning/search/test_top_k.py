"""Exchanges in a mask against a step-by-step count in numpy."""

import math
from typing import Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pruning.search.top_k import TopK

untimed = settings(deadline=None, max_examples=60)


def by_brute_force(
    scores: list[float], kept: list[bool], share: float, allowed: list[bool]
) -> tuple[NDArray[np.bool_], int, int]:
    """The mask after one exchange, how many weights entered and how many could have.

    Rank all candidates by score, members before others of the same score, and take the best; then carry out the first
    swaps only, the best that enters against the worst that leaves, of equals the earlier entering and the later leaving
    first.
    """
    size, count = len(scores), sum(kept)
    candidates = [i for i in range(size) if kept[i] or allowed[i]]
    best = sorted(candidates, key=lambda i: (-scores[i], not kept[i], i))[:count]
    entering = sorted((i for i in best if not kept[i]), key=lambda i: (-scores[i], i))
    leaving = sorted((i for i in range(size) if kept[i] and i not in best), key=lambda i: (scores[i], -i))
    assert len(entering) == len(leaving)
    carried = math.ceil(round(share * len(entering), 9))
    mask = np.array(kept)
    mask[entering[:carried]] = True
    mask[leaving[:carried]] = False
    return mask, carried, len(entering)


@st.composite
def situations(draw: Any) -> tuple[list[float], list[bool], float, list[bool]]:
    """Few different scores, so that most are tied."""
    size = draw(st.integers(1, 30))
    scores = draw(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 0.99, 1.0, 2.0]), min_size=size, max_size=size))
    flags = st.lists(st.booleans(), min_size=size, max_size=size)
    return scores, draw(flags), draw(st.floats(0, 1)), draw(flags)


@untimed
@given(situations())
def test_one_exchange(situation: tuple[list[float], list[bool], float, list[bool]]) -> None:
    scores, kept, share, allowed = situation
    expected, carried, possible = by_brute_force(scores, kept, share, allowed)
    top = TopK(torch.tensor(kept), torch.tensor(allowed))
    assert top.swap(torch.tensor(scores), share) == (carried, possible)
    assert top.kept.tolist() == expected.tolist()


@untimed
@given(st.integers(0, 2**31), st.integers(1, 200), st.floats(0, 1))
def test_many_exchanges_in_a_row(seed: int, size: int, share: float) -> None:
    """What is kept and what may enter stay in step with each other; the count never changes."""
    source = np.random.default_rng(seed)
    kept = source.random(size) < source.random()
    everything = [True] * size
    top, scores = TopK(torch.from_numpy(kept)), source.normal(size=size).round(1)
    for _ in range(5):
        scores = (scores + source.normal(size=size) / 5).round(1)
        expected, carried, possible = by_brute_force(scores.tolist(), kept.tolist(), share, everything)
        assert top.swap(torch.from_numpy(scores), share) == (carried, possible)
        np.testing.assert_array_equal(top.kept.numpy(), expected)
        kept = expected
    assert int(top.kept.sum()) == int(kept.sum())


@untimed
@given(st.integers(0, 2**31), st.integers(2, 100))
def test_all_exchanges_leave_the_best(seed: int, size: int) -> None:
    """With nothing held back and no ties, the mask is the top of the ranking, from wherever it started."""
    source = np.random.default_rng(seed)
    scores, kept = source.permutation(size).astype(np.float32), source.random(size) < 0.4
    top = TopK(torch.from_numpy(kept))
    top.swap(torch.from_numpy(scores), 1.0)
    assert top.kept.numpy().nonzero()[0].tolist() == sorted(np.argsort(-scores)[: kept.sum()].tolist())


def test_constants_at_the_start_neither_move_nor_stall() -> None:
    """Two constants, as a jackpot starts: nothing moves while they are so; one better weight moves exactly one."""
    kept = torch.tensor([False, True, False, True, False, True])
    scores = torch.where(kept, 1.0, 0.99)
    top = TopK(kept)
    assert top.swap(scores, 1.0) == (0, 0)
    scores[4] = 1.001
    assert top.swap(scores, 1.0) == (1, 1)
    assert top.kept.tolist() == [False, True, False, True, True, False]  # of three that tie the last leaves
    all_equal = TopK(kept)
    assert all_equal.swap(torch.ones(6), 1.0) == (0, 0)
    assert torch.equal(all_equal.kept, kept)


def test_nothing_or_everything_kept() -> None:
    ranks = torch.arange(5.0)
    for kept in (torch.zeros(5, dtype=torch.bool), torch.ones(5, dtype=torch.bool)):
        top = TopK(kept)
        assert top.swap(ranks) == (0, 0)
        assert torch.equal(top.kept, kept)
