"""The second study that ships with the project, without its images: whole, small, measured, true to its text."""

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

SAMPLE = ROOT / "sample_checkpoints" / "cifar10-resnet20"
MEGABYTE = 2**20
TESTED = 1017
PICTURES = {".png", ".jpg", ".jpeg", ".npy", ".npz", ".gif", ".webp", ".bmp", ".tif", ".tiff"}


@pytest.fixture(scope="module")
def study() -> Study:
    return Study.open(SAMPLE)


def files() -> list[Path]:
    inside = [path for path in SAMPLE.rglob("*") if "cache" not in path.relative_to(SAMPLE).parts]
    return [path for path in inside if path.is_file() and path.name != ".lock"]


def test_every_ticket_is_there_and_readable(study: Study) -> None:
    entries, problems = study.scan()
    assert not problems
    assert [entry.id for entry in entries] == [recipe.id for recipe in study.recipes()]
    assert {entry.recipe.method for entry in entries} == {
        "dense", "random", "magnitude", "snip", "grasp", "synflow", "imp", "lrr", "gmp",
    }  # fmt: skip
    for entry in entries:
        assert entry.kept == entry.total - round(entry.recipe.sparsity * entry.total)
        assert entry.total == 268_336


def test_it_is_small_and_has_no_images() -> None:
    assert sum(path.stat().st_size for path in files()) < 60 * MEGABYTE
    assert not [path for path in files() if path.suffix.lower() in PICTURES]


def test_pictures_are_the_first_of_the_official_test_set() -> None:
    rows = json.loads((SAMPLE / "pictures.json").read_text())
    assert sorted(rows) == list(range(TESTED))


def test_the_description_says_what_the_images_are(study: Study) -> None:
    text = study.config.description
    assert "lossy" in text
    assert "JPEG" in text


def test_tickets_hold_what_their_recipes_say(study: Study) -> None:
    """Weights of the rewound network and its mask at every level of the line, as far as it is shipped."""
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


def test_random_masks_are_found_again(study: Study) -> None:
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
    for table in ("summary", "layers", "weights", "samples", "reliability", "efficiency", "maps"):
        assert set(results.ids(table)) >= set(ids), table


def test_stored_accuracies_are_those_of_the_stored_predictions(study: Study) -> None:
    conditions = Results(study.path).table("conditions")
    for ticket_id, correct in unpack_correct(conditions).items():
        rows = conditions[conditions["ticket_id"] == ticket_id]
        np.testing.assert_allclose(correct.mean(1), rows["accuracy"])
