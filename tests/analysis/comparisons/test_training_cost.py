"""What tickets cost, against numbers worked out by hand."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.comparisons import training_cost
from analysis.statistics.intervals import mean_interval
from pruning.checkpoints.imported_weights import Start
from pruning.recipe import Recipe
from pruning.study.folder import Entry
from pruning.ticket import TicketInfo
from pruning.training.config import Training

COMMON = {"model": "lenet300", "data": "digits", "training": Training(epochs=4)}
IMP = {**COMMON, "finder": "imp", "rate": 0.5, "rewind": 7}


def entry(recipe: Recipe, seconds: float = 0.0) -> Entry:
    return Entry(
        Path("nowhere"), recipe, TicketInfo(shape=(1, 8, 8), classes=["a"], mean=[0], std=[1], seconds=seconds)
    )


def test_cost_counts_each_training_once() -> None:
    """Dense, and IMP at 50 and 75 %; the network at the rewinding point lies on the way to the dense one."""
    imp = Recipe(**IMP, sparsity=0.75)
    shuffled = Recipe(**COMMON, finder="shuffled", of=imp)
    tuned = Recipe(**COMMON, criterion="magnitude", finetune=Training(epochs=1.5), sparsity=0.5)
    snip = Recipe(**COMMON, criterion="snip", sparsity=0.5)
    found = training_cost.cost([entry(recipe, 2.0) for recipe in (imp, shuffled, tuned, snip)])
    assert found["epochs"].tolist() == [12, 16, 5.5, 4]
    assert found["search_epochs"].tolist() == [0, 0, 0, 0]
    assert found["seconds"].tolist() == [2] * 4


def test_imported_weights_cost_nothing() -> None:
    start = Start(weights="0" * 12, mean=(0,), std=(1,))
    recipe = Recipe(**COMMON, criterion="magnitude", finetune=Training(epochs=2), sparsity=0.5, start=start)
    assert training_cost.cost([entry(recipe)])["epochs"].tolist() == [2]


def test_searching_is_counted_apart() -> None:
    """A jackpot lies in the trained network; a supermask in one that is never trained."""
    search = Training(epochs=3)
    jackpot = Recipe(**COMMON, finder="jackpot", sparsity=0.5, search=search)
    popup = Recipe(**COMMON, finder="edge_popup", sparsity=0.5, search=search)
    found = training_cost.cost([entry(jackpot), entry(popup)])
    assert found[["epochs", "search_epochs"]].values.tolist() == [[4, 3], [0, 3]]


def test_an_early_bird_is_trained_until_it_is_drawn() -> None:
    bird = Recipe(**COMMON, finder="early_bird", sparsity=0.5, finetune=Training(epochs=2.5))
    after = Recipe(**COMMON, finder="shuffled", of=bird)
    early = entry(bird)
    assert training_cost.cost([early])["epochs"].tolist() == [6.5]  # as long as it was not drawn
    early.info.record = {"bird/epoch": [1.0], "bird/found": [1.0]}
    assert training_cost.cost([early, entry(after)])["epochs"].tolist() == [3.5, 7.5]


def test_costs_of_families_are_means_over_seeds_beside_the_dense_network() -> None:
    dense = Recipe(**COMMON, finder="dense")
    jackpot = Recipe(**COMMON, finder="jackpot", sparsity=0.5, search=Training(epochs=3))
    entries = [entry(recipe.with_seed(seed), 2.0 + seed) for seed in (0, 1) for recipe in (jackpot, dense)]
    found = training_cost.cost_by_family(entries).set_index("family")
    own = found.loc[jackpot.family]
    assert own[["epochs", "search", "times"]].tolist() == [7, 3, 7 / 4]
    assert own[["seconds", "seconds_low", "seconds_high"]].tolist() == pytest.approx(mean_interval([2, 3]))
    assert found.loc[dense.family, "times"] == 1
    assert training_cost.cost_by_family([entry(jackpot)])["times"].isna().all()


def test_as_good_is_what_is_shown_to_be_and_the_cheapest_comes_first() -> None:
    costs = pd.DataFrame({"key": list("abcd"), "epochs": [40.0, 9.0, 20.0, 1.0]})
    table = pd.DataFrame(
        {"a": list("abcd"), "difference": [0.0, -0.001, 0.05, -0.2], "within": [True, False, False, False],
         "verdict": ["equivalent", "cannot tell", "differs", "differs"]}
    )  # fmt: skip
    assert training_cost.as_good(costs, table)["a"].tolist() == ["c", "a"]  # c is better, d worse, of b one cannot tell
    assert training_cost.as_good(costs, table, higher=False)["a"].tolist() == ["d", "a"]
