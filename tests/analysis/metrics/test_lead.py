"""The split of a lead against permutations written out, and against what it promises."""

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from analysis.metrics.lead import exchanged, lead_change, polar, shapley


def features(seed: int, samples: int = 30, width: int = 6, classes: int = 4) -> tuple[Tensor, ...]:
    source = torch.Generator().manual_seed(seed)
    clean = torch.randn(samples, width, generator=source).relu() * 3
    changed = torch.randn(samples, width, generator=source).relu()
    weight, bias = torch.randn(classes, width, generator=source), torch.randn(classes, generator=source)
    labels = torch.randint(classes, (samples,), generator=source)
    return clean, changed, weight, bias, labels, (labels + 1) % classes


@pytest.mark.parametrize("players", [1, 2, 3, 4])
def test_shapley_is_the_mean_over_all_orders(players: int) -> None:
    rng = np.random.default_rng(players)
    names = list("abcd"[:players])
    worth = {frozenset(p[:k]): rng.normal(size=3) for p in permutations(names) for k in range(players + 1)}
    found = shapley(names, lambda chosen: torch.from_numpy(worth[chosen]))
    for name in names:
        orders = list(permutations(names))
        gains = [
            worth[frozenset(order[: order.index(name) + 1])] - worth[frozenset(order[: order.index(name)])]
            for order in orders
        ]
        np.testing.assert_allclose(found[name], np.mean(gains, axis=0), atol=1e-12)
    total = worth[frozenset(names)] - worth[frozenset()]
    np.testing.assert_allclose(torch.stack(list(found.values())).sum(0), total, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_direction_and_length_sum_to_the_change_of_the_lead(seed: int) -> None:
    clean, changed, weight, bias, labels, rivals = features(seed)
    split = lead_change(clean, changed, weight, bias, labels, rivals)
    rows = torch.arange(len(labels))
    before, after = (each.double() @ weight.double().T + bias.double() for each in (clean, changed))
    change = (after[rows, labels] - after[rows, rivals]) - (before[rows, labels] - before[rows, rivals])
    torch.testing.assert_close(split["direction"] + split["length"], change, rtol=0, atol=1e-9)


def test_what_did_not_change_has_no_share() -> None:
    clean, _, weight, bias, labels, rivals = features(0)
    longer = lead_change(clean, 2 * clean, weight, bias, labels, rivals)
    torch.testing.assert_close(longer["direction"], torch.zeros(len(clean), dtype=torch.float64), atol=1e-9, rtol=0)
    turned = clean.flip(1)
    swung = lead_change(clean, turned, weight, bias, labels, rivals)
    torch.testing.assert_close(swung["length"], torch.zeros(len(clean), dtype=torch.float64), atol=1e-9, rtol=0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_without_biases_no_length_changes_who_wins_and_with_them_it_does(seed: int) -> None:
    clean, changed, weight, bias, _, _ = features(seed)
    (directions, lengths), (_, others) = polar(changed), polar(clean)
    others = others + 0.1  # a zero feature would leave all classes alike
    alone = torch.zeros_like(bias)
    seen = lengths > 0
    before = exchanged(directions, lengths, weight, alone)
    assert torch.equal(exchanged(directions, others, weight, alone)[seen], before[seen])
    assert (exchanged(directions, 1e-9 * others, weight, bias) == bias.argmax()).all()
