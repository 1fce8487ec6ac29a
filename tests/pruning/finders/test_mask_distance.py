"""Mask distances over the training of a dense network: brute force, and that looking changes nothing."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from pruning import Recipe, Ticket, Training, find_ticket
from pruning.data import Split, load_data
from pruning.finders.mask_distance import (
    POINTS,
    SPARSITIES,
    MaskDistanceWatch,
    distance_table,
    due_points,
    pack_masks,
    thinned,
)
from pruning.masks import make_masks
from pruning.models import build_model, prunable
from pruning.training.loop import iterations_per_epoch, train

TRAINING = Training(epochs=2.5, batch_size=128, warmup_epochs=0)
COMMON: dict[str, Any] = {"model": "lenet300", "data": "digits", "training": TRAINING}
PER_EPOCH = 12


@pytest.fixture(scope="module")
def dense() -> Ticket:
    return find_ticket(Recipe(**COMMON, finder="dense", seed=3))


def state_after(iterations: int) -> dict[str, Tensor]:
    """The weights of the dense network of seed 3 after so many iterations, trained without any hook."""
    model = build_model("lenet300", 10, (1, 8, 8), seed=3)
    train(model, load_data("digits"), TRAINING, seed=3, stop=iterations)
    return {name: value.detach() for name, value in prunable(model).items()}


def test_what_a_dense_network_records(dense: Ticket) -> None:
    """Against masks of networks that were trained to each epoch one by one, compared position by position."""
    assert iterations_per_epoch(load_data("digits"), TRAINING) == PER_EPOCH
    assert dense.info.recorded("masks") == {"epoch": [0, 1, 2, 2.5]}
    states = [state_after(iterations) for iterations in (0, PER_EPOCH, 2 * PER_EPOCH, 30)]
    for sparsity in (0.5, 0.8, 0.9, 0.95):
        masks = [make_masks({n: w.abs() for n, w in state.items()}, sparsity) for state in states]
        expected = [
            round(sum(int((a[name] != b[name]).sum()) for name in a) / 50_200, 4) for a, b in product(masks, masks)
        ]
        assert dense.info.recorded(f"mask distance {sparsity:g}") == {"d": expected}
        assert 0 < max(expected) < 1
    assert set(dense.info.record) == {"masks/epoch", *(f"mask distance {sparsity:g}/d" for sparsity in SPARSITIES)}


def test_looking_changes_no_bit(dense: Ticket) -> None:
    plain = build_model("lenet300", 10, (1, 8, 8), seed=3)
    trained = train(plain, load_data("digits"), TRAINING, seed=3)
    assert trained.accuracy == dense.info.accuracy
    assert trained.history == dense.info.history
    for name, value in plain.state_dict().items():
        assert torch.equal(value, dense.state[name])


def test_looking_changes_no_bit_of_a_network_with_norms_and_a_curve() -> None:
    config = Training(epochs=1, batch_size=256, log_every=0.3, augment="crop")
    plain, watched = (build_model("resnet20", 10, (1, 8, 8), seed=0) for _ in range(2))
    data = load_data("digits")
    watch = MaskDistanceWatch(watched, data, config)
    assert train(plain, data, config, 0) == train(watched, data, config, 0, hook=watch)
    assert all(
        torch.equal(a, b) for a, b in zip(plain.state_dict().values(), watched.state_dict().values(), strict=True)
    )
    assert watch.record()["masks/epoch"] == [0, 1]


def test_a_ticket_keeps_its_record(dense: Ticket, tmp_path: Path) -> None:
    dense.save(tmp_path / "dense.safetensors")
    assert Ticket.load(tmp_path / "dense.safetensors").info.record == dense.info.record


def test_a_network_stopped_early_or_imported_records_nothing(dense: Ticket) -> None:
    assert find_ticket(Recipe(**COMMON, finder="dense", rewind=3)).info.record == {}
    assert find_ticket(Recipe(**COMMON, finder="dense"), weights=dense.state).info.record == {}


def test_an_untrained_network_has_one_point() -> None:
    still = {**COMMON, "training": Training(epochs=0)}
    record = find_ticket(Recipe(**still, finder="dense")).info.record
    assert record == {"masks/epoch": [0], **{f"mask distance {sparsity:g}/d": [0.0] for sparsity in SPARSITIES}}


def test_the_end_is_noted_when_the_last_image_is_alone() -> None:
    """A batch of one image is passed over, and no hook sees what comes after it."""
    whole = load_data("digits")
    data = replace(whole, train=Split(whole.train.images[:65], whole.train.labels[:65]))
    model, config = build_model("lenet300", 10, (1, 8, 8), seed=0), Training(epochs=2, batch_size=32)
    watch = MaskDistanceWatch(model, data, config, [0.8])
    train(model, data, config, 0, hook=watch)
    record = watch.record()
    assert record["masks/epoch"] == [0, 1, 2]
    final = make_masks({name: weight.detach().abs() for name, weight in prunable(model).items()}, 0.8)
    assert np.array_equal(watch.masks[0.8][-1], pack_masks(final))


@given(st.integers(1, 500))
def test_epochs_are_thinned_evenly(count: int) -> None:
    points = thinned(count)
    gaps = np.diff(points)
    assert points[0] == 0
    assert points[-1] == count - 1
    assert len(points) == min(count, POINTS)
    assert count == 1 or gaps.max() - gaps.min() <= 1


def test_long_trainings_are_thinned() -> None:
    data = load_data("digits")
    watch = MaskDistanceWatch(nn.Linear(2, 2), data, Training(epochs=100, batch_size=2000))
    assert len(watch.due) == POINTS
    assert (watch.due[0], watch.due[-1]) == (0, 100)


@given(st.lists(st.lists(st.booleans(), min_size=13, max_size=13), min_size=1, max_size=6))
def test_distances_by_brute_force(rows: list[list[bool]]) -> None:
    masks = [{"a": torch.tensor(row[:4]).view(2, 2), "b": torch.tensor(row[4:])} for row in rows]
    table = distance_table([pack_masks(mask) for mask in masks], 13)
    for (i, one), (j, other) in product(enumerate(rows), enumerate(rows)):
        expected = sum(a != b for a, b in zip(one, other, strict=True)) / 13
        assert table[i * len(rows) + j] == round(expected, 4)


# --- trainings of many thousand epochs -------------------------------------------------------------------------------


def as_it_was(total: int, per_epoch: int) -> list[int]:
    """Ends of epochs, evenly thinned."""
    points = [*range(0, total, per_epoch), total]
    return [points[index] for index in thinned(len(points))]


@given(st.integers(0, 3000), st.integers(1, 40), st.sampled_from([None, 0.1, 1.0, 1.2]))
def test_points_of_a_curve_of_epochs_are_ends_of_epochs(total: int, per_epoch: int, every: float | None) -> None:
    assert due_points(total, per_epoch, every) == as_it_was(total, per_epoch)


@given(st.integers(0, 40_000), st.integers(1, 3), st.integers(2, 20))
def test_points_epochs_apart_lie_ever_farther(total: int, per_epoch: int, every: int) -> None:
    found = due_points(total, per_epoch, float(every))
    assert found[0] == 0
    assert found[-1] == total
    assert found == sorted(set(found))
    assert len(found) <= POINTS
    assert all(point % (every * per_epoch) == 0 for point in found[:-1])
    if total > 1000 * per_epoch * every:
        assert np.median(found) < total / 10  # evenly it would be half


def test_a_network_that_is_trained_until_something_holds_records_its_end() -> None:
    training = Training(epochs=50, batch_size=2000, lr=0.05, warmup_epochs=0, log_every=2, until="loss < 1.5")
    ticket = find_ticket(Recipe(**{**COMMON, "training": training}, finder="dense"))
    last = ticket.info.history[-1].epoch
    assert 4 < last < 50
    epochs = ticket.info.recorded("masks")["epoch"]
    assert epochs[:4] == [0, 2, 4, 6]
    assert epochs[-1] == last
    sizes = {name: weight.detach().abs() for name, weight in prunable(ticket.model()).items()}
    first = {name: w.detach().abs() for name, w in prunable(build_model("lenet300", 10, (1, 8, 8), 0)).items()}
    one, other = make_masks(first, 0.6), make_masks(sizes, 0.6)
    share = sum(int((one[name] != other[name]).sum()) for name in one) / 50_200
    assert ticket.info.recorded("mask distance 0.6")["d"][len(epochs) - 1] == round(share, 4)
