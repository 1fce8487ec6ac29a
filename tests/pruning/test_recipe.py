"""Recipes: what enters the id, what does not, and what is refused."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruning import Recipe, Training, UserError
from pruning.criteria import CRITERIA
from pruning.recipe import percent
from pruning.validation import validate

COMMON: dict[str, Any] = {"model": "lenet300", "data": "digits"}


def test_defaults_written_out_have_the_same_id() -> None:
    short = Recipe(**COMMON, criterion="snip", sparsity=0.9)
    full = Recipe(
        **COMMON,
        finder="one_shot",
        criterion="snip",
        sparsity=0.9,
        allocation="global",
        structure="weight",
        score_on="init",
        score_per_class=25,
        training=Training(),
    )
    assert short.id == full.id
    assert short.option("score_on") == "init"
    assert Recipe(**COMMON, criterion="magnitude", sparsity=0.9).option("score_on") == "trained"


def test_the_name_does_not_enter_the_id_and_all_else_does() -> None:
    base = Recipe(**COMMON, criterion="snip", sparsity=0.9)
    assert Recipe(**COMMON, criterion="snip", sparsity=0.9, name="mine").id == base.id
    others = [
        Recipe(**{**COMMON, "model": "conv2"}, criterion="snip", sparsity=0.9),
        Recipe(**{**COMMON, "data": "mnist5k"}, criterion="snip", sparsity=0.9),
        Recipe(**COMMON, criterion="grasp", sparsity=0.9),
        Recipe(**COMMON, criterion="snip", sparsity=0.91),
        Recipe(**COMMON, criterion="snip", sparsity=0.9, seed=1),
        Recipe(**COMMON, criterion="snip", sparsity=0.9, allocation="erk"),
        Recipe(**COMMON, criterion="snip", sparsity=0.9, prune_classifier=False),
        Recipe(**COMMON, criterion="snip", sparsity=0.9, training=Training(lr=0.2)),
    ]
    assert len({recipe.id for recipe in [base, *others]}) == len(others) + 1


def test_the_id_is_the_same_on_every_machine() -> None:
    # a change here means that every study on every disk is found anew
    text = (
        '{"allocation":"global","criterion":"snip","data":"digits","finder":"one_shot","model":"lenet300",'
        '"prune_classifier":true,"score_on":"init","score_per_class":25,"seed":0,"sparsity":0.9,"structure":"weight",'
        '"training":{"augment":"none","batch_size":128,"epochs":20.0,"label_smoothing":0.0,"lr":0.1,"momentum":0.9,'
        '"optimizer":"sgd","precision":"auto","schedule":"cosine","warmup_epochs":1.0,"weight_decay":0.0005}}'
    )
    expected = hashlib.sha256(text.encode()).hexdigest()[:12]
    assert Recipe(**COMMON, criterion="snip", sparsity=0.9).id == expected


@given(seed=st.integers(0, 2**31 - 1), other=st.integers(0, 2**31 - 1))
def test_a_family_is_the_same_whatever_the_seed(seed: int, other: int) -> None:
    imp = Recipe(**COMMON, finder="imp", sparsity=0.8, seed=seed)
    control = Recipe(**COMMON, finder="shuffled", of=imp, seed=seed)
    moved = control.with_seed(other)
    assert moved.family == control.family
    assert moved.of is not None
    assert moved.of.seed == other
    assert (moved.id == control.id) == (seed == other)
    assert control.sparsity == 0.8


def test_json_round_trip() -> None:
    control = Recipe(**COMMON, finder="shuffled", of=Recipe(**COMMON, finder="imp", sparsity=0.8, name="imp"))
    again = Recipe.model_validate_json(control.model_dump_json(exclude_none=True))
    assert again == control
    assert again.label == "IMP shuffled 80 %"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"criterion": "snp"}, ["Unknown criterion 'snp'", "Did you mean 'snip'"]),
        ({"finder": "impp"}, ["Unknown finder 'impp'", "Did you mean 'imp'"]),
        ({"criterion": "snip", "allocation": "globl"}, ["Unknown allocation", "'global'"]),
        ({"criterion": "snip", "structure": "weigth"}, ["Unknown structure", "'weight'"]),
        ({"criterion": "snip", "sparsity": 1.0}, ["'sparsity' is 1.0", "less than 1"]),
        ({"criterion": "snip", "sparsity": -0.1}, ["'sparsity' is -0.1", "greater than or equal to 0"]),
        ({"criterion": "snip", "sparsity": float("nan")}, ["sparsity"]),
        ({"criterion": "snip", "rewind": 10}, ["Finder 'one_shot' has no option 'rewind'"]),
        ({"finder": "one_shot"}, ["needs 'criterion'"]),
        ({"finder": "shuffled"}, ["needs 'of'"]),
        ({"criterion": "snip", "sparsty": 0.5}, ["has no option 'sparsty'", "Did you mean 'sparsity'"]),
        ({"criterion": "snip", "training": {"epoch": 3}}, ["unknown key 'training.epoch'", "Did you mean 'epochs'"]),
        ({"criterion": "snip", "training": {"lr": -1}}, ["'training.lr' is -1"]),
    ],
)
def test_a_wrong_recipe_is_one_sentence(fields: dict[str, object], words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        validate(Recipe, {**COMMON, **fields}, "here")
    message = str(caught.value)
    assert message.startswith("here: ")
    assert "\n" not in message
    for word in words:
        assert word in message


def test_where_nothing_is_pruned_the_label_has_no_sparsity() -> None:
    averaged = {**COMMON, "finder": "federated", "name": "FedAvg", "way": "fedavg"}
    assert Recipe(**averaged, sparsity=0.0).label == "FedAvg"
    assert Recipe(**averaged, sparsity=0.8).label == "FedAvg 80 %"


def test_percent() -> None:
    assert [percent(value) for value in (0.9, 0.985, 0.5, 1 - 0.8**3)] == ["90 %", "98.5 %", "50 %", "48.8 %"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"sparsity": 90}, "Did you mean 0.9?"),
        ({"model": "lenet30"}, "Did you mean 'lenet300'?"),
        ({"data": "digit"}, "Did you mean 'digits'?"),
        ({"critrion": "snip"}, "Did you mean 'criterion'?"),
        ({"seed": -1}, "'seed' is -1"),
        ({"sparsity": float("nan")}, "'sparsity' is nan, but: input should be a finite number"),
        ({"training": {"epochs": float("inf")}}, "'training.epochs' is inf, but: input should be a finite number"),
        ({"model": "lenet300", "data": "digits"}, "Finder 'one_shot' needs 'criterion'."),
        ({"criterion": "snip"}, "'model' is missing"),
    ],
)
def test_what_is_wrong_comes_before_what_is_missing(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        Recipe(**fields)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_sparsity_is_shared_out_as_the_criterions_paper_does() -> None:
    """Wanda and RIA prune each layer alike, others compare all weights; what is said stands."""
    single = [name for name in CRITERIA if CRITERIA[name].structure is None]
    shared = {name: Recipe(**COMMON, criterion=name, sparsity=0.9).option("allocation") for name in single}
    assert {name for name, allocation in shared.items() if allocation != "global"} == {"wanda", "ria"}
    assert shared["wanda"] == shared["ria"] == "layer"
    said = Recipe(**COMMON, criterion="wanda", sparsity=0.9, allocation="layer")
    assert said.id == Recipe(**COMMON, criterion="wanda", sparsity=0.9).id
    assert Recipe(**COMMON, criterion="wanda", sparsity=0.9, allocation="global").option("allocation") == "global"
    assert Recipe(**COMMON, criterion="wanda", structure="2:4").option("allocation") is None
    assert Recipe(**COMMON, finder="imp", criterion="wanda", sparsity=0.9).option("allocation") == "layer"


def test_an_allocation_that_a_criterion_brings_has_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CRITERIA._added, "own", replace(CRITERIA["magnitude"], name="own", allocation="owl"))
    recipe = Recipe(**COMMON, criterion="own", sparsity=0.9, outlier=3)
    assert recipe.option("allocation") == "owl"
    assert recipe.parts.allocation.model_dump() == {"outlier": 3.0, "spread": 0.08}
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe
