"""What the server makes of what clients send: against loops over clients, and by hand."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pruning.federated.aggregation import agreement, agreement_by_chance, average, counted, majority
from pruning.training.seeds import generator

SHAPES = {"a": (3, 4), "b": (5,)}
IMAGES = [7, 1, 12]


def sent(seed: int = 0) -> list[dict[str, torch.Tensor]]:
    """Floats of three clients."""
    source = torch.Generator().manual_seed(seed)
    return [{name: torch.randn(shape, generator=source) for name, shape in SHAPES.items()} for _ in IMAGES]


def test_the_average_is_a_loop_over_clients() -> None:
    mean = average(sent(), IMAGES)
    for name, shape in SHAPES.items():
        expected = np.zeros(shape)
        for place in np.ndindex(shape):
            for learnt, count in zip(sent(), IMAGES, strict=True):
                expected[place] += float(learnt[name][place]) * count / 20
        assert mean[name].dtype == torch.float32
        np.testing.assert_allclose(mean[name].numpy(), expected, rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(images=st.lists(st.integers(1, 9), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_votes_are_a_loop_over_clients_in_any_order(images: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    signs = [{"w": torch.from_numpy(rng.choice([-1, 1], 11).astype(np.int8))} for _ in images]
    expected = [0] * 11
    for learnt, count in zip(signs, images, strict=True):
        for place in range(11):
            expected[place] += count * int(learnt["w"][place])
    assert counted(signs, images)["w"].tolist() == expected
    assert counted(signs[::-1], images[::-1])["w"].tolist() == expected


def test_many_images_do_not_overflow_a_sign() -> None:
    one = {"w": torch.ones(2, dtype=torch.int8)}
    assert counted([one, one], [3_000_000_000, 5])["w"].tolist() == [3_000_000_005] * 2


def test_an_even_vote_falls_to_a_seeded_coin_and_no_other_does() -> None:
    counts = torch.tensor([3, 0, -2, 0] * 500)
    first, again = (majority(counts, generator(5, "even votes")) for _ in range(2))
    assert torch.equal(first, again)
    assert set(first.tolist()) == {-1, 1}
    assert bool((first[counts > 0] == 1).all() and (first[counts < 0] == -1).all())
    even = first[counts == 0].double()
    assert abs(float(even.mean())) < 4 / len(even) ** 0.5  # four standard errors of a fair coin
    assert not torch.equal(first, majority(counts, generator(6, "even votes")))
    # what one coin says does not hang on how many others are thrown for nothing
    other = majority(torch.where(counts == 3, 0, counts), generator(5, "even votes"))
    assert torch.equal(other[counts == 0], first[counts == 0])


def test_agreement_by_hand() -> None:
    counts = torch.tensor([10, -10, 0, 4])
    assert agreement(counts, 10) == pytest.approx((1 + 1 + 0 + 0.4) / 4)


@pytest.mark.parametrize("images", [[1], [1, 1], [3, 1], [5, 2, 2, 1], [1] * 9])
def test_agreement_by_chance_is_the_mean_over_all_outcomes(images: list[int]) -> None:
    outcomes = [
        abs(sum(s * n for s, n in zip(signs, images, strict=True))) for signs in product((-1, 1), repeat=len(images))
    ]
    assert agreement_by_chance(images) == pytest.approx(np.mean(outcomes) / sum(images))
