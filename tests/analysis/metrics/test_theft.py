"""What a thief does to a ticket: exact counts, nothing but what it says, and the network given stays as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact
from torch import Tensor

from analysis.measures.owner_rows import guessed
from analysis.metrics.theft import Loot, for_thief
from pruning.data import load_data, normalise
from pruning.masks import make_masks
from pruning.models import build_model, prunable
from pruning.training.config import Training

SHAPE = (1, 8, 8)


def stolen(seed: int = 0, sparsity: float = 0.8) -> Loot:
    """A network with a random mask, its pruned weights zero."""
    torch.manual_seed(seed)
    model = build_model("cnn32", 10, SHAPE, seed).eval()
    masks = make_masks({name: torch.rand(weight.shape) for name, weight in prunable(model).items()}, sparsity)
    return Loot(model, masks, SHAPE).with_masks(masks)


def count(masks: dict[str, Tensor]) -> int:
    """How many weights are kept."""
    return sum(int(mask.sum()) for mask in masks.values())


def flat(tensors: dict[str, Tensor]) -> np.ndarray:
    """All values as one vector."""
    return torch.cat([value.reshape(-1) for value in tensors.values()]).numpy()


@settings(max_examples=8, deadline=None)
@given(st.floats(0, 0.95), st.integers(0, 50))
def test_pruning_takes_exactly_the_share(share: float, seed: int) -> None:
    loot = stolen()
    left = count(loot.masks) - round(share * count(loot.masks))
    for after in (loot.pruned_by_magnitude(share), loot.pruned_at_random(share, seed)):
        assert count(after.masks) == left
        assert not (flat(after.masks) & ~flat(loot.masks)).any()
        assert (flat(after.weights)[~flat(after.masks)] == 0).all()
        np.testing.assert_array_equal(flat(after.weights)[flat(after.masks)], flat(loot.weights)[flat(after.masks)])


def test_magnitude_takes_the_smallest_of_all_layers() -> None:
    loot = stolen()
    after = loot.pruned_by_magnitude(0.3)
    sizes, before, kept = abs(flat(loot.weights)), flat(loot.masks), flat(after.masks)
    assert sizes[before & ~kept].max() <= sizes[kept].min()


def test_added_weights_are_as_many_as_asked_and_as_large_as_their_layer() -> None:
    loot = stolen()
    after = loot.added_to(0.5, 3)
    before, now = flat(loot.masks), flat(after.masks)
    assert (now & ~before).sum() == round(0.5 * (~before).sum())
    assert now[before].all()
    np.testing.assert_array_equal(flat(after.weights)[before], flat(loot.weights)[before])
    for name, weight in after.weights.items():
        added = weight[after.masks[name] & ~loot.masks[name]]
        own = loot.weights[name][loot.masks[name]]
        if len(added) > 500:
            assert float(added.std()) == pytest.approx(float(own.std()), rel=0.1)


def test_chance_is_that_of_the_seed_alone() -> None:
    loot = stolen()
    for attack in (Loot.pruned_at_random, Loot.added_to):
        first = attack(loot, 0.2, 1)
        torch.rand(5)
        np.testing.assert_array_equal(flat(attack(loot, 0.2, 1).weights), flat(first.weights))
        assert not np.array_equal(flat(attack(loot, 0.2, 2).masks), flat(first.masks))


def test_an_empty_attack_and_an_empty_layer_do_no_harm() -> None:
    loot = stolen()
    name = next(iter(loot.masks))
    empty = loot.with_masks(loot.masks | {name: torch.zeros_like(loot.masks[name])})
    for after in (empty.pruned_by_magnitude(0.0), empty.pruned_at_random(0.0, 0), empty.added_to(0.0, 0)):
        np.testing.assert_array_equal(flat(after.weights), flat(empty.weights))
    back = empty.added_to(1.0, 0)
    assert back.masks[name].all()
    assert float(back.weights[name].abs().max()) > 0


@pytest.mark.parametrize("by", ["paths", "magnitude", "random"])
def test_a_forged_key_has_as_many_weights_as_the_key_and_leaves_the_rest(by: str) -> None:
    data, loot = load_data("digits"), stolen()
    after = loot.with_forged_key(by, 77, data, for_thief(Training(epochs=5, lr=0.05, batch_size=64), 0.5), 0)
    before, now = flat(loot.masks), flat(after.masks)
    assert (now & ~before).sum() == 77
    assert now[before].all()
    np.testing.assert_array_equal(flat(after.weights)[before], flat(loot.weights)[before])
    assert (flat(after.weights)[now & ~before] != 0).all()


def test_what_of_a_key_is_guessed_by_hand() -> None:
    shipped = {"fc": torch.tensor([True, False, False, False, False, False])}
    whole = {"fc": torch.tensor([True, True, True, False, False, False])}
    seen = {"fc": torch.tensor([True, True, False, True, False, False])}
    row = guessed(shipped, whole, seen, 2)
    assert (row["n"], row["matches"], row["ber"], row["limit"]) == (2, 1, 0.5, 1 - 2 / 5)
    assert row["p_value"] == pytest.approx(fisher_exact([[1, 1], [1, 2]], alternative="greater").pvalue)
    assert guessed(shipped, whole, shipped, 2)["p_value"] == 1


def test_training_again_keeps_the_mask_and_leaves_the_network_given() -> None:
    data, loot = load_data("digits"), stolen()
    before = flat(loot.weights).copy()
    after, accuracy = loot.retrained(data, for_thief(Training(epochs=20, lr=0.1, batch_size=32), 4.0), 0)
    np.testing.assert_array_equal(flat(loot.weights), before)
    assert (flat(after.weights)[~flat(loot.masks)] == 0).all()
    assert accuracy > loot.accuracy(data) + 0.2
    with torch.no_grad():
        logits = after.model.eval()(normalise(data.test.images, data.mean, data.std))
    assert accuracy == pytest.approx(float((logits.argmax(1) == data.test.labels).float().mean()))
    assert loot.retrained(data, for_thief(Training(), 0.0), 0)[0] is loot
