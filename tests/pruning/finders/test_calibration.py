"""Calibration sets: which images a criterion looks at is part of the recipe, apart from the seed of the network."""

from pathlib import Path

import pytest
import torch

from pruning.data import load_data
from pruning.errors import UserError
from pruning.finders.base import Trainer
from pruning.finders.scoring import scoring_batches
from pruning.recipe import Recipe
from pruning.study.config import expand, read_config

BASE = {"model": "lenet300", "data": "digits", "criterion": "wanda", "sparsity": 0.9}


def rows(**fields: object) -> list[int]:
    """The images that the recipe's criterion looks at."""
    batches = scoring_batches(Recipe(**BASE, **fields), Trainer(load_data("digits")))
    return torch.cat(list(batches.rows)).tolist()


def test_a_recipe_without_a_set_is_as_it_was() -> None:
    plain = Recipe(**BASE)
    assert plain.id == plain.but(calibration=None).id
    assert "calibration" not in plain.canonical()
    assert plain.canonical() | {"calibration": {"seed": 3}} == plain.but(calibration={"seed": 3}).canonical()


def test_a_draw_of_its_own_stays_when_the_seed_changes() -> None:
    drawn = rows(calibration={"seed": 4})
    assert len(drawn) == len(set(drawn)) == 250
    assert drawn == rows(calibration={"seed": 4}, seed=7)
    assert set(drawn) != set(rows(calibration={"seed": 5}))
    assert set(rows()) != set(rows(seed=7))


@pytest.mark.parametrize("images", [7, 40, 128])
def test_so_many_images_are_looked_at_of_each_class_about_as_many(images: int) -> None:
    drawn = rows(calibration={"images": images}, score_batch=50)
    labels = load_data("digits").train.labels[drawn]
    assert len(drawn) == len(set(drawn)) == images
    counted = torch.bincount(labels, minlength=10)
    assert int(counted.max()) == -(-images // 10)
    assert images < 10 or int(counted.min()) >= 1


def test_a_criterion_without_images_has_no_set() -> None:
    with pytest.raises(UserError, match="Criterion 'magnitude' looks at no images; leave 'calibration' out"):
        Recipe(**{**BASE, "criterion": "magnitude"}, calibration={"seed": 1})


@pytest.mark.parametrize("given", [{"images": 0}, {"seed": -1}, {"pictures": 3}])
def test_what_is_no_set_is_refused(given: dict[str, int]) -> None:
    with pytest.raises(UserError, match=next(iter(given))):
        Recipe(**BASE, calibration=given)


def test_a_method_stands_for_its_calibration_seeds(tmp_path: Path) -> None:
    """Each is a method with a name of its own, of the same dense network; the other options are shared."""
    file = tmp_path / "study.toml"
    text = (
        'title = "t"\nmodel = "lenet300"\ndata = "digits"\nseeds = [0, 1]\nsparsities = [0.8]\n'
        '[[method]]\ncriterion = "wanda"\nallocation = "layer"\ncalibration = {images = 64}\n'
        "calibration_seeds = [3, 5, 3]\n"
    )
    file.write_text(text)
    found = [recipe for recipe in expand(read_config(file), "here").values() if not recipe.is_dense]
    assert [(r.name, r.seed) for r in found] == [(f"wanda_calibration_{c}", s) for s in (0, 1) for c in (3, 5)]
    assert all(r.option("calibration").images == 64 and r.option("allocation") == "layer" for r in found)
    assert [r.option("calibration").seed for r in found] == [3, 5, 3, 5]
    assert found[0].id_without("calibration") == found[1].id_without("calibration")
    file.write_text(text.replace('"wanda"', '"magnitude"'))
    with pytest.raises(UserError, match=r"method 1 \(magnitude_calibration_3\).*looks at no images"):
        expand(read_config(file), "here")
