"""The controls of tickets that were cut from the trained network: the same start, and the same budget."""

from typing import Any

import pytest
import torch

from pruning import Recipe, Ticket, Training, UserError
from pruning.data import load_data
from pruning.finders.base import Trainer, apply_masks, reinit_seed
from pruning.finders.controls import shuffle
from pruning.finders.lineage import cost, find_step, lineage, parents_of
from pruning.models import build_model
from pruning.study.config import Method, StudyConfig, expand
from pruning.training.loop import train

TRAINING = Training(epochs=1, batch_size=128, warmup_epochs=0)
COMMON: dict[str, Any] = {"model": "lenet300", "data": "digits", "training": TRAINING, "seed": 4}
FINE = TRAINING.but(epochs=2, lr=0.02)
CUT_FROM_TRAINED: dict[str, tuple[dict[str, Any], Training]] = {
    "one_shot": ({"criterion": "magnitude", "finetune": FINE}, FINE),
    "snip, trained": ({"criterion": "snip", "score_on": "trained"}, TRAINING.but(epochs=0.5, lr=0.01)),
    "movement": ({"finder": "movement", "finetune": FINE}, FINE),
    "iterative": ({"finder": "iterative", "rate": 0.5, "finetune": FINE}, FINE.but(epochs=4)),
    "lrr": ({"finder": "lrr", "rate": 0.5}, TRAINING.but(epochs=2)),
    "jackpot": ({"finder": "jackpot"}, TRAINING.but(epochs=0)),
}
CUT_EARLY: dict[str, dict[str, Any]] = {
    "snip": {"criterion": "snip"},
    "imp": {"finder": "imp", "rate": 0.5, "rewind": 3},
    "gmp": {"finder": "gmp"},
    "edge_popup": {"finder": "edge_popup"},
}


def control(finder: str, of: Recipe, **options: Any) -> Recipe:
    return Recipe(**COMMON, finder=finder, of=of, **options)


def find_all(*recipes: Recipe) -> dict[str, Ticket]:
    known: dict[str, Ticket] = {}
    for step in lineage(recipes):
        known[step.id] = find_step(step, known, Trainer(load_data("digits")))
    return known


@pytest.mark.parametrize("name", CUT_FROM_TRAINED)
def test_a_shuffled_mask_starts_where_its_original_did_and_is_trained_for_as_long(name: str) -> None:
    options, budget = CUT_FROM_TRAINED[name]
    recipe = control("shuffled", Recipe(**COMMON, sparsity=0.75, **options))
    of, dense = parents_of(recipe)
    assert dense.is_dense
    assert cost(recipe) == budget.epochs
    known = find_all(recipe)
    model, masks = known[dense.id].model(), shuffle(known[of.id].masks, 4)
    apply_masks(model, masks)
    train(model, load_data("digits"), budget, 4, masks)
    for key, value in model.state_dict().items():
        assert torch.equal(known[recipe.id].state[key], value), key


@pytest.mark.parametrize("middle", ["inverted", "shuffled"])
def test_a_control_of_a_control_starts_there_too(middle: str) -> None:
    between = control(middle, Recipe(**COMMON, sparsity=0.75, criterion="magnitude", finetune=FINE))
    recipe = control("shuffled", between)
    assert recipe.option("finetune") == FINE
    assert [parent.finder for parent in parents_of(recipe)] == [middle, "dense"]


@pytest.mark.parametrize("name", ["one_shot", "iterative"])
def test_new_weights_are_trained_for_as_long_as_the_dense_network_and_its_fine_tuning(name: str) -> None:
    options, budget = CUT_FROM_TRAINED[name]
    recipe = control("random_reinit", Recipe(**COMMON, sparsity=0.75, **options))
    (of,) = parents_of(recipe)
    assert cost(recipe) == TRAINING.epochs + budget.epochs
    known = find_all(recipe)
    model, masks = build_model("lenet300", 10, (1, 8, 8), reinit_seed(4)), known[of.id].masks
    apply_masks(model, masks)
    for training in (TRAINING, budget):
        train(model, load_data("digits"), training, 4, masks)
    for key, value in model.state_dict().items():
        assert torch.equal(known[recipe.id].state[key], value), key


@pytest.mark.parametrize("finder", ["shuffled", "random_reinit"])
@pytest.mark.parametrize("name", CUT_EARLY)
def test_controls_of_early_cuts_are_as_they_were(name: str, finder: str) -> None:
    recipe = control(finder, Recipe(**COMMON, sparsity=0.75, **CUT_EARLY[name]))
    assert "finetune" not in recipe.canonical()  # so that its id is what it was
    assert cost(recipe) == TRAINING.epochs
    with pytest.raises(UserError, match="not cut from the trained network"):
        control(finder, Recipe(**COMMON, sparsity=0.75, **CUT_EARLY[name]), finetune=FINE)


def test_a_fine_tuning_of_its_own_may_be_given_and_cannot_be_reordered() -> None:
    magnitude = Recipe(**COMMON, sparsity=0.75, criterion="magnitude")
    own = control("shuffled", magnitude, finetune=FINE)
    assert (cost(own), cost(control("shuffled", magnitude))) == (2, 0.5)
    assert own.with_seed(7).with_seed(4).id == own.id
    with pytest.raises(UserError, match="does not allow"):
        control("reordered", own)


def test_a_studys_controls_follow_the_fine_tuning_of_the_study() -> None:
    controls = [Method(finder=finder, of="magnitude") for finder in ("shuffled", "random_reinit")]
    methods = [Method(criterion="magnitude"), *controls]
    config = StudyConfig(
        title="", model="lenet300", data="digits", sparsities=[0.9], finetune={"epochs": 3.0}, methods=methods
    )
    trained = {recipe.method: recipe.option("finetune") for recipe in expand(config, "here").values()}
    assert trained["shuffled"] == trained["random_reinit"] == trained["magnitude"]
    assert trained["magnitude"].epochs == 3
