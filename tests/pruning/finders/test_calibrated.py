"""Finders that fit what stays to calibration images: masks of `one_shot`, the same bits again, and what is refused."""

from typing import Any

import pytest
import torch

from pruning import Recipe, Ticket, Training, UserError, find_ticket
from pruning.checkpoints.imported_weights import Imported, Start
from pruning.data import load_data
from pruning.finders.base import Trainer
from pruning.finders.calibrated import calibration_batches
from pruning.finders.lineage import find_step, lineage, parents_of
from pruning.models import build_model

COMMON: dict[str, Any] = {
    "model": "lenet300",
    "data": "digits",
    "training": Training(epochs=3, batch_size=60, warmup_epochs=0),
    "seed": 1,
}
KNOWN: dict[str, Ticket] = {}


def find(recipe: Recipe) -> Ticket:
    """Its ticket; those it descends from are found once."""
    for step in lineage([recipe]):
        if step.id not in KNOWN:
            KNOWN[step.id] = find_step(step, KNOWN, Trainer(load_data("digits")))
    return KNOWN[recipe.id]


def again(recipe: Recipe) -> Ticket:
    return find_step(recipe, KNOWN, Trainer(load_data("digits")))


FINDERS = pytest.mark.parametrize("options", [{"finder": "reconstruct"}, {"finder": "distill", "steps": 30}], ids=str)


@FINDERS
@pytest.mark.parametrize(
    "way", [{"criterion": "taylor", "allocation": "layer"}, {"structure": "filter", "sparsity": 0.6}], ids=str
)
def test_the_masks_are_those_of_one_shot_and_other_weights_are_better(
    options: dict[str, Any], way: dict[str, Any]
) -> None:
    way = {"criterion": "magnitude", "sparsity": 0.9, **way}
    recipe = Recipe(**COMMON, **options, **way)
    plain = find(Recipe(**COMMON, **way, finetune=Training(epochs=0)))
    found = find(recipe)
    assert all(torch.equal(found.masks[name], mask) for name, mask in plain.masks.items())
    assert found.info.accuracy > plain.info.accuracy
    assert [parent.is_dense for parent in parents_of(recipe)] == [True]
    twin = again(recipe)
    assert all(torch.equal(twin.state[name], value) for name, value in found.state.items())
    assert twin.info.record == found.info.record


def test_without_an_update_weights_are_the_dense_ones() -> None:
    recipe = Recipe(**COMMON, finder="reconstruct", update="none", sparsity=0.8)
    found, dense = find(recipe), find(parents_of(recipe)[0])
    for name, value in dense.state.items():
        assert torch.equal(found.state[name], value * found.masks[name] if name in found.masks else value)


@FINDERS
def test_nothing_changes_at_sparsity_zero(options: dict[str, Any]) -> None:
    recipe = Recipe(**COMMON, **options, sparsity=0.0)
    found, dense = find(recipe), find(parents_of(recipe)[0])
    same = [torch.equal(found.state[name], value) for name, value in dense.state.items()]
    assert all(same) or options["finder"] == "distill"
    assert found.info.accuracy == dense.info.accuracy


def test_sparsegpt_may_choose_as_many_weights_of_each_layer() -> None:
    given, own = (
        find(Recipe(**COMMON, finder="reconstruct", mask=mask, allocation="erk", sparsity=0.9))
        for mask in ("criterion", "sparsegpt")
    )
    for name, mask in given.masks.items():
        assert int(mask.sum()) == int(own.masks[name].sum())
        assert not torch.equal(mask, own.masks[name])
    pattern = find(Recipe(**COMMON, finder="reconstruct", mask="sparsegpt", structure="2:4"))
    for mask in pattern.masks.values():
        assert bool((mask.view(len(mask), -1, 4).sum(dim=2) == 2).all())


def test_channels_are_permuted_before_a_pattern_and_put_back() -> None:
    """The mask is 2:4 in that order alone, keeps more, and the dense weights stand where they stood."""
    common = {**COMMON, "finder": "reconstruct", "update": "none", "structure": "2:4", "scope": "fc3"}
    plain, found = find(Recipe(**common)), find(Recipe(**common, order="permuted"))
    dense = find(parents_of(found.recipe)[0])
    kept = [
        sum(float(dense.state[name][mask].abs().sum()) for name, mask in each.masks.items()) for each in (plain, found)
    ]
    assert kept[1] > 1.001 * kept[0]
    assert all(torch.equal(found.state[name], dense.state[name] * mask) for name, mask in found.masks.items())
    total = sum(float(dense.state[name].abs().sum()) for name in found.masks)
    record = found.info.record
    assert record["channel_order/before"] + record["channel_order/after"] == pytest.approx(
        [each / total for each in kept]
    )
    solved = find(Recipe(**{**common, "update": "least_squares", "order": "permuted"}))
    assert all(torch.equal(solved.masks[name], mask) for name, mask in found.masks.items())
    assert solved.info.record["reconstruction/after"] < solved.info.record["reconstruction/before"]


def test_calibration_images_are_drawn_by_the_seed_from_all() -> None:
    recipe, trainer = Recipe(**COMMON, finder="reconstruct", images=120, sparsity=0.5), Trainer(load_data("digits"))
    first, other = (calibration_batches(each, trainer) for each in (recipe, recipe.with_seed(2)))
    rows = torch.cat(list(first.rows))
    assert len(rows.unique()) == 120
    assert not torch.equal(rows, torch.cat(list(other.rows)))
    few = calibration_batches(recipe.but(images=10**6), trainer)
    assert torch.equal(torch.cat(list(few.rows)).sort().values, torch.arange(len(trainer.data.train.labels)))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"mask": "sparsegpt", "update": "least_squares"}, "leave `update` out"),
        ({"mask": "sparsegpt", "structure": "filter"}, "structure 'filter'; leave `mask` out"),
        ({"update": "obc"}, "update"),
        ({"ridge": -1}, "ridge"),
        ({"images": 0}, "images"),
        ({"steps": 3}, "has no option 'steps'"),
        ({"order": "permuted"}, "leave `order` out"),
    ],
)
def test_what_cannot_be_is_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        Recipe(**COMMON, finder="reconstruct", sparsity=0.5, **options)
    assert "\n" not in str(caught.value)


def test_a_rate_that_is_too_high_is_said() -> None:
    with pytest.raises(UserError, match="learning rate below"):
        find(Recipe(**COMMON, finder="distill", optimizer="sgd", rate=1e9, steps=40, sparsity=0.5))


@pytest.mark.parametrize("fields", [{"sparsity": 0.7}, {"structure": "2:4", "sparsity": 0.5}], ids=str)
def test_a_sweep_that_chooses_revives_nothing_that_came_pruned(fields: dict[str, Any]) -> None:
    common: dict[str, Any] = {"model": "lenet300", "data": "digits", "training": Training(epochs=1, batch_size=128)}
    state, source = find_ticket(Recipe(**common, finder="dense")).state, torch.Generator().manual_seed(0)
    masks = {name: torch.rand(state[name].shape, generator=source) < 0.6 for name in ("fc1.weight", "fc2.weight")}
    imported = Imported(state, masks)
    sparsity = imported.sparsity(build_model("lenet300", 10, (1, 8, 8), 0))
    start = Start(weights=imported.digest, mean=(0.5,), std=(0.5,), sparsity=sparsity)
    recipe = Recipe(**common, finder="reconstruct", mask="sparsegpt", images=100, start=start, **fields)
    trainer, known = Trainer(load_data("digits"), imports=imported), dict[str, Ticket]()
    for step in lineage([recipe]):
        known[step.id] = find_step(step, known, trainer)
    ticket = known[recipe.id]
    for name, mask in masks.items():
        assert not bool((ticket.masks[name] & ~mask).any()), name
        assert not bool(ticket.state[name][~mask].any()), name
    if "structure" not in fields:
        assert ticket.kept == ticket.total - round(0.7 * ticket.total)
