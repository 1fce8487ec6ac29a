"""The study that ships with the project: whole, small, and found again from its recipes."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from pruning import Study, Ticket
from pruning.data import load_data
from pruning.finders.base import Trainer
from pruning.finders.lineage import find_step, parents_of
from pruning.finders.scoring import prune_by_score
from tests import ROOT

SAMPLE = ROOT / "sample_checkpoints" / "mnist5k-lenet5"
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def study() -> Study:
    return Study.open(SAMPLE)


def test_every_ticket_is_there_and_readable(study: Study) -> None:
    entries, problems = study.scan()
    assert not problems
    assert [entry.id for entry in entries] == [recipe.id for recipe in study.recipes()]
    for entry in entries:
        assert entry.kept == entry.total - round(entry.recipe.sparsity * entry.total)
        assert 50_000 <= entry.total <= 150_000


def test_it_is_small_enough_to_ship() -> None:
    files = [path for path in SAMPLE.rglob("*") if path.is_file() and "cache" not in path.relative_to(SAMPLE).parts]
    assert sum(path.stat().st_size for path in files) < 60 * MEGABYTE


@pytest.mark.parametrize(("method", "sparsity"), [("synflow", 0.9), ("random", 0.98)])
def test_a_ticket_is_found_again_bit_for_bit(study: Study, method: str, sparsity: float) -> None:
    """Masks of criteria that need no training do not depend on the processor: double precision, or chance alone."""
    recipe = next(r for r in study.recipes() if (r.method, r.sparsity, r.seed) == (method, sparsity, 1))
    shipped = study.load(recipe.id)
    trainer = Trainer(load_data(recipe.data))
    masks = prune_by_score(recipe, trainer.build(recipe), trainer)
    assert list(masks) == list(shipped.masks)
    for name, mask in masks.items():
        assert torch.equal(mask, shipped.masks[name]), name


def test_a_control_is_found_again_from_its_parent(study: Study) -> None:
    recipe = next(r for r in study.recipes() if (r.method, r.sparsity, r.seed) == ("shuffled", 0.95, 0))
    short = recipe.model_copy(update={"training": recipe.training.but(epochs=1e-9)})
    parent = parents_of(recipe)[0]
    found = find_step(short, {parents_of(short)[0].id: study.load(parent.id)}, Trainer(load_data(recipe.data)))
    shipped = study.load(recipe.id)
    for name, mask in found.masks.items():
        assert torch.equal(mask, shipped.masks[name]), name
    for name, mask in study.load(parent.id).masks.items():
        assert int(mask.sum()) == int(shipped.masks[name].sum())


def test_levels_of_iterative_pruning_lie_within_one_another(study: Study) -> None:
    levels = [r for r in study.recipes() if r.finder == "imp" and r.seed == 0]
    masks = [study.load(r.id).masks for r in sorted(levels, key=lambda r: r.sparsity)]
    for wide, narrow in pairwise(masks):
        for name in wide:
            assert bool((wide[name] | ~narrow[name]).all())


def test_the_accuracies_on_file_are_those_of_the_models(study: Study) -> None:
    from pruning.data import normalise

    data = load_data(study.config.data)
    images = normalise(data.test.images, data.mean, data.std)
    for entry in study.entries()[::11]:
        with torch.no_grad():
            right = Ticket.load(entry.path).model()(images).argmax(1) == data.test.labels
        # another processor may round one image near a boundary to the other side
        assert np.isclose(float(right.double().mean()), entry.info.accuracy, atol=0.002)
