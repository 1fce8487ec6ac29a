"""Robustness against a loop over single tickets, conditions and images."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from analysis import robustness
from analysis.corruptions import AVAILABLE, corrupt
from analysis.corruptions.attacks import attack
from analysis.measures import conditions as conditions_table
from analysis.measures import reliability as reliability_table
from analysis.metrics import geometry
from analysis.robustness import Measured
from pruning.errors import UserError
from pruning.models import build_model, prunable
from pruning.recipe import Recipe
from pruning.ticket import Ticket, TicketInfo

SHAPE = (1, 8, 8)
MEAN, STD = [0.4], [0.3]


def make_ticket(seed: int, model: str = "lenet300", mean: Sequence[float] = MEAN) -> Ticket:
    network = build_model(model, 10, SHAPE, seed)
    masks = {}
    for name, weight in prunable(network).items():
        masks[name] = torch.rand(weight.shape, generator=torch.Generator().manual_seed(seed)) < 0.4
        weight.data.mul_(masks[name])
    info = TicketInfo(shape=SHAPE, classes=[str(c) for c in range(10)], mean=list(mean), std=STD)
    recipe = Recipe(model=model, data="digits", finder="dense", seed=seed)
    return Ticket(recipe, masks, network.state_dict(), info)


@pytest.fixture(scope="module")
def tickets() -> dict[str, Ticket]:
    return {"first": make_ticket(0), "second": make_ticket(1), "other mean": make_ticket(2, mean=[0.1])}


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randint(0, 256, (23, *SHAPE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def labels() -> Tensor:
    return torch.arange(23) % 10


def row_of(measured: Measured, name: str) -> dict[str, Any]:
    return conditions_table.row(measured.condition, measured.tickets[name])


def bins_of(measured: Measured, name: str) -> pd.DataFrame:
    return reliability_table.bins(measured.condition, measured.tickets[name])


def test_evaluate_is_the_loop_over_everything(tickets: dict[str, Ticket], images: Tensor, labels: Tensor) -> None:
    names, severities = ("fog", "shot_noise", "jpeg_compression"), (2, 5)
    found = robustness.evaluate(tickets, images, labels, names, severities, batch_size=10, seed=4)
    assert list(found.columns) == ["ticket", "corruption", "severity", "sample", *geometry.COLUMNS]
    assert len(found) == 3 * 7 * 23
    for name, ticket in tickets.items():
        network = ticket.model()
        for condition in [("clean", 0)] + [(corruption, severity) for corruption in names for severity in severities]:
            shown = images if condition[1] == 0 else corrupt(images, *condition, seed=4)
            rows = found[(found.ticket == name) & (found.corruption == condition[0]) & (found.severity == condition[1])]
            assert rows["sample"].tolist() == list(range(23))
            for row, image, label in zip(rows.itertuples(), shown, labels.tolist(), strict=True):
                check_by_hand(row, network, (image[None].float() / 255 - ticket.info.mean[0]) / STD[0], label)


@torch.no_grad()
def check_by_hand(row: Any, network: Any, x: Tensor, label: int) -> None:
    f = network.fc2(network.fc1(x.flatten(1)).relu()).relu()[0].double()
    weight = network.fc3.weight.double()
    logits = weight @ f + network.fc3.bias.double()
    assert row.prediction == int(logits.argmax())
    cosine = float(weight[label] @ f / (weight[label].norm() * f.norm()))
    rivals = [c for c in range(10) if c != label]
    margin = min(float((logits[label] - logits[c]) / (weight[label] - weight[c]).norm()) for c in rivals)
    expected = (float(logits.softmax(0).max()), math.degrees(math.acos(cosine)), float(f.norm()), margin)
    assert (row.confidence, row.angle, row.length, row.margin) == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("condition", [("fgsm", 3), ("pgd", 2)])
def test_attacks_are_made_for_each_ticket(
    condition: tuple[str, int], tickets: dict[str, Ticket], images: Tensor, labels: Tensor
) -> None:
    (measured,) = robustness.iterate(tickets, images, labels, [condition], batch_size=9, seed=3)
    for name, ticket in tickets.items():
        mean, std = ticket.info.mean, ticket.info.std
        attacked = attack(ticket.model(), images, labels, *condition, mean=mean, std=std, seed=3)
        assert not torch.equal(attacked, images)
        (alone,) = robustness.iterate({name: ticket}, attacked, labels, [("clean", 0)])
        for column in geometry.COLUMNS:
            np.testing.assert_allclose(measured.values[name][column], alone.values[name][column], rtol=1e-4, atol=1e-4)


def test_severities_are_cut_to_those_a_corruption_has() -> None:
    found = robustness.all_conditions(["rotate", "stripe"], [2, 4])
    assert found == (("clean", 0), ("rotate", 2), ("rotate", 4), ("stripe", 1))


def test_clean_comes_first_then_every_corruption_at_every_severity() -> None:
    conditions = robustness.all_conditions()
    assert conditions[0] == ("clean", 0)
    assert conditions[1:6] == tuple(("gaussian_noise", severity) for severity in range(1, 6))
    assert len(set(conditions)) == 1 + 5 * len(AVAILABLE)


def test_the_size_of_the_batch_does_not_matter(tickets: dict[str, Ticket], images: Tensor, labels: Tensor) -> None:
    small, large = (
        robustness.evaluate(tickets, images, labels, ["gaussian_noise"], [3], batch_size=size) for size in (4, 100)
    )
    pd.testing.assert_frame_equal(small, large, rtol=1e-4, atol=1e-4)


def test_each_corrupted_batch_is_made_once(
    tickets: dict[str, Ticket], images: Tensor, labels: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, int, list[int]]] = []

    def counting(batch: Tensor, name: str, severity: int, *, seed: int, index: Tensor, frost: None) -> Tensor:
        made.append((name, severity, index.tolist()))
        return corrupt(batch, name, severity, seed, index)

    monkeypatch.setattr("analysis.engine.images.corrupt", counting)
    robustness.evaluate(tickets, images, labels, ["fog", "contrast"], [1], batch_size=12)
    parts = [list(range(12)), list(range(12, 23))]
    assert made == [(name, 1, part) for name in ("fog", "contrast") for part in parts]


def test_what_is_done_is_left_out(
    tickets: dict[str, Ticket], images: Tensor, labels: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    conditions = [("clean", 0), ("fog", 1), ("fog", 2)]
    whole = list(robustness.iterate(tickets, images, labels, conditions))
    assert [m.condition for m in whole] == conditions
    done = {(name, "clean", 0) for name in tickets} | {("first", "fog", 1)}
    shown: list[str] = []
    rest = list(
        robustness.iterate(tickets, images, labels, conditions, done=done, progress=lambda _, t: shown.append(t))
    )
    assert [(*m.condition, list(m.tickets)) for m in rest] == [
        ("fog", 1, ["second", "other mean"]),
        ("fog", 2, ["first", "second", "other mean"]),
    ]
    assert shown == ["fog 1", "fog 2"]
    for before, after in zip(whole[1:], rest, strict=True):
        for name in after.values:
            pd.testing.assert_frame_equal(before.frame(name), after.frame(name))


def test_networks_of_known_tickets_are_not_even_built(images: Tensor, labels: Tensor) -> None:
    broken = make_ticket(0)
    broken.state.clear()
    tickets = {"known": broken, "new": make_ticket(1)}
    (measured,) = robustness.iterate(tickets, images, labels, [("fog", 1)], done=[("known", "fog", 1)])
    assert list(measured.values) == ["new"]
    assert not list(robustness.iterate({"known": broken}, images, labels, [("fog", 1)], done=[("known", "fog", 1)]))


def test_images_may_be_given(tickets: dict[str, Ticket], images: Tensor, labels: Tensor) -> None:
    given = {("frost", 3): 255 - images}
    (measured,) = robustness.iterate(tickets, images, labels, [("frost", 3)], corrupted=given)
    (clean,) = robustness.iterate(tickets, 255 - images, labels, [("clean", 0)])
    for name in tickets:
        for column in geometry.COLUMNS:
            assert np.array_equal(measured.values[name][column], clean.values[name][column])


def test_summary_is_the_row_of_the_table_of_conditions(
    tickets: dict[str, Ticket], images: Tensor, labels: Tensor
) -> None:
    (measured,) = robustness.iterate(tickets, images, labels, [("contrast", 2)])
    frame, row = measured.frame("first"), row_of(measured, "first")
    right = (frame.prediction == labels.numpy()).to_numpy()
    assert (row["corruption"], row["severity"], row["n"], row["correct"]) == ("contrast", 2, 23, right.sum())
    assert row["accuracy"] == right.mean()
    assert row["mean_angle"] == pytest.approx(frame.angle.mean())
    offsets = np.frombuffer(row["offsets"], np.uint8)
    assert np.array_equal((labels.numpy() + offsets) % 10, frame.prediction)


@torch.no_grad()
def test_calibration_is_that_of_the_probabilities(tickets: dict[str, Ticket], images: Tensor, labels: Tensor) -> None:
    (measured,) = robustness.iterate(tickets, images, labels, [("contrast", 2)], batch_size=9)
    row, bins = row_of(measured, "second"), bins_of(measured, "second")
    shown = corrupt(images, "contrast", 2).float() / 255
    p = tickets["second"].model()((shown - MEAN[0]) / STD[0]).double().softmax(1)
    assert row["nll"] == pytest.approx(float(-p[torch.arange(23), labels].log().mean()), rel=1e-5)
    assert row["brier"] == pytest.approx(float(((p - torch.eye(10)[labels]) ** 2).sum(1).mean()), rel=1e-5)
    sure, right = p.amax(1).numpy(), (p.argmax(1) == labels).numpy()
    order = np.argsort(sure)
    parts = [order[23 * k // 15 : 23 * (k + 1) // 15] for k in range(15)]
    assert bins["n"].tolist() == [len(part) for part in parts]
    np.testing.assert_allclose(bins["confidence"], [sure[part].mean() for part in parts], rtol=1e-5)
    np.testing.assert_allclose(bins["accuracy"], [right[part].mean() for part in parts])
    gaps = [abs(sure[part].mean() - right[part].mean()) * len(part) for part in parts]
    assert row["ece"] == pytest.approx(sum(gaps) / 23, rel=1e-5)
    assert set(zip(bins["corruption"], bins["severity"], strict=True)) == {("contrast", 2)}


def test_images_without_a_confidence_have_a_bin_of_their_own(images: Tensor, labels: Tensor) -> None:
    broken = make_ticket(0)
    broken.state["fc3.bias"][4] = float("nan")
    (measured,) = robustness.iterate({"broken": broken}, images, labels, [("clean", 0)])
    row, bins = row_of(measured, "broken"), bins_of(measured, "broken")
    assert all(np.isnan(row[name]) for name in ("nll", "brier", "ece"))
    assert bins[["bin", "n"]].values.tolist() == [[-1, 23]]
    assert bins["accuracy"][0] == row["accuracy"]


def test_progress_ends_at_one(tickets: dict[str, Ticket], images: Tensor, labels: Tensor) -> None:
    told: list[float] = []
    robustness.evaluate(tickets, images, labels, ["fog"], [1, 2], 10, progress=lambda done, _: told.append(done))
    assert told == pytest.approx([step / 9 for step in range(1, 10)])


def test_evaluating_leaves_torch_as_it_was(tickets: dict[str, Ticket], images: Tensor, labels: Tensor) -> None:
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    found = robustness.iterate(tickets, images, labels, [("clean", 0), ("fog", 1)])
    next(found)
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tickets": {}}, "no ticket to evaluate"),
        ({"conditions": [("fgo", 1)]}, "Did you mean 'fog'"),
        ({"conditions": [("fog", 7)]}, "Severity 7"),
        ({"conditions": [("stripe", 2)]}, "Severity 2 of 'stripe'"),
        ({"images": torch.rand(23, *SHAPE)}, "Images must be bytes"),
        ({"images": torch.zeros(23, 1, 9, 9, dtype=torch.uint8)}, "Ticket 'only' is for images of .1, 8, 8."),
        ({"labels": torch.zeros(4, dtype=torch.int64)}, "label for each of the 23 images"),
        ({"labels": torch.full((23,), 10)}, "Label 10 names no class: ticket 'only' has 10"),
        ({"labels": torch.full((23,), -1)}, "Label -1 names no class"),
        ({"normalisation": ((0.5, 0.5), (0.2, 0.2))}, "mean of the normalisation has 2 values, and .* 1 channels"),
        ({"normalisation": ((0.5,), ())}, "deviation of the normalisation has 0 values"),
        ({"normalisation": ((0.5,), (0.0,))}, "of finite numbers above 0, not 0"),
        ({"normalisation": ((0.5,), (-1,))}, "of finite numbers above 0, not -1"),
        ({"normalisation": ((float("nan"),), (1,))}, "of finite numbers, not nan"),
        ({"normalisation": ((0.5,), (float("inf"),))}, "of finite numbers above 0, not inf"),
        ({"normalisation": (0.5, 0.5)}, "to be a mean and a standard deviation"),
        ({"normalisation": ((0.5,),)}, "to be a mean and a standard deviation"),
        ({"normalisation": None}, "to be a mean and a standard deviation"),
        ({"normalisation": "imagenet"}, "to be a mean and a standard deviation"),
        ({"batch_size": 0}, "at least 1, not 0"),
        ({"corrupted": {("fog", 1): torch.zeros(3)}, "conditions": [("fog", 1)]}, "given for fog at severity 1"),
    ],
)
def test_bad_input_is_one_sentence_before_anything_is_measured(
    change: dict, message: str, images: Tensor, labels: Tensor
) -> None:
    given = {"tickets": {"only": make_ticket(0)}, "images": images, "labels": labels} | change
    with pytest.raises(UserError, match=message) as caught:
        robustness.iterate(**given)
    assert "\n" not in str(caught.value)
