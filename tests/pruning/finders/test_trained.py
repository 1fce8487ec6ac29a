"""Finders that prune a trained network: iterative, learning rate rewinding, gradual, and those that start from imported
weights."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pruning import Recipe, Training, UserError, find_ticket
from pruning.checkpoints.imported_weights import Imported, Start
from pruning.data import Dataset, load_data, normalise
from pruning.finders.base import Trainer
from pruning.finders.gradual import pruning_iterations, sparsity_at
from pruning.finders.lineage import find_step, lineage, parents_of
from pruning.models import build_model
from pruning.ticket import Ticket
from pruning.training.batch_norm import IMAGES, recalibrate
from pruning.training.loop import _segments, train
from pruning.training.seeds import generator

COMMON: dict[str, Any] = {
    "model": "lenet300",
    "data": "digits",
    "training": Training(epochs=1, batch_size=128, warmup_epochs=0),
}


def find_all(recipe: Recipe) -> dict[str, Ticket]:
    """The tickets of the recipe and of all it descends from, by id."""
    known: dict[str, Ticket] = {}
    trainer = Trainer(load_data("digits"))
    for step in lineage([recipe]):
        known[step.id] = find_step(step, known, trainer)
    return known


@pytest.fixture(scope="module")
def trained() -> Ticket:
    """A dense network, as somebody else might have trained it."""
    return find_ticket(Recipe(**COMMON, finder="dense"))


def smallest_cut(ticket: Ticket, keep: int) -> dict[str, Tensor]:
    """The masks of the `keep` largest weights that are left, by sorting all of them."""
    flat = torch.cat([torch.where(m, ticket.state[n].abs(), -1.0).reshape(-1) for n, m in ticket.masks.items()])
    threshold = flat.sort(descending=True).values[keep - 1]
    return {name: mask & (ticket.state[name].abs() >= threshold) for name, mask in ticket.masks.items()}


@pytest.mark.parametrize("finder", ["iterative", "lrr"])
def test_levels_by_hand(finder: str) -> None:
    recipe = Recipe(**COMMON, finder=finder, rate=0.5, sparsity=0.75, seed=1)
    known = find_all(recipe)
    (middle,) = parents_of(recipe)
    (dense,) = parents_of(middle)
    assert (middle.sparsity, dense.finder) == (0.5, "dense")
    fine = COMMON["training"].but(epochs=0.5, lr=0.01)
    for before, now in ((dense, middle), (middle, recipe)):
        masks = smallest_cut(known[before.id], round(50_200 * (1 - now.sparsity)))
        model = known[before.id].model()
        train(model, load_data("digits"), fine if finder == "iterative" else recipe.training, 1, masks)
        for name, value in model.state_dict().items():
            assert torch.equal(known[now.id].state[name], value)
        for name, mask in masks.items():
            assert torch.equal(known[now.id].masks[name], mask)


def test_the_ramp_is_cubic() -> None:
    steps = [sparsity_at(step, 10, 0.2, 0.9) for step in range(11)]
    assert steps[0] == pytest.approx(0.2)
    assert steps[-1] == 0.9
    assert steps[5] == pytest.approx(0.9 - 0.7 / 8)
    assert steps == sorted(steps)


def test_gradual_pruning_iterations() -> None:
    recipe = Recipe(**COMMON, finder="gmp", sparsity=0.9, begin=0.1, until=0.7, steps=6)
    assert pruning_iterations(recipe, 100) == dict(zip(range(10, 71, 10), range(7), strict=True))
    few = pruning_iterations(recipe.but(steps=1000), 20)
    assert few == {iteration: iteration - 2 for iteration in range(2, 15)}
    assert max(pruning_iterations(recipe.but(until=1.0), 7)) == 6


def test_gradual_pruning_prunes_in_one_training() -> None:
    """The masks grow sparser only, and pruned weights stay zero in spite of momentum and decay."""
    recipe = Recipe(**COMMON, finder="gmp", sparsity=0.9, steps=5)
    seen: list[dict[str, Tensor]] = []
    ticket = find_ticket(recipe)
    assert ticket.kept == 50_200 - round(0.9 * 50_200)
    model = build_model("lenet300", 10, (1, 8, 8), recipe.seed)
    from pruning.finders.gradual import GradualPruning
    from pruning.masks import full_masks
    from pruning.models import prunable

    class Watched(GradualPruning):
        def before(self, step: int) -> dict[str, Tensor] | None:
            for name, mask in self.masks.items():
                assert bool((model.get_parameter(name)[~mask] == 0).all())
            masks = super().before(step)
            if masks is not None:
                seen.append(masks)
            return masks

    ramp = Watched(recipe, model, full_masks(prunable(model)), Trainer(load_data("digits")))
    train(model, load_data("digits"), recipe.training, recipe.seed, ramp.masks, hook=ramp)
    assert len(seen) == 6
    for before, after in pairwise(seen):
        assert all(bool((before[name] | ~after[name]).all()) for name in before)
    for name, value in model.state_dict().items():
        assert torch.equal(ticket.state[name], value)


def test_a_ramp_must_rise_within_the_training() -> None:
    with pytest.raises(UserError, match="begin"):
        Recipe(**COMMON, finder="gmp", sparsity=0.9, begin=0.8, until=0.2)


def test_gradual_pruning_takes_a_whole_training() -> None:
    training = COMMON["training"]
    with pytest.raises(UserError, match="leave `until` out of the training"):
        Recipe(**{**COMMON, "training": training.but(until="test accuracy > 0.3")}, finder="gmp", sparsity=0.9)
    with pytest.raises(UserError, match="more than 0 epochs"):
        Recipe(**{**COMMON, "training": training.but(epochs=0)}, finder="gmp", sparsity=0.9)


@pytest.mark.parametrize(("fields", "words"), [
    ({"finder": "imp", "rewind": 12}, "go on from iteration 12 and has 12 in all"),
    ({"finder": "imp", "rewind": 13}, "no dense network at iteration 13"),
    ({"finder": "early_mask", "drawn_at": 13}, "no dense network at iteration 13"),
])  # fmt: skip
def test_an_iteration_that_the_training_never_comes_to(fields: dict[str, Any], words: str) -> None:
    training = Training(epochs=1, batch_size=128)
    with pytest.raises(UserError, match=words):
        find_ticket(Recipe(**{**COMMON, "training": training}, sparsity=0.2, **fields))


@pytest.mark.parametrize("fields", [
    {"finder": "one_shot", "criterion": "magnitude"},
    {"finder": "iterative", "rate": 0.4},
    {"finder": "gmp"},
    {"finder": "movement"},
    {"finder": "sr_ste", "structure": "2:4", "sparsity": 0.5},
    {"finder": "one_shot", "criterion": "magnitude", "scope": "fc1"},
], ids=str)  # fmt: skip
def test_what_came_pruned_stays_so_in_layers_that_are_left_alone(fields: dict[str, Any]) -> None:
    state, source = find_ticket(Recipe(**COMMON, finder="dense")).state, torch.Generator().manual_seed(0)
    masks = {name: torch.rand(state[name].shape, generator=source) < 0.7 for name in ("fc2.weight", "fc3.weight")}
    imported = Imported(state, masks)
    sparsity = imported.sparsity(build_model("lenet300", 10, (1, 8, 8), 0))
    start = Start(weights=imported.digest, mean=(0.5,), std=(0.5,), sparsity=sparsity)
    outside = {} if "scope" in fields else {"prune_classifier": False}
    recipe = Recipe(**{**COMMON, "start": start, "sparsity": 0.7, **outside, **fields})
    trainer, known = Trainer(load_data("digits"), imports=imported), dict[str, Ticket]()
    for step in lineage([recipe]):
        known[step.id] = find_step(step, known, trainer)
    ticket = known[recipe.id]
    assert set(ticket.masks) == {"fc1.weight"} | (set() if "scope" in fields else {"fc2.weight"})
    for name, mask in masks.items():
        assert not bool(ticket.state[name][~mask].any()), name
        assert not torch.equal(ticket.state[name], state[name] * mask), name  # it was trained


def test_segments_of_the_training_curve() -> None:
    assert _segments(0, 25, 10, None) == [(0, 10), (10, 20), (20, 25)]
    assert _segments(4, 25, 10, None) == [(4, 10), (10, 20), (20, 25)]
    assert _segments(0, 20, 10, 0.3) == [(0, 3), (3, 6), (6, 9), (9, 10), (10, 12), (12, 15), (15, 18), (18, 20)]
    assert _segments(0, 30, 10, 2.0) == [(0, 20), (20, 30)]
    assert _segments(5, 5, 10, None) == []


def test_more_points_of_the_curve_change_no_weight() -> None:
    plain, often = (
        find_ticket(Recipe(**{**COMMON, "training": COMMON["training"].but(log_every=every)},
                           finder="dense"))
        for every in (None, 0.25)
    )  # fmt: skip
    assert (len(plain.info.history), len(often.info.history)) == (1, 4)
    assert all(torch.equal(plain.state[name], often.state[name]) for name in plain.state)


def test_a_network_may_start_from_trained_weights(trained: Ticket) -> None:
    """Pruned and not fine-tuned, what is kept is exactly what was given."""
    recipe = Recipe(**COMMON, criterion="snip", sparsity=0.8, score_on="trained", finetune=Training(epochs=0))
    ticket = find_ticket(recipe, weights=trained.state)
    assert (
        find_ticket(Recipe(**COMMON, criterion="snip", sparsity=0.5), weights=trained.state).recipe.option("score_on")
        == "trained"
    )
    assert ticket.recipe.start is not None
    for name, value in ticket.state.items():
        mask = ticket.masks.get(name)
        assert torch.equal(value, trained.state[name] if mask is None else trained.state[name] * mask)
    (dense,) = parents_of(ticket.recipe)
    found = find_ticket(dense, weights=trained.state)
    assert found.info.accuracy == trained.info.accuracy
    assert all(torch.equal(found.state[name], trained.state[name]) for name in trained.state)


def test_the_normalisation_of_the_start_is_used(trained: Ticket) -> None:
    data = load_data("digits")
    other = Start(weights=Imported(trained.state, {}).digest, mean=(5.0,), std=(0.1,))
    found = find_ticket(Recipe(**COMMON, finder="dense", start=other), weights=trained.state)
    assert (found.info.mean, found.info.std) == ([5.0], [0.1])
    with torch.inference_mode():
        logits = trained.model()(normalise(data.test.images, (5.0,), (0.1,)))
    assert found.info.accuracy == float((logits.argmax(1) == data.test.labels).double().mean())
    wrong = Recipe(**COMMON, finder="dense", start=other.but(mean=(0.5, 0.5, 0.5)))
    with pytest.raises(UserError, match="must have 1 values"):
        find_ticket(wrong, weights=trained.state)


def test_weights_that_came_pruned_never_come_back(trained: Ticket) -> None:
    masks = {"fc1.weight": torch.rand(300, 64, generator=torch.Generator().manual_seed(0)) < 0.3}
    imported = Imported(trained.state, masks)
    model = build_model("lenet300", 10, (1, 8, 8), 0)
    start = Start(weights=imported.digest, mean=(0.5,), std=(0.5,), sparsity=imported.sparsity(model))
    trainer = Trainer(load_data("digits"), imports=imported)
    known: dict[str, Ticket] = {}
    for finder, extra in (("one_shot", {"criterion": "random"}), ("gmp", {}), ("lrr", {"rate": 0.5})):
        recipe = Recipe(**COMMON, finder=finder, sparsity=0.8, start=start, **extra)
        for step in lineage([recipe]):
            known[step.id] = find_step(step, known, trainer)
        assert known[recipe.id].kept == 50_200 - round(0.8 * 50_200)
        assert not bool((known[recipe.id].masks["fc1.weight"] & ~masks["fc1.weight"]).any())
    dense = parents_of(recipe)[0]
    while parents_of(dense):
        dense = parents_of(dense)[0]
    assert dense.sparsity == start.sparsity == pytest.approx(known[dense.id].sparsity)
    assert dense.label.startswith("Imported ")


def test_a_checkpoint_that_came_pruned_says_how_far(trained: Ticket, tmp_path: Path) -> None:
    mask = torch.rand(300, 64, generator=torch.Generator().manual_seed(0)) < 0.3
    state = dict(trained.state)
    state |= {"fc1.weight_orig": state.pop("fc1.weight"), "fc1.weight_mask": mask.float()}
    torch.save(state, tmp_path / "pruned.pt")
    found = find_ticket(Recipe(**COMMON, finder="iterative", sparsity=0.8, rate=0.5), weights=tmp_path / "pruned.pt")
    assert found.recipe.start is not None
    gone = int((~mask).sum()) / 50_200
    assert found.recipe.start.sparsity == pytest.approx(gone)
    (level,) = parents_of(found.recipe)
    assert level.sparsity == pytest.approx(1 - (1 - gone) / 2)  # the first cut starts from what was left


def test_what_imported_weights_cannot_do() -> None:
    start = Start(weights="0" * 12, mean=(0.5,), std=(0.5,))
    with pytest.raises(UserError, match="early training"):
        Recipe(**COMMON, finder="imp", sparsity=0.5, start=start)
    with pytest.raises(UserError, match="early training"):
        Recipe(**COMMON, finder="dense", rewind=5, start=start)
    with pytest.raises(UserError, match="needs 'start'"):
        Recipe(**COMMON, finder="imported")
    with pytest.raises(UserError, match="name the study"):
        find_ticket(Recipe(**COMMON, finder="dense", start=start))


def small_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Dropout(0.9), nn.Linear(3 * 36, 10))


def test_recalibration_by_hand() -> None:
    data, model = load_data("digits"), small_network()
    model.eval()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    assert recalibrate(model, data, seed=3, device=torch.device("cpu"))
    order = torch.randperm(len(data.train.labels), generator=generator(3, "recalibrate"))[:IMAGES]
    batches = [rows for rows in order.split(250) if len(rows) > 1]
    maps = [model[0](normalise(data.train.images[rows], data.mean, data.std)).detach() for rows in batches]  # type: ignore[index]
    norm = model[1]  # type: ignore[index]
    means = torch.stack([m.mean((0, 2, 3)) for m in maps]).mean(0)
    variances = torch.stack([m.var((0, 2, 3), unbiased=True) for m in maps]).mean(0)
    torch.testing.assert_close(norm.running_mean, means, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(norm.running_var, variances, rtol=1e-4, atol=1e-5)
    assert norm.momentum == 0.1
    assert not any(module.training for module in model.modules())
    for name in ("0.weight", "1.weight", "4.bias"):
        assert torch.equal(model.state_dict()[name], weights[name])


def test_nothing_to_recalibrate(trained: Ticket) -> None:
    assert not recalibrate(trained.model(), load_data("digits"), 0, torch.device("cpu"))


def test_fine_tuned_networks_are_recalibrated() -> None:
    """Without any fine-tuning, the statistics of a pruned network are still its own."""
    data: Dataset = load_data("digits")
    dense = Recipe(model="resnet20", data="digits", finder="dense", training=Training(epochs=0.5, batch_size=128))
    weights = find_ticket(dense).state
    recipe = Recipe(model="resnet20", data="digits", criterion="magnitude", sparsity=0.5, finetune=Training(epochs=0))
    ticket = find_ticket(recipe, weights=weights)
    model = ticket.model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    recalibrate(model, data, recipe.seed, torch.device("cpu"))
    for name, value in model.state_dict().items():
        if "running" in name:
            torch.testing.assert_close(value, before[name])
            assert not torch.equal(value, weights[name])
    assert ticket.info.history[-1].test_accuracy == ticket.info.accuracy
