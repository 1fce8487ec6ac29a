"""Finders: where weights start, what is kept, how levels and controls relate."""

from typing import Any

import pytest
import torch

from pruning import Recipe, Ticket, Training, find_ticket
from pruning.data import load_data
from pruning.finders.base import Trainer
from pruning.finders.controls import shuffle
from pruning.finders.imp import previous_level
from pruning.finders.lineage import find_step, lineage, parents_of
from pruning.finders.scoring import prune_by_score, scoring_batches
from pruning.masks import counts
from pruning.models import build_model

COMMON: dict[str, Any] = {
    "model": "lenet300",
    "data": "digits",
    "training": Training(epochs=1, batch_size=128, warmup_epochs=0),
}
CRITERIA = ["random", "magnitude", "snip", "grasp", "synflow", "taylor"]


def find_all(*recipes: Recipe) -> dict[str, Ticket]:
    """The tickets of the recipes and of all they descend from, by id."""
    known: dict[str, Ticket] = {}
    trainer = Trainer(load_data("digits"))
    for step in lineage(recipes):
        known[step.id] = find_step(step, known, trainer)
    return known


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("allocation", ["global", "layer", "erk"])
def test_one_shot_keeps_exactly_k(criterion: str, allocation: str) -> None:
    recipe = Recipe(**COMMON, criterion=criterion, allocation=allocation, sparsity=0.93)
    model = build_model("lenet300", 10, (1, 8, 8), seed=0)
    masks = prune_by_score(recipe, model, Trainer(load_data("digits")))
    total = 64 * 300 + 300 * 100 + 100 * 10
    assert counts(masks) == (total - round(0.93 * total), total)
    if allocation == "layer":
        for mask in masks.values():
            assert int(mask.sum()) == pytest.approx(0.07 * mask.numel(), abs=1)


def test_one_shot_starts_from_the_right_weights() -> None:
    untrained = {**COMMON, "training": Training(epochs=1e-9, batch_size=128)}  # no iteration at all
    start = build_model("lenet300", 10, (1, 8, 8), seed=4).state_dict()
    ticket = find_ticket(Recipe(**untrained, criterion="snip", sparsity=0.5, seed=4))
    for name, mask in ticket.masks.items():
        assert torch.equal(ticket.state[name], start[name] * mask)


def test_the_classifier_stays_when_asked() -> None:
    ticket = find_ticket(Recipe(**COMMON, criterion="random", sparsity=0.9, prune_classifier=False))
    assert list(ticket.masks) == ["fc1.weight", "fc2.weight"]
    assert bool((ticket.state["fc3.weight"] != 0).all())


def test_imp_by_hand() -> None:
    """Two levels of iterative magnitude pruning against the steps done one by one."""
    recipe = Recipe(**COMMON, finder="imp", rate=0.5, sparsity=0.75, seed=1)
    middle = previous_level(recipe)
    assert middle is not None
    assert middle.sparsity == 0.5
    known = find_all(recipe)
    dense = known[parents_of(middle)[0].id]
    mask = {name: torch.ones_like(m) for name, m in dense.masks.items()}
    for trained, found in ((dense, known[middle.id]), (known[middle.id], known[recipe.id])):
        flat = torch.cat([torch.where(mask[n], trained.state[n].abs(), -1.0).reshape(-1) for n in mask])
        keep = round(50_200 * (1 - found.recipe.sparsity))
        threshold = flat.sort(descending=True).values[keep - 1]
        mask = {name: mask[name] & (trained.state[name].abs() >= threshold) for name in mask}
        for name, expected in mask.items():
            assert torch.equal(found.masks[name], expected)


def test_controls() -> None:
    imp = Recipe(**COMMON, finder="imp", rate=0.5, sparsity=0.75, seed=2)
    same_mask = Recipe(**COMMON, finder="random_reinit", of=imp, seed=2)
    shuffled = Recipe(**COMMON, finder="shuffled", of=imp, seed=2)
    known = find_all(same_mask, shuffled)
    original, reinit, mixed = (known[recipe.id] for recipe in (imp, same_mask, shuffled))
    for name, mask in original.masks.items():
        assert torch.equal(reinit.masks[name], mask)
        assert int(mixed.masks[name].sum()) == int(mask.sum())
        assert not torch.equal(mixed.masks[name], mask)
        assert not torch.equal(reinit.state[name], original.state[name])


def test_shuffling_is_uniform_over_positions() -> None:
    mask = {"w": torch.arange(20).view(4, 5) < 5}
    kept = torch.stack([shuffle(mask, seed)["w"] for seed in range(2000)]).double().mean(0)
    # each position is kept a quarter of the time; five standard deviations of the mean of 2,000 coins
    assert float((kept - 0.25).abs().max()) < 5 * (0.25 * 0.75 / 2000) ** 0.5


def test_scoring_sees_the_asked_number_of_each_class() -> None:
    recipe = Recipe(**COMMON, criterion="snip", sparsity=0.5, score_per_class=7)
    labels = torch.cat([target for _, target in scoring_batches(recipe, Trainer(load_data("digits")))])
    assert torch.bincount(labels).tolist() == [7] * 10


def test_a_ticket_is_the_same_when_found_again() -> None:
    recipe = Recipe(**COMMON, criterion="grasp", sparsity=0.8)
    a, b = find_ticket(recipe), find_ticket(recipe)
    for name, value in a.state.items():
        assert torch.equal(value, b.state[name])
    assert a.info.accuracy == b.info.accuracy


def test_progress_rises_to_one() -> None:
    told: list[float] = []
    find_ticket(
        Recipe(**COMMON, finder="imp", rate=0.5, sparsity=0.75), progress=lambda fraction, text: told.append(fraction)
    )
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert 0 <= told[0] < 0.5


def test_layer_collapse_is_allowed_and_reported() -> None:
    ticket = find_ticket(Recipe(**COMMON, criterion="magnitude", score_on="init", sparsity=0.9999))
    assert ticket.kept == 5
    empty = [name for name, mask in ticket.masks.items() if not mask.any()]
    assert ticket.info.collapsed == empty
    assert empty
