"""Recipes of searches: what is left out is written out, and they survive JSON, seeds and study files."""

from pathlib import Path
from typing import Any

import pytest

from pruning import Recipe, Training, UserError
from pruning.finders.lineage import cost
from pruning.study.folder import Study

TRAINED = Training(epochs=3, batch_size=64, warmup_epochs=0)
COMMON: dict[str, Any] = {"model": "lenet300", "data": "digits", "training": TRAINED}
FINDERS = ("jackpot", "edge_popup", "biprop", "sign_supermask")


def test_defaults_are_written_out() -> None:
    given = Recipe(**COMMON, finder="jackpot", sparsity=0.9)
    half = TRAINED.but(epochs=1.5, lr=0.1, weight_decay=5e-4)
    assert given.option("search") == half
    assert (given.criterion, given.option("allocation"), given.option("frozen")) == ("magnitude", "global", "trained")
    assert (given.option("margin"), given.option("restrict")) == (0.01, "cosine")
    same = Recipe(**COMMON, finder="jackpot", sparsity=0.9, search=half, margin=0.01, restrict="cosine")
    assert same.id == given.id
    assert cost(given) == 1.5
    for finder, weights in (("edge_popup", "signed"), ("biprop", "scaled")):
        recipe = Recipe(**COMMON, finder=finder, sparsity=0.9)
        assert recipe.option("search") == half.but(epochs=3)
        assert (recipe.option("allocation"), recipe.option("frozen"), recipe.criterion) == ("layer", weights, None)
    sign = Recipe(**COMMON, finder="sign_supermask", sparsity=0.9)
    assert sign.option("search") is not None
    assert (sign.option("search").optimizer, sign.option("search").lr, sign.option("search").epochs) == (
        "adamw",
        0.01,
        3,
    )
    assert (sign.criterion, sign.option("frozen")) == ("synflow", "signed")


@pytest.mark.parametrize("finder", FINDERS)
def test_recipes_survive_json_and_seeds(finder: str) -> None:
    plain = {"model": "lenet300", "data": "digits", "finder": finder, "sparsity": 0.5, "training": {"epochs": 4}}
    recipe = Recipe.model_validate(plain)
    assert Recipe.model_validate_json(recipe.model_dump_json(exclude_none=True)).id == recipe.id
    assert Recipe.model_validate(recipe.canonical()).id == recipe.id
    assert recipe.with_seed(7).id == Recipe.model_validate({**plain, "seed": 7}).id


def test_in_a_study(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(
        """\
title = "Searches"
model = "lenet300"
data = "digits"
sparsities = [0.5, 0.9]
[training]
epochs = 4
batch_size = 64
[[method]]
finder = "jackpot"
search = { epochs = 1, lr = 0.2 }
[[method]]
finder = "sign_supermask"
[[method]]
finder = "shuffled"
of = "jackpot"
"""
    )
    recipes = Study.open(tmp_path).recipes()
    jackpot, sign = recipes[1], recipes[3]
    assert jackpot.option("search") == Training(epochs=1, batch_size=64, lr=0.2, warmup_epochs=0)
    assert sign.option("search") is not None
    assert (sign.option("search").batch_size, sign.option("search").optimizer, sign.option("search").epochs) == (
        64,
        "adamw",
        4,
    )
    assert recipes[5].of == jackpot


def test_what_a_search_cannot_do() -> None:
    with pytest.raises(UserError, match="has no option 'criterion'"):
        Recipe(**COMMON, finder="edge_popup", criterion="snip", sparsity=0.5)
    with pytest.raises(UserError, match="has no option 'restrict'"):
        Recipe(**COMMON, finder="sign_supermask", restrict="cosine", sparsity=0.5)
    with pytest.raises(UserError, match="has no option 'structure'"):
        Recipe(**COMMON, finder="jackpot", structure="filter", sparsity=0.5)
    with pytest.raises(ValueError, match=r"training\.epochs"):
        Recipe.model_validate({"model": "lenet300", "data": "digits", "finder": "jackpot", "training": {"epochs": -1}})
