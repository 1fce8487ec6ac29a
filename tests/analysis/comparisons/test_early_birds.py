"""What early birds spare, against numbers worked out by hand."""

import math
from pathlib import Path

import pytest

from analysis.comparisons.early_birds import kept_macs, spared
from pruning.recipe import Recipe
from pruning.study.folder import Entry
from pruning.ticket import TicketInfo
from pruning.training.config import Training

COMMON = {"model": "vae_mlp", "task": "vae", "data": "digits", "training": Training(epochs=20)}
LAYERS = {
    "encoder.fc1.weight": (2000, 64 * 128),
    "encoder.fc2.weight": (16 * 128, 16 * 128),
    "decoder.fc1.weight": (100, 8 * 128),
    "decoder.fc2.weight": (0, 128 * 128),
    "decoder.fc3.weight": (8000, 64 * 128),
}
KEPT, TOTAL = (sum(counts) for counts in zip(*LAYERS.values(), strict=True))


def entry(recipe: Recipe, seconds: float) -> Entry:
    """An entry of a study; of an early bird drawn at epoch 5."""
    info = TicketInfo(shape=(1, 8, 8), classes=["a"] * 10, mean=[0], std=[1], own_seconds=seconds, layers=LAYERS)
    if recipe.finder == "early_bird":
        info.record = {"bird/epoch": [5.0], "bird/found": [1.0]}
    return Entry(Path("nowhere"), recipe, info)


def test_linear_layers_multiply_each_weight_once() -> None:
    assert kept_macs(entry(Recipe(**COMMON, finder="early_bird", sparsity=0.66), 1)) == pytest.approx(KEPT / TOTAL)


def test_a_discriminator_sees_two_images() -> None:
    recipe = Recipe(**{**COMMON, "model": "gan_mlp", "task": "gan"}, finder="early_bird", sparsity=0.5)
    found = entry(recipe, 1)
    d = 64 * 128 + 128 * 64 + 64
    g = 8 * 128 + 128 * 128 + 128 * 64
    found.info.layers = {"discriminator.fc1.weight": (0, 64 * 128), "generator.fc3.weight": (128 * 64, 128 * 64)}
    assert kept_macs(found) == pytest.approx(1 - 2 * 64 * 128 / (2 * d + g))


def test_against_training_to_the_end() -> None:
    bird = Recipe(**COMMON, finder="early_bird", sparsity=0.66)
    short = Recipe(**COMMON, finder="early_bird", sparsity=0.66, finetune=Training(epochs=4), seed=1)
    dense = Recipe(**COMMON, finder="dense")
    found = spared([entry(bird, 15.0), entry(dense, 10.0), entry(short, 5.0)])
    share = KEPT / TOTAL
    assert found["seed"].tolist() == [0, 1]
    assert found["spared_macs"].tolist() == pytest.approx(
        [1 - (5 + 20 * share) / (20 + 20 * share), 1 - (5 + 4 * share) / (20 + 4 * share)]
    )
    assert found["drawn"].tolist() == [5, 5]
    assert found["seconds"].tolist() == [15, 5]
    assert found["dense_seconds"].iloc[0] == 10
    assert math.isnan(found["dense_seconds"].iloc[1])
    assert spared([entry(dense, 10.0)]).empty
