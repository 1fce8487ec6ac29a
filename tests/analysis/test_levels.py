"""Costs, accuracies and stability of methods, against numbers worked out by hand."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import levels
from analysis.stats import mcnemar, mean_interval
from pruning.recipe import Recipe, Start, Training
from pruning.study import Entry, Study
from pruning.ticket import TicketInfo

COMMON = {"model": "lenet300", "data": "digits", "training": Training(epochs=4)}
IMP = {**COMMON, "finder": "imp", "rate": 0.5, "rewind": 7}


def entry(recipe: Recipe, seconds: float = 0.0) -> Entry:
    return Entry(
        Path("nowhere"), recipe, TicketInfo(shape=(1, 8, 8), classes=["a"], mean=[0], std=[1], seconds=seconds)
    )


def test_cost_counts_each_training_once() -> None:
    """Dense, and IMP at 50 and 75 %; the network at the rewinding point lies on the way to the dense one."""
    imp = Recipe(**IMP, sparsity=0.75)  # type: ignore[arg-type]
    shuffled = Recipe(**COMMON, finder="shuffled", of=imp)  # type: ignore[arg-type]
    tuned = Recipe(**COMMON, criterion="magnitude", finetune=Training(epochs=1.5), sparsity=0.5)  # type: ignore[arg-type]
    snip = Recipe(**COMMON, criterion="snip", sparsity=0.5)  # type: ignore[arg-type]
    found = levels.cost([entry(recipe, 2.0) for recipe in (imp, shuffled, tuned, snip)])
    assert found["epochs"].tolist() == [12, 16, 5.5, 4]
    assert found["search_epochs"].tolist() == [0, 0, 0, 0]
    assert found["seconds"].tolist() == [2] * 4


def test_imported_weights_cost_nothing() -> None:
    start = Start(weights="0" * 12, mean=(0,), std=(1,))
    recipe = Recipe(**COMMON, criterion="magnitude", finetune=Training(epochs=2), sparsity=0.5, start=start)  # type: ignore[arg-type]
    assert levels.cost([entry(recipe)])["epochs"].tolist() == [2]


def test_searching_is_counted_apart() -> None:
    """A jackpot lies in the trained network; a supermask in one that is never trained."""
    search = Training(epochs=3)
    jackpot = Recipe(**COMMON, finder="jackpot", sparsity=0.5, search=search)  # type: ignore[arg-type]
    popup = Recipe(**COMMON, finder="edge_popup", sparsity=0.5, search=search)  # type: ignore[arg-type]
    found = levels.cost([entry(jackpot), entry(popup)])
    assert found[["epochs", "search_epochs"]].values.tolist() == [[4, 3], [0, 3]]


def test_an_early_bird_is_trained_until_it_is_drawn() -> None:
    bird = Recipe(**COMMON, finder="early_bird", sparsity=0.5, finetune=Training(epochs=2.5))  # type: ignore[arg-type]
    after = Recipe(**COMMON, finder="shuffled", of=bird)  # type: ignore[arg-type]
    early = entry(bird)
    assert levels.cost([early])["epochs"].tolist() == [6.5]  # as long as it was not drawn
    early.info.record = {"bird/epoch": [1.0], "bird/found": [1.0]}
    assert levels.cost([early, entry(after)])["epochs"].tolist() == [3.5, 7.5]


TICKETS = pd.DataFrame(
    [
        ("d0", "dense", 0.0, 0), ("d1", "dense", 0.0, 1),
        ("b90", "imp", 0.9, 0), ("b50", "imp", 0.5, 0), ("b51", "imp", 0.5, 1),
        ("c51", "snip", 0.5, 1), ("c52", "snip", 0.5, 2), ("gone", "snip", 0.9, 0),
    ],
    columns=["ticket_id", "method", "sparsity", "seed"],
)  # fmt: skip
RIGHT = {
    key: np.random.default_rng(place).random(200) < 0.5 + 0.05 * place
    for place, key in enumerate(TICKETS["ticket_id"])
    if key != "gone"
}


def test_levels_by_hand() -> None:
    found = levels.levels(TICKETS, RIGHT, reference="imp").set_index(["method", "sparsity"])
    assert found.index.tolist() == [("dense", 0.0), ("imp", 0.5), ("imp", 0.9), ("snip", 0.5)]
    imp = found.loc["imp", 0.5]
    accuracies = [RIGHT["b50"].mean(), RIGHT["b51"].mean()]
    mean, low, high = mean_interval(accuracies)
    assert [imp["accuracy"], imp["low"], imp["high"]] == pytest.approx([mean, max(low, 0), min(high, 1)])
    assert (imp["seeds"], imp["over_seeds"]) == (2, True)
    assert found.loc["imp"]["difference"].isna().all()
    assert math.isnan(found.loc[("dense", 0.0), "p"])  # nothing else is at 0, and imp is at several sparsities
    snip = found.loc["snip", 0.5]
    assert snip["difference"] == pytest.approx(RIGHT["c51"].mean() - RIGHT["b51"].mean())  # of the seed both have
    assert snip["p"] == pytest.approx(mcnemar(RIGHT["c51"], RIGHT["b51"]))
    assert snip["difference_low"] < snip["difference"] < snip["difference_high"]


def test_a_reference_of_one_sparsity_is_compared_with_everywhere() -> None:
    found = levels.levels(TICKETS, RIGHT, reference="dense").set_index(["method", "sparsity"])
    assert found.loc[("imp", 0.9), "difference"] == pytest.approx(RIGHT["b90"].mean() - RIGHT["d0"].mean())
    assert found.loc[("imp", 0.5), "difference"] == pytest.approx(
        np.mean([RIGHT["b50"].mean() - RIGHT["d0"].mean(), RIGHT["b51"].mean() - RIGHT["d1"].mean()])
    )


def test_without_reference_nothing_is_compared() -> None:
    for reference in (None, "nobody"):
        assert levels.levels(TICKETS, RIGHT, reference)["difference"].isna().all()
    assert levels.levels(TICKETS, {}).empty


def test_levels_of_a_study(found_study: Path) -> None:
    entries = Study.open(found_study).entries()
    tickets = pd.DataFrame(
        [(e.id, e.recipe.method, e.recipe.sparsity, e.recipe.seed) for e in entries],
        columns=["ticket_id", "method", "sparsity", "seed"],
    )
    right = {e.id: np.arange(359) < round(e.info.accuracy * 359) for e in entries}
    found = levels.levels(tickets, right, "shuffled")
    assert len(found) == 1 + 4 * 2
    imp = found[(found["method"] == "imp") & (found["sparsity"] == 0.9)].iloc[0]
    by = {(e.recipe.method, e.recipe.seed): e.info.accuracy for e in entries if e.recipe.sparsity == 0.9}
    assert imp["difference"] == pytest.approx(np.mean([by["imp", s] - by["shuffled", s] for s in (0, 1)]))


def stability_rows(rows: list[tuple[str, str, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["ticket_id", "relation", "l2", "barrier"])
    return table.assign(other="x", relative=table["l2"] / 10)


def reordered(of: Recipe, order: int, seed: int) -> Recipe:
    """Whatever the finder asks for, this is what is read of such a recipe."""
    return of.model_copy(update={"finder": "reordered", "order": order, "seed": seed, "rewind": None, "of": of})


def test_stability_over_the_rewinding_point() -> None:
    imp = {
        (rewind, seed): Recipe(**{**IMP, "rewind": rewind}, sparsity=0.75, seed=seed, name=f"imp{rewind}")  # type: ignore[arg-type]
        for rewind in (0, 7)
        for seed in (0, 1)
    }
    recipes, rows = {}, []
    for number, (rewind, seed, order, l2) in enumerate(
        [(7, 0, 1, 3.0), (7, 0, 2, 5.0), (7, 1, 1, 6.0), (0, 0, 1, 9.0), (0, 1, 1, 9.5)]
    ):
        recipe = reordered(imp[rewind, seed], order, seed)
        recipes[recipe.id] = recipe
        rows.append((recipe.id, "order", l2, 0.01 * number))
    rows.append((imp[7, 0].id, "pruning", 2.0, math.nan))
    entries = [entry(recipe) for recipe in (*recipes.values(), *imp.values())]
    found = levels.stability_curves(stability_rows([*rows, ("gone", "order", 1, 1)]), entries)
    l2 = found[(found["measure"] == "l2") & (found["relation"] == "order")]
    assert l2["family"].nunique() == 1
    assert l2["label"].tolist() == ["IMP 75 %"] * 2
    assert l2["rewind"].tolist() == [0, 7]
    assert l2["n"].tolist() == [2, 2]
    expected = np.array([mean_interval([9, 9.5]), mean_interval([4, 6])])
    np.testing.assert_allclose(l2[["mean", "low", "high"]], expected)
    pruning = found[found["relation"] == "pruning"]
    assert pruning["measure"].tolist() == ["l2", "relative"]  # it has no barrier
    assert pruning["family"].tolist() == [l2["family"].iloc[0]] * 2
    assert pruning["low"].isna().all()


def test_a_control_starts_where_its_original_does() -> None:
    imp = Recipe(**IMP, sparsity=0.75)  # type: ignore[arg-type]
    shuffled = Recipe(**COMMON, finder="shuffled", of=imp)  # type: ignore[arg-type]
    again = reordered(shuffled, 1, 0)
    assert [levels.rewind_of(r) for r in (imp, shuffled, again)] == [7, 7, 7]
    dense = Recipe(**COMMON, finder="dense")  # type: ignore[arg-type]
    assert levels.rewind_of(reordered(dense, 1, 0).model_copy(update={"rewind": 3})) == 3
    assert levels.rewind_of(Recipe(**COMMON, criterion="snip", sparsity=0.5)) == 0  # type: ignore[arg-type]
