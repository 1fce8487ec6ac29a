"""Movement pruning: what a score's gradient is, how many weights are kept when, and which."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from pruning import Recipe, Training, UserError, find_ticket
from pruning.checkpoints.imported_weights import Imported, Start
from pruning.data import load_data, normalise
from pruning.finders.base import Trainer
from pruning.finders.lineage import find_step, lineage, parents_of
from pruning.finders.movement import MovementNetwork, MovingMasks
from pruning.masks import full_masks
from pruning.models import build_model, prunable
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from pruning.ticket import Ticket
from pruning.training.loop import make_optimizer
from pruning.training.seeds import generator

FINE = Training(epochs=1, batch_size=128, lr=0.02, warmup_epochs=0, weight_decay=0.01)
COMMON: dict[str, Any] = {
    "model": "lenet300",
    "data": "digits",
    "training": Training(epochs=1, batch_size=128, warmup_epochs=0),
    "seed": 2,
}
SIZE = 50_200


def find_all(*recipes: Recipe) -> dict[str, Ticket]:
    known: dict[str, Ticket] = {}
    trainer = Trainer(load_data("digits"))
    for step in lineage(recipes):
        known[step.id] = find_step(step, known, trainer)
    return known


def tiny() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 2), nn.Tanh(), nn.Flatten(), nn.Linear(12, 4)).double()


def test_gradients_by_finite_differences() -> None:
    """Of the loss as a function of the effective weights, pruned ones included: dL/dS = W dL/dW', dL/dW = M dL/dW'."""
    network = tiny()
    moving = MovementNetwork(network, full_masks(prunable(network)))
    chance = torch.Generator().manual_seed(1)
    with torch.no_grad():
        moving.scores.copy_(torch.randn(72, generator=chance))
    moving.keep = 30
    images = torch.randn(5, 2, 3, 3, generator=chance, dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 3, 1])
    F.cross_entropy(moving(images), labels).backward()

    masks = moving.masks()
    best = moving.scores.detach().argsort(descending=True)[:30]
    assert set(torch.cat([mask.reshape(-1) for mask in masks.values()]).nonzero().squeeze(1).tolist()) == set(
        best.tolist()
    )
    assert moving.scores.grad is not None
    slopes = moving.layers(moving.scores.grad)
    effective = {name: network.get_parameter(name).detach() * mask for name, mask in masks.items()}

    def loss(weights: dict[str, Tensor]) -> float:
        return float(F.cross_entropy(functional_call(network, weights, (images,)), labels).detach())

    for name, weight in effective.items():
        parameter = network.get_parameter(name)
        assert parameter.grad is not None
        expected = torch.zeros_like(weight)
        for position in range(weight.numel()):
            nudge = torch.zeros_like(weight)
            nudge.view(-1)[position] = 1e-6
            rise = loss({**effective, name: weight + nudge}) - loss({**effective, name: weight - nudge})
            expected.view(-1)[position] = rise / 2e-6
        torch.testing.assert_close(slopes[name], expected * parameter.detach(), rtol=1e-5, atol=1e-8)
        torch.testing.assert_close(parameter.grad, expected * masks[name], rtol=1e-5, atol=1e-8)
        assert bool((slopes[name][~masks[name]] != 0).any())


def test_the_output_is_that_of_the_masked_network() -> None:
    network = tiny()
    moving = MovementNetwork(network, full_masks(prunable(network)))
    with torch.no_grad():
        moving.scores.copy_(torch.randn(72, generator=torch.Generator().manual_seed(1)))
    moving.keep = 20
    images = torch.randn(5, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    masked = tiny()
    with torch.no_grad():
        for name, mask in moving.masks().items():
            masked.get_parameter(name).mul_(mask)
    assert torch.equal(moving(images), masked(images))


def test_scores_are_not_decayed() -> None:
    network = tiny()
    moving = MovementNetwork(network, full_masks(prunable(network)))
    groups = make_optimizer(moving, Training(weight_decay=0.1)).param_groups
    (decay,) = {group["weight_decay"] for group in groups if any(p is moving.scores for p in group["params"])}
    assert decay == 0
    assert sum(len(group["params"]) for group in groups) == 5


def test_the_ramp() -> None:
    recipe = Recipe(**COMMON, finder="movement", sparsity=0.8, begin=0.2, until=0.7)
    model = build_model("lenet300", 10, (1, 8, 8), 0)
    falling = MovingMasks(recipe, MovementNetwork(model, full_masks(prunable(model))), 100)
    kept = [falling.keep_at(step) for step in range(100)]
    assert kept[:21] == [SIZE] * 21
    assert kept[70:] == [SIZE - round(0.8 * SIZE)] * 30
    assert kept[45] == SIZE - round((0.8 - 0.8 * 0.5**3) * SIZE)
    assert kept == sorted(kept, reverse=True)
    late = MovingMasks(recipe.but(until=1.0), MovementNetwork(model, full_masks(prunable(model))), 100)
    assert late.keep_at(99) == SIZE - round(0.8 * SIZE) < late.keep_at(90)


def test_by_hand() -> None:
    """A plain loop in which weights and scores are two sets of numbers. That its scores learn four times as fast, which
    is exact in floating point, changes nothing."""
    recipe = Recipe(**COMMON, finder="movement", sparsity=0.7, begin=0.1, until=0.8, finetune=FINE)
    known = find_all(recipe)
    (parent,) = parents_of(recipe)
    dense, ticket, data = known[parent.id], known[recipe.id], load_data("digits")
    model = dense.model().train()
    values = {name: p.detach().clone().requires_grad_() for name, p in model.named_parameters()}
    speed = {name: torch.zeros_like(p) for name, p in values.items()}
    names = list(dense.masks)
    scores, push = ({name: torch.zeros_like(values[name]) for name in names} for _ in range(2))
    order = torch.randperm(len(data.train.labels), generator=generator(2, "order", 0))
    entered, last = [], torch.ones(SIZE, dtype=torch.bool)

    def best(keep: int) -> Tensor:
        kept = torch.zeros(SIZE, dtype=torch.bool)
        flat = torch.cat([scores[name].reshape(-1) for name in names])
        kept[flat.argsort(descending=True, stable=True)[:keep]] = True
        return kept

    def by_layer(flat: Tensor) -> dict[str, Tensor]:
        parts = flat.split([values[name].numel() for name in names])
        return {name: part.view(values[name].shape) for name, part in zip(names, parts, strict=True)}

    for step in range(12):
        ramp = min(1.0, max(0.0, (step - 1) / 9))  # from iteration 1 to 10 of 12
        keep = SIZE - round((0.7 - 0.7 * (1 - ramp) ** 3) * SIZE)
        masks = by_layer(best(keep))
        rows = order[128 * step : 128 * (step + 1)]
        images = normalise(data.train.images[rows], data.mean, data.std)
        used = {name: (p * masks[name] if name in masks else p).detach().requires_grad_() for name, p in values.items()}
        loss = F.cross_entropy(functional_call(model, used, (images,)), data.train.labels[rows])
        slopes = dict(zip(used, torch.autograd.grad(loss, list(used.values())), strict=True))
        rate = 0.02 * 0.5 * (1 + math.cos(math.pi * step / 12))
        with torch.no_grad():
            for name in names:
                push[name] = 0.9 * push[name] + slopes[name] * values[name]
                scores[name] -= 4 * rate * push[name]
            for name, value in values.items():
                slope = slopes[name] * masks[name] if name in masks else slopes[name]
                speed[name] = 0.9 * speed[name] + slope + (0.01 * value if value.ndim > 1 else 0.0)
                value -= rate * speed[name]
        now = best(keep)
        entered.append(float((now & ~last).sum()))
        last = now

    masks = by_layer(best(SIZE - round(0.7 * SIZE)))
    assert sum(entered) > 0
    assert ticket.info.recorded("swaps") == {
        "iteration": [step + 1.0 for step in range(12)], "carried": entered, "possible": entered,
    }  # fmt: skip
    for name, value in values.items():
        if name in masks:
            assert torch.equal(ticket.masks[name], masks[name])
        expected = value.detach() * masks[name] if name in masks else value.detach()
        torch.testing.assert_close(ticket.state[name], expected, rtol=1e-4, atol=1e-6)


def test_exact_counts_and_what_is_measured_is_the_ticket() -> None:
    for more in ({}, {"prune_classifier": False}):
        recipe = Recipe(**COMMON | more, finder="movement", sparsity=0.9, until=1.0, finetune=FINE)
        ticket = find_ticket(recipe)
        assert ticket.kept == ticket.total - round(0.9 * ticket.total)
        assert ("fc3.weight" in ticket.masks) == (not more)
        data = load_data("digits")
        with torch.inference_mode():
            logits = ticket.model()(normalise(data.test.images, data.mean, data.std))
        assert float((logits.argmax(1) == data.test.labels).double().mean()) == ticket.info.accuracy


def test_a_network_with_norms_is_recalibrated() -> None:
    config = Training(epochs=0.5, batch_size=128)
    recipe = Recipe(model="resnet20", data="digits", training=config, finder="movement", sparsity=0.5, finetune=config)
    ticket = find_ticket(recipe)
    assert ticket.kept == ticket.total - round(0.5 * ticket.total)
    assert ticket.info.history[-1].test_accuracy == ticket.info.accuracy
    assert all(bool((ticket.state[name][~mask] == 0).all()) for name, mask in ticket.masks.items())


def test_found_again_it_is_the_same() -> None:
    recipe = Recipe(**COMMON, finder="movement", sparsity=0.8)
    again = Recipe.model_validate_json(recipe.model_dump_json(exclude_none=True))
    assert again == recipe
    assert (recipe.option("begin"), recipe.option("until"), recipe.option("finetune")) == (0.1, 0.7, None)
    one, two = find_ticket(recipe), find_ticket(again)
    assert all(torch.equal(one.state[name], two.state[name]) for name in one.state)
    assert one.info.record == two.info.record


def test_what_came_pruned_stays_pruned() -> None:
    state = find_ticket(Recipe(**COMMON, finder="dense")).state
    masks = {"fc1.weight": torch.rand(300, 64, generator=torch.Generator().manual_seed(0)) < 0.3}
    imported = Imported(state, masks)
    sparsity = imported.sparsity(build_model("lenet300", 10, (1, 8, 8), 0))
    start = Start(weights=imported.digest, mean=(0.5,), std=(0.5,), sparsity=sparsity)
    trainer = Trainer(load_data("digits"), imports=imported)
    for asked in (0.8, sparsity):
        recipe = Recipe(**COMMON, finder="movement", sparsity=asked, start=start, finetune=FINE)
        dense = find_step(parents_of(recipe)[0], {}, trainer)
        ticket = find_step(recipe, {dense.id: dense}, trainer)
        assert ticket.kept == SIZE - round(asked * SIZE)
        assert not bool((ticket.masks["fc1.weight"] & ~masks["fc1.weight"]).any())
    too_little = Recipe(**COMMON, finder="movement", sparsity=0.1, start=start)
    with pytest.raises(UserError, match="ask for a higher sparsity"):
        find_step(too_little, {dense.id: dense}, trainer)


def test_without_fine_tuning_nothing_is_learnt() -> None:
    with pytest.raises(UserError, match="more than 0 epochs"):
        Recipe(**COMMON, finder="movement", sparsity=0.5, finetune=Training(epochs=0))


def test_the_mask_falls_to_the_end() -> None:
    with pytest.raises(UserError, match="leave `until` out of the training"):
        Recipe(**COMMON, finder="movement", sparsity=0.5, finetune=FINE.but(until="test accuracy > 0.3"))
    model = build_model("lenet300", 10, (1, 8, 8), 0)
    shortest = Recipe(**COMMON, finder="movement", sparsity=0.8)
    falling = MovingMasks(shortest, MovementNetwork(model, full_masks(prunable(model))), 1)
    assert falling.keep_at(0) == SIZE - round(0.8 * SIZE)  # what is tested is what the ticket is


def test_in_a_study(tmp_path: Path) -> None:
    """The study's fine-tuning is that of movement pruning as well."""
    (tmp_path / "study.toml").write_text(
        'title = "Moving"\nmodel = "lenet300"\ndata = "digits"\nsparsities = [0.8]\n'
        "[training]\nepochs = 1\nbatch_size = 128\n[finetune]\nepochs = 0.5\nlr = 0.02\n"
        '[[method]]\nfinder = "movement"\n'
    )
    study = Study.open(tmp_path)
    assert not run(study, RunOptions(jobs=1)).failed
    dense, ticket = study.entries()
    assert ticket.recipe.label == "Movement 80 %"
    assert ticket.recipe.option("finetune") is not None
    assert ticket.recipe.option("finetune").epochs == 0.5
    assert ticket.info.seconds == pytest.approx(dense.info.seconds + ticket.info.own_seconds)
