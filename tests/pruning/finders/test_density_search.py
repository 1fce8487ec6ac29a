"""Sparsities that are searched for: budgets are kept, optima known by brute force are found, no test image is seen."""

import builtins
import itertools
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from pruning import Recipe, Training, find_ticket
from pruning.allocation.budget import Budget
from pruning.data import Split, load_data
from pruning.errors import UserError
from pruning.finders.base import Trainer, finder_of
from pruning.finders.density_judge import Judge
from pruning.finders.density_search import as_manual, manual_lines
from pruning.masks import full_masks
from pruning.models import build_model, prunable
from pruning.models.counting import SPELLINGS
from pruning.search.densities import Sampler, search_densities
from pruning.training.seeds import generator

SHORT = Training(epochs=1, batch_size=128, warmup_epochs=0)
RECIPE: dict[str, Any] = {
    "model": "lenet300", "data": "digits", "finder": "density_search", "training": SHORT,
    "finetune": Training(epochs=0), "sparsity": 0.9, "trials": 8, "images": 200,
}  # fmt: skip

SIZES = {"a": 30, "b": 40, "c": 50}
COSTS = {"a": 9.0, "b": 3.0, "c": 1.0}
WEIGHING = {"a": 8.0, "b": 1.0, "c": 3.0}


def loss(kept: dict[str, int]) -> float:
    """Of a made-up network: what a layer costs is in inverse proportion to what it keeps."""
    return sum(WEIGHING[name] / count for name, count in kept.items())


def every_way(budget: Budget) -> Iterator[dict[str, int]]:
    """All numbers of kept weights within a budget."""
    for counts in itertools.product(*(range(1, size + 1) for size in SIZES.values())):
        kept = dict(zip(SIZES, counts, strict=True))
        exact = budget.weights is None or sum(counts) == budget.weights
        room = 0.0 if budget.weights is None else COSTS["c"]  # two budgets are met to a weight
        if exact and (budget.madds is None or sum(n * COSTS[name] for name, n in kept.items()) <= budget.madds + room):
            yield kept


@pytest.mark.parametrize(
    ("unit", "sampler", "trials", "near"),
    [
        ("multiply_adds", "gp", 24, 1.05),
        ("weights", "tpe", 100, 1.02),
        ("multiply_adds", "tpe", 100, 1.02),
        ("both", "tpe", 100, 1.02),
        ("weights", "nsga2", 200, 1.05),
    ],
)
def test_the_optimum_of_all_ways_is_found(unit: str, sampler: Any, trials: int, near: float) -> None:
    """Against every one of the 60,000 numbers of kept weights."""
    budget = Budget.of(SIZES, COSTS, 0.5, unit)
    least = min(map(loss, every_way(budget)))
    found = search_densities(list(SIZES), lambda tried: -loss(budget.counts(tried)), trials, sampler)
    assert least * (1 - 1e-9) <= loss(budget.counts(found.best)) <= near * least
    assert max(found.values) == -loss(budget.counts(found.best))


def test_a_search_is_better_than_chance_and_the_same_again() -> None:
    """Eight layers, whose best densities are known: what is left of the distance to them."""
    best = {f"layer{place}": 1.25 ** (place - 7) for place in range(8)}

    def judge(tried: dict[str, float]) -> float:
        return -sum(np.log(tried[name] / best[name]) ** 2 for name in best)

    names: tuple[Sampler, ...] = ("tpe", "nsga2", "random")
    found = {name: search_densities(list(best), judge, 60, name, seed=3) for name in names}
    assert max(found["tpe"].values) > max(found["random"].values)
    for name, first in found.items():
        torch.rand(3)  # chance elsewhere has no say
        assert search_densities(list(best), judge, 60, name, seed=3) == first
        assert search_densities(list(best), judge, 60, name, seed=4) != first


def test_what_cannot_be_judged_is_left_out_and_the_beginning_comes_first() -> None:
    def judge(tried: dict[str, float]) -> float:
        if tried["a"] < 0.3:
            raise UserError("too little.")
        return -tried["a"] if tried["b"] < 0.5 else float("inf")

    found = search_densities(["a", "b"], judge, 40, "tpe", begin=[{"a": 30.0, "b": 9.0}])
    assert found.values[0] == -1.0
    assert found.best["a"] >= 0.3
    assert found.best["b"] < 0.5
    assert max(value for value in found.values if np.isfinite(value)) == -found.best["a"]
    with pytest.raises(UserError, match=r"^too little\.$"):
        search_densities(["a", "b"], lambda tried: judge(tried | {"a": 0.1}), 5)


# --- budgets ---------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(1, 500), st.sampled_from([1.0, 4.0, 49.0, 1024.0])), min_size=2, max_size=6),
    st.lists(st.floats(0.01, 1.0), min_size=6, max_size=6),
    st.floats(0.1, 0.95),
    st.sampled_from(["weights", "multiply_adds", "both"]),
)
@settings(max_examples=60)
def test_budgets_are_kept(layers: list[tuple[int, float]], given_: list[float], sparsity: float, unit: str) -> None:
    sizes = {f"layer{place}": size for place, (size, _) in enumerate(layers)}
    costs = {f"layer{place}": cost for place, (_, cost) in enumerate(layers)}
    budget = Budget.of(sizes, costs, sparsity, unit)
    total = sum(sizes.values())
    affordable = (1 - sparsity) * sum(sizes[name] * costs[name] for name in sizes)
    try:
        kept = budget.counts(dict(zip(sizes, given_, strict=False)))
    except UserError:  # a weight a layer is too much already
        assert total - round(sparsity * total) <= 2 * len(sizes) or sum(costs.values()) > 0.5 * affordable
        return
    assert all(1 <= kept[name] <= size for name, size in sizes.items())
    spent = sum(count * costs[name] for name, count in kept.items())
    if unit != "multiply_adds":
        assert sum(kept.values()) == total - round(sparsity * total)
    if unit == "multiply_adds":
        open_costs = [costs[name] for name in sizes if kept[name] < sizes[name]]
        assert affordable - max(open_costs, default=0) * len(sizes) <= spent <= affordable * (1 + 1e-6)
    if unit == "both":
        assert spent <= affordable + min(costs.values()) * (1 + 1e-6)


def test_uniform_densities_keep_as_much_of_each_layer() -> None:
    even = dict.fromkeys(SIZES, 0.2)
    assert Budget.of(SIZES, COSTS, 0.5, "weights").counts(even) == {"a": 15, "b": 20, "c": 25}
    assert Budget.of(SIZES, COSTS, 0.5, "multiply_adds").counts(even) == {"a": 15, "b": 20, "c": 25}
    with pytest.raises(UserError, match="less than one to each of the 3 layers"):
        Budget.of(SIZES, COSTS, 0.99, "weights").counts(even)
    with pytest.raises(UserError, match="ask for a lower sparsity"):
        Budget.of(SIZES, COSTS, 0.98, "multiply_adds").counts(even)


# --- networks --------------------------------------------------------------------------------------------------------


def judge_of(recipe: Recipe) -> Judge:
    model = build_model(recipe.model, 10, (1, 8, 8), seed=recipe.seed)
    return Judge.of(recipe, Trainer(load_data("digits")), model, full_masks(prunable(model)))


@pytest.mark.parametrize("by", ["loss", "accuracy"])
def test_a_trial_is_judged_on_training_images_as_by_hand(by: str) -> None:
    """The smallest weights of each layer set to zero with numpy, and the cross-entropy of the images that are drawn."""
    recipe, data = Recipe(**RECIPE, judged_by=by), load_data("digits")
    judge = judge_of(recipe)
    value = judge({"fc1.weight": 1.0, "fc2.weight": 0.5, "fc3.weight": 1.0})
    model = build_model("lenet300", 10, (1, 8, 8), seed=0)
    kept = judge.budget.counts({"fc1.weight": 1.0, "fc2.weight": 0.5, "fc3.weight": 1.0})
    assert sum(kept.values()) == 5_020
    assert abs(kept["fc1.weight"] / 19_200 - 2 * kept["fc2.weight"] / 30_000) < 1e-3
    for name, weight in prunable(model).items():
        sizes = np.abs(weight.detach().numpy()).reshape(-1)
        weight.data.view(-1)[np.argsort(-sizes)[kept[name] :].copy()] = 0
    rows = torch.randperm(len(data.train.labels), generator=generator(0, "validation"))[:200]
    images = (data.train.images[rows].float() / 255 - torch.tensor(data.mean).view(-1, 1, 1)) / torch.tensor(
        data.std
    ).view(-1, 1, 1)
    logits, labels = model.eval()(images).detach(), data.train.labels[rows]
    if by == "loss":
        assert judge.judged == [pytest.approx(float(F.cross_entropy(logits, labels)), rel=1e-5)]
        assert value == pytest.approx(-np.arcsinh(judge.judged[0]))
    else:
        assert judge.judged == [value] == [pytest.approx(float((logits.argmax(1) == labels).float().mean()))]
    assert judge.left == [pytest.approx(0.1)]


def test_the_best_is_no_worse_than_what_needs_no_search_and_manual_makes_it_again() -> None:
    recipe = Recipe(**RECIPE, criterion="snip")
    ticket = find_ticket(recipe)
    losses = ticket.info.record["densities/loss"]
    assert len(losses) == 8
    assert ticket.kept == 5_020
    again = find_ticket(as_manual(ticket))
    assert again.recipe.finder == "manual"
    for name, value in ticket.state.items():
        assert torch.equal(again.state[name], value)
    method = tomllib.loads(manual_lines(ticket))["method"][0]
    by_hand = Recipe(
        **{key: RECIPE[key] for key in ("model", "data", "training", "finetune")}, sparsity=0.9, **written(method)
    )
    assert by_hand.id == again.id
    judged = Judge.of(recipe, Trainer(load_data("digits")), *dense_of(recipe))
    kept = {name: float(mask.double().mean()) for name, mask in ticket.masks.items()}
    judged(kept)
    assert judged.judged[0] == pytest.approx(min(losses), rel=1e-6)
    assert min(losses) <= min(losses[:3])


def written(method: dict[str, Any]) -> dict[str, Any]:
    """The fields of a method of a study file, with the names of parameters."""
    assert method.pop("sparsities") == [0.9]
    return method | {"layers": {f"{name}.weight": gone for name, gone in method["layers"].items()}}


def dense_of(recipe: Recipe) -> tuple[torch.nn.Module, dict[str, torch.Tensor]]:
    dense = find_ticket(finder_of(recipe).parents(recipe)[0])
    return dense.model(), dense.masks


def test_test_images_have_no_part_in_it() -> None:
    recipe, data = Recipe(**RECIPE), load_data("digits")
    dense = find_ticket(finder_of(recipe).parents(recipe)[0])
    other = replace(data, test=Split(255 - data.test.images.flip(0), data.test.labels))
    first, second = (finder_of(recipe).find(recipe, [dense], Trainer(each)) for each in (data, other))
    assert first.info.record == second.info.record
    assert first.info.accuracy != second.info.accuracy
    for name, mask in first.masks.items():
        assert torch.equal(second.masks[name], mask)


def test_a_convolution_costs_what_its_pixels_do() -> None:
    """LeNet-5: multiply-adds by hand; under that budget alone the many cheap weights of the classifier stay."""
    recipe = Recipe(**RECIPE | {"model": "lenet5", "data": "mnist5k"}, budget="multiply_adds")
    model = build_model("lenet5", 10, (1, 28, 28), seed=0)
    budget = Judge.of(recipe, Trainer(load_data("mnist5k")), model, full_masks(prunable(model))).budget
    assert [budget.costs[name] for name in budget.sizes][-3:] == [1, 1, 1]
    whole = sum(budget.costs[name] * size for name, size in budget.sizes.items())
    assert budget.weights is None
    assert budget.madds == pytest.approx(0.1 * whole)
    assert recipe.label == "Density search 90 % of multiply-adds"
    for spelling in SPELLINGS:  # the ticket of a study file that spells it otherwise is the same
        assert Recipe(**RECIPE | {"model": "lenet5", "data": "mnist5k"}, budget=spelling) == recipe
        assert Recipe(**RECIPE | {"model": "lenet5", "data": "mnist5k"}, budget=spelling).id == recipe.id


def test_without_optuna_there_is_a_sentence_and_tickets_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "optuna":
            raise ImportError(name)
        return plain(name, *args, **kwargs)

    recipe = Recipe(**RECIPE)
    monkeypatch.setattr(builtins, "__import__", without)
    assert Recipe(**recipe.canonical()).id == recipe.id
    with pytest.raises(UserError, match="needs the package optuna, which is not installed: pip install optuna"):
        find_ticket(recipe)


def test_what_does_not_go_together_is_a_sentence() -> None:
    with pytest.raises(UserError, match="leave 'allocation' out"):
        Recipe(**RECIPE, allocation="erk")
    with pytest.raises(UserError, match="leaves nothing to share out"):
        Recipe(**RECIPE | {"sparsity": 0.5}, structure="2:4")
    with pytest.raises(UserError, match="not found by a search"):
        as_manual(find_ticket(Recipe(model="lenet300", data="digits", finder="dense", training=SHORT)))
