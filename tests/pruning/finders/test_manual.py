"""Pruned by hand: each layer loses what was said and the others make up the rest, and the right weights go."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pruning import Recipe, Training, find_ticket
from pruning.criteria.by_layer import cut_layers, parts_of
from pruning.data import load_data
from pruning.errors import UserError
from pruning.finders.base import Trainer
from pruning.finders.scoring import prune_by_score
from pruning.models import build_model

COMMON: dict[str, Any] = {
    "model": "lenet300",
    "data": "digits",
    "finder": "manual",
    "training": Training(epochs=1, batch_size=128, warmup_epochs=0),
}
SIZES = {"fc1.weight": 19_200, "fc2.weight": 30_000, "fc3.weight": 1_000}


def removed(masks: dict[str, Tensor]) -> dict[str, int]:
    return {name: int((~mask).sum()) for name, mask in masks.items()}


@pytest.mark.parametrize("criterion", ["magnitude", "snip", "synflow"])
def test_named_layers_lose_what_is_said_and_the_others_the_rest(criterion: str) -> None:
    recipe = Recipe(**COMMON, criterion=criterion, score_on="init", sparsity=0.8, layers={"fc1": 0.9, "fc3": 0.25})
    model = build_model("lenet300", 10, (1, 8, 8), seed=0)
    gone = removed(prune_by_score(recipe, model, Trainer(load_data("digits"))))
    assert gone["fc1.weight"] == round(0.9 * 19_200)
    assert gone["fc3.weight"] == 250
    assert sum(gone.values()) == round(0.8 * 50_200)


def test_the_smallest_weights_of_each_layer_go() -> None:
    """Against numpy's sorting, layer by layer."""
    shares = {"fc1": 0.95, "fc2": 0.5, "fc3": 0.1}
    total = (0.95 * 19_200 + 0.5 * 30_000 + 0.1 * 1_000) / 50_200
    recipe = Recipe(**COMMON, score_on="init", sparsity=round(total, 4), layers=shares, seed=3)
    model = build_model("lenet300", 10, (1, 8, 8), seed=3)
    sizes = {name: model.get_parameter(name).detach().abs().clone() for name in SIZES}
    masks = prune_by_score(recipe, model, Trainer(load_data("digits")))
    for layer, share in shares.items():
        size, mask = sizes[f"{layer}.weight"], masks[f"{layer}.weight"]
        assert size[mask].min() >= size[~mask].max()
        assert int((~mask).sum()) == round(share * mask.numel())


def test_without_layers_it_is_uniform() -> None:
    by_hand = find_ticket(Recipe(**COMMON, criterion="snip", sparsity=0.9))
    uniform = find_ticket(
        Recipe(**{**COMMON, "finder": "one_shot"}, criterion="snip", allocation="layer", sparsity=0.9)
    )
    for name, value in uniform.state.items():
        assert torch.equal(by_hand.state[name], value)


def test_neurons_go_layer_by_layer_and_the_classifier_stays() -> None:
    recipe = Recipe(**COMMON, structure="filter", score_on="init", sparsity=0.4, layers={"fc1": 0.5})
    model = build_model("lenet300", 10, (1, 8, 8), seed=0)
    masks = prune_by_score(recipe, model, Trainer(load_data("digits")))
    assert int(masks["fc1.weight"].any(1).sum()) == int(masks["fc1.weight"].all(1).sum()) == 150
    assert int((~masks["fc2.weight"]).sum()) == 300 * ((round(0.4 * 50_200) - 150 * 64) // 300)
    assert bool(masks["fc3.weight"].all())
    with pytest.raises(UserError, match="Layer 'fc3'"):
        prune_by_score(recipe.but(layers={"fc3": 0.5}), model, Trainer(load_data("digits")))


def test_the_layers_enter_the_id_and_come_back() -> None:
    recipe = Recipe(**COMMON, sparsity=0.8, layers={"fc1": 0.9})
    assert recipe.id != Recipe(**COMMON, sparsity=0.8, layers={"fc1": 0.91}).id
    assert Recipe(**recipe.canonical()).id == recipe.id


@pytest.mark.parametrize(
    ("layers", "sparsity", "words"),
    [
        ({"fc9": 0.5}, 0.5, "no prunable layer"),
        ({"fc1": 0.9, "fc2": 0.9, "fc3": 0.9}, 0.5, "make 0.9 in all, not 0.5"),
        ({"fc2": 0.99}, 0.2, "cannot be reached"),
        ({"fc2": 0.0}, 0.9, "cannot be reached"),
    ],
)
def test_what_cannot_be_is_said(layers: dict[str, float], sparsity: float, words: str) -> None:
    with pytest.raises(UserError, match=words):
        parts_of(layers, sparsity, SIZES)


def test_an_allocation_or_a_pattern_leaves_no_layers() -> None:
    with pytest.raises(UserError, match="leave 'allocation' out"):
        Recipe(**COMMON, sparsity=0.8, allocation="erk")
    with pytest.raises(UserError, match="nothing to share out"):
        Recipe(**COMMON, structure="2:4", layers={"fc1": 0.5})


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=5),
    share=st.floats(0, 0.99),
    sparsity=st.floats(0, 0.99),
)
def test_the_total_is_exact(sizes: list[int], share: float, sparsity: float) -> None:
    scores = {f"l{place}": torch.rand(size) for place, size in enumerate(sizes)}
    counts = {name: score.numel() for name, score in scores.items()}
    try:
        parts = parts_of({"l0": share}, sparsity, counts)
    except UserError:
        return
    full = {name: torch.ones_like(score, dtype=torch.bool) for name, score in scores.items()}
    gone = removed(cut_layers(scores, parts, full, 1.0, "weight", torch.nn.Identity()))
    assert gone["l0"] == round(share * sizes[0])
    assert sum(gone.values()) == round(sparsity * sum(sizes))
