"""The split of a lead against permutations written out, and against what it promises."""

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from analysis.metrics.lead import PLAYERS, Polar, exchanged, lead_between, lead_change, polar, shapley


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


Head = tuple[Tensor, Tensor, Tensor]


def two_networks(seed: int) -> tuple[Head, Head, Tensor, Tensor]:
    """Features, directions and biases of two networks of other widths on the same images; labels and rivals."""
    features_a, _, weight_a, bias_a, labels, rivals = features(seed)
    features_b, _, weight_b, bias_b, _, _ = features(seed + 1, width=9)
    return (features_a, weight_a, bias_a), (features_b, weight_b, bias_b), labels, rivals


def lead_of(network: Head, labels: Tensor, rivals: Tensor) -> Tensor:
    features, weight, bias = (each.double() for each in network)
    logits, rows = features @ weight.T + bias, torch.arange(len(labels))
    return logits[rows, labels] - logits[rows, rivals]


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_what_sets_two_networks_apart_sums_to_the_change_of_the_lead(seed: int) -> None:
    one, other, labels, rivals = two_networks(seed)
    split = lead_between(Polar.of(*one, labels, rivals), Polar.of(*other, labels, rivals))
    assert list(split) == list(PLAYERS)
    change = lead_of(other, labels, rivals) - lead_of(one, labels, rivals)
    torch.testing.assert_close(torch.stack(list(split.values())).sum(0), change, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("changed", "player"),
    [
        (lambda f, w, b: (3 * f, w, b), "length"),
        (lambda f, w, b: (f, w - w.mean(0) + 5, b), ""),  # what all directions share is in no lead
        (lambda f, w, b: (f, 2 * w, b), "norms"),
        (lambda f, w, b: (f, w, b.flip(0)), "biases"),
        (lambda f, w, b: (f.flip(1), w, b), "cosines"),
        (lambda f, w, b: (f.flip(1), w.flip(1), b), ""),  # the same network in another basis
    ],
)
def test_what_two_networks_have_in_common_has_no_share(changed: Callable[..., Head], player: str) -> None:
    (features, weight, bias), _, labels, rivals = two_networks(3)
    one = features.double(), weight.double(), bias.double()
    split = lead_between(Polar.of(*one, labels, rivals), Polar.of(*changed(*one), labels, rivals))
    for name, share in split.items():
        assert (float(share.abs().max()) > 0.1) == (name == player), name


def test_the_split_between_networks_by_hand() -> None:
    # one feature on the first axis, two directions along it: cosines 1 and -1, norms 1; lead = 2 length + b_y - b_r
    label, rival = torch.tensor([0]), torch.tensor([1])
    weight = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    one = Polar.of(torch.tensor([[2.0, 0.0]]), weight, torch.tensor([0.5, 0.0]), label, rival)
    other = Polar.of(torch.tensor([[4.0, 0.0]]), 3 * weight, torch.tensor([0.0, 1.0]), label, rival)
    split = {name: float(share) for name, share in lead_between(one, other).items()}
    # length 2 -> 4 at norm 1 adds 4, at norm 3 adds 12; norm 1 -> 3 at length 2 adds 8, at 4 adds 16; biases -1.5
    assert split == pytest.approx({"length": 8.0, "cosines": 0.0, "norms": 12.0, "biases": -1.5})
