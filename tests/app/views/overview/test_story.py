"""Where a ticket comes from: its recipe in words, and its training curves."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.comparisons.descent import steps
from analysis.comparisons.recipe_words import in_words
from app.shell import theme
from app.views.overview import story
from app.views.overview.charts import story as charts
from pruning.procedure import FINDERS
from pruning.recipe import Recipe
from pruning.study.folder import Study
from pruning.training.config import Training

IMP = Recipe(model="lenet300", data="digits", finder="imp", sparsity=0.9, rate=0.5, seed=3)


def test_a_recipe_in_words() -> None:
    words = dict(in_words(IMP))
    assert words["Network"] == "lenet300"
    assert words["Sparsity"] == "90 %"
    assert words["Pruning rate per level"] == "50 % of the weights left"
    assert words["Rewinding iteration"] == "0, the initialisation"
    assert words["Seed"] == "3"
    assert "20 epochs" in words["Training"]
    assert "SGD with momentum 0.9 at 0.1" in words["Training"]
    assert "Fine-tuning" not in words


def test_every_field_of_a_recipe_is_said(found_study: Path) -> None:
    """None is passed over, whichever fields recipes come to have."""
    for recipe in Study.open(found_study).recipes():
        assert len(in_words(recipe)) == len(recipe.canonical())
    smooth = Training(label_smoothing=0.1)
    words = dict(in_words(Recipe(model=IMP.model, data=IMP.data, finder="shuffled", of=IMP, training=smooth)))
    assert words["Original"] == "IMP 90 %"
    assert "label smoothing 0.1" in words["Training"]


def test_every_procedure_has_words() -> None:
    assert all(finder.words for finder in FINDERS.values())


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_training_curves_stand_in_the_tickets_colour_and_older_ones_fade(mode: str) -> None:
    curves = pd.DataFrame(
        [
            {"step": step, "label": f"Step {step}", "epoch": epoch, "loss": 1 / epoch, "train_accuracy": 0.5,
             "test_accuracy": 0.4 + 0.1 * epoch}
            for step in (0, 1, 3)
            for epoch in (1, 2)
        ]
    )  # fmt: skip
    figure = charts.training(curves, theme.Style("Step 3", "#a82c28", "star"), 3, theme.get(mode))
    assert [trace.name for trace in figure.data if trace.showlegend] == ["Step 0", "Step 1", "Step 3"]
    mine = [trace for trace in figure.data if trace.name == "Step 3"]
    assert {trace.line.color for trace in mine} == {"#a82c28"}
    loss, test, train = mine
    assert list(loss.y) == [1, 0.5]
    assert list(test.y) == pytest.approx([50, 60])
    assert (test.line.dash, train.line.dash) == ("solid", "dot")
    assert len({trace.line.color for trace in figure.data if trace.name != "Step 3"}) == 2


def test_a_search_is_told_in_words() -> None:
    recipe = Recipe(model="lenet300", data="digits", finder="jackpot", sparsity=0.9)
    words = dict(in_words(recipe))
    assert words["Swap schedule"].startswith("a share of the possible swaps")
    assert words["Search"].startswith(f"{recipe.option('search').epochs:g} epochs")
    bird = dict(in_words(Recipe(model="lenet300", data="digits", finder="early_bird", sparsity=0.9)))
    assert bird["Mask distance threshold"] == "10 % of the weights"
    assert bird["Patience (masks)"] == "5"


def test_the_sentence_has_the_interval_of_the_one_network(found_study: Path) -> None:
    study = Study.open(found_study)
    entries = {entry.id: entry for entry in study.entries()}
    entry = next(entry for entry in entries.values() if entry.recipe.finder == "imp")
    line = steps(entry.recipe, entries)
    said = story.answer(entry, line, pd.DataFrame({"correct": [95], "n": [100]}))
    assert f"descends from Dense in {len(line) - 1} step" in said
    assert "**95.0 %** (88.8 to 97.8) of 100 clean test images" in said  # Wilson's, as published tables have it
    assert story.answer(entry, line, pd.DataFrame()).endswith(f"step{'s' * (len(line) > 2)}.")
