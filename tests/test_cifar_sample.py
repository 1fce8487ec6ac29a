"""The studies of CIFAR-10 that ship, without their images: whole, small, measured, true to their text."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.corruptions import NAMES
from analysis.results.offsets import unpack_correct
from analysis.results.store import Results
from pruning import Study
from pruning.finders.lineage import parents_of
from pruning.models import build_model
from pruning.ticket import Ticket
from tests import ROOT

METHODS = {
    "cifar10-resnet20": {"dense", "random", "magnitude", "snip", "grasp", "synflow", "imp", "lrr", "gmp"},
    "cifar10-seeds": {"dense", "random", "magnitude", "taylor", "wanda"},
    "cifar10-long": {"dense", "random", "magnitude", "taylor", "wanda"},
}
MEGABYTE = 2**20
TESTED = 1017
PICTURES = {".png", ".jpg", ".jpeg", ".npy", ".npz", ".gif", ".webp", ".bmp", ".tif", ".tiff"}


@pytest.fixture(scope="module", params=METHODS)
def study(request: pytest.FixtureRequest) -> Study:
    return opened(request.param)


def opened(name: str) -> Study:
    return Study.open(ROOT / "sample_checkpoints" / name)


def files(folder: Path) -> list[Path]:
    inside = [path for path in folder.rglob("*") if "cache" not in path.relative_to(folder).parts]
    return [path for path in inside if path.is_file() and path.name != ".lock"]


def test_every_ticket_is_there_and_readable(study: Study) -> None:
    entries, problems = study.scan()
    assert not problems
    assert [entry.id for entry in entries] == [recipe.id for recipe in study.recipes()]
    assert {entry.recipe.method for entry in entries} == METHODS[study.path.name]
    for entry in entries:
        assert entry.kept == entry.total - round(entry.recipe.sparsity * entry.total)
        assert entry.total == 268_336


def test_it_is_small_and_has_no_images(study: Study) -> None:
    assert sum(path.stat().st_size for path in files(study.path)) < 60 * MEGABYTE
    assert not [path for path in files(study.path) if path.suffix.lower() in PICTURES]


def test_pictures_are_the_first_of_the_official_test_set(study: Study) -> None:
    rows = json.loads((study.path / "pictures.json").read_text())
    assert sorted(rows) == list(range(TESTED))


def test_the_description_says_what_the_images_are(study: Study) -> None:
    text = study.config.description
    assert "lossy" in text
    assert "JPEG" in text


def test_tickets_hold_what_their_recipes_say() -> None:
    """Weights of the rewound network and its mask at every level of the line, as far as it is shipped."""
    study = opened("cifar10-resnet20")
    for method in ("imp", "lrr"):
        by_level = {e.recipe.sparsity: study.load(e.id) for e in study.entries() if e.recipe.method == method}
        assert sorted(by_level) == [0.8, 0.9, 0.95]
        for ticket in by_level.values():
            for name, mask in ticket.masks.items():
                assert not bool(ticket.state[name][~mask].any())
        inner, outer = by_level[0.9], by_level[0.8]
        assert parents_of(inner.recipe)[0].id == outer.id
        for name, mask in inner.masks.items():
            assert not bool((mask & ~outer.masks[name]).any())


@pytest.mark.parametrize(
    ("name", "sparsities", "budget"),
    [("cifar10-seeds", [0.9, 0.95], (8.0, 2.0)), ("cifar10-long", [0.95], (20.0, 3.0))],
)
def test_masks_of_three_trainings_are_those_of_the_largest_weights(
    name: str, sparsities: list[float], budget: tuple[float, float]
) -> None:
    """Of each seed's own dense network, over all layers; and every method has the same budget."""
    study = opened(name)
    assert (study.config.seeds, study.config.sparsities) == ([0, 1, 2], sparsities)
    pruned = [entry for entry in study.entries() if not entry.recipe.is_dense]
    budgets = {(each.recipe.training.epochs, *(t.epochs for t in each.recipe.trainings[1:])) for each in pruned}
    assert budgets == {budget}
    for entry in pruned:
        ticket = study.load(entry.id)
        for name, mask in ticket.masks.items():
            assert not bool(ticket.state[name][~mask].any())
        if entry.recipe.method == "magnitude":
            [dense] = parents_of(entry.recipe)
            before = study.load(dense.id).state
            sizes = torch.cat([before[name].abs().flatten() for name in ticket.masks])
            least = sizes.sort(descending=True).values[entry.kept - 1]
            assert all(torch.equal(mask, before[name].abs() >= least) for name, mask in ticket.masks.items())


def test_random_masks_are_found_again() -> None:
    study = opened("cifar10-resnet20")
    entry = next(e for e in study.entries() if (e.recipe.method, e.recipe.sparsity) == ("random", 0.9))
    from pruning.data.base import Dataset, Split
    from pruning.finders.base import Trainer
    from pruning.finders.scoring import prune_by_score

    nothing = Split(torch.zeros(0, 3, 32, 32, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64))
    data = Dataset("none", tuple(entry.info.classes), nothing, nothing, tuple(entry.info.mean), tuple(entry.info.std))
    masks = prune_by_score(entry.recipe, build_model("resnet20", 10, (3, 32, 32), entry.recipe.seed), Trainer(data))
    shipped: Ticket = study.load(entry.id)
    for name, mask in masks.items():
        assert torch.equal(mask, shipped.masks[name])


def test_everything_is_measured(study: Study) -> None:
    results = Results(study.path)
    ids = [entry.id for entry in study.entries()]
    conditions = results.table("conditions")
    wanted = {("clean", 0), ("strong_jpeg", 1)}
    wanted |= {(name, severity) for name in NAMES for severity in study.config.analysis["severities"]}
    for ticket_id in ids:
        rows = conditions[conditions["ticket_id"] == ticket_id]
        assert set(zip(rows["corruption"], rows["severity"], strict=True)) >= wanted
        assert rows["n"].eq(TESTED).all()
    for table in ("summary", "layers", "weights", "samples", "reliability", "efficiency"):
        assert set(results.ids(table)) >= set(ids), table
    detailed = {entry.id for entry in study.entries() if entry.recipe.seed == study.detail_seed}
    assert set(results.ids("maps")) == set(results.ids("corrupted")) == detailed


def test_stored_accuracies_are_those_of_the_stored_predictions(study: Study) -> None:
    conditions = Results(study.path).table("conditions")
    for ticket_id, correct in unpack_correct(conditions).items():
        rows = conditions[conditions["ticket_id"] == ticket_id]
        np.testing.assert_allclose(correct.mean(1), rows["accuracy"])
