"""Pruned by hand in a moment: the masks and the accuracy are those of the finder and of evaluating."""

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.comparisons.budget import Suggested, method_lines
from analysis.engine.layer_cuts import manual_recipe
from analysis.engine.what_if import (
    BLOCKS,
    COUPLED,
    LAYERS,
    ByHand,
    Seen,
    Tried,
    against_whole,
    block_of,
    total,
    try_out,
)
from pruning.criteria import CRITERIA
from pruning.data import load_data, normalise
from pruning.finders.base import Trainer
from pruning.finders.scoring import prune_by_score
from pruning.masks import apply_masks
from pruning.procedure import FINDERS
from pruning.study.adding import add_method
from pruning.study.folder import Study


@pytest.mark.parametrize("criterion", ["magnitude", "snip"])
def test_it_is_what_the_finder_would_prune(found_study: Path, criterion: str) -> None:
    study, data = Study.open(found_study), load_data("digits")
    ticket = study.load(next(entry.id for entry in study.entries() if entry.recipe.is_dense))
    trainer = Trainer(data)
    by_hand = ByHand(ticket, criterion, trainer)
    alone = [("fc1.weight",), ("fc2.weight",), ("fc3.weight",)]
    assert by_hand.groups == dict.fromkeys((LAYERS, COUPLED, BLOCKS), alone)
    masks = by_hand.masks({("fc1.weight",): 0.9, ("fc3.weight",): 0.5})
    layers = {"fc1": 0.9, "fc2": 0.0, "fc3": 0.5}
    recipe = manual_recipe(ticket, criterion, "weight").but(layers=layers, sparsity=total(masks))
    model = ticket.model()
    for name, mask in prune_by_score(recipe, model, trainer).items():
        assert torch.equal(mask, masks[name])
    images, labels = data.test.images[:300], data.test.labels[:300]
    (tried,) = try_out(masks, [Seen(by_hand.network, images, labels)])
    apply_masks(model, masks)
    with torch.no_grad():
        right = model.eval()(normalise(images, data.mean, data.std)).argmax(1) == labels
    assert tried.accuracy == pytest.approx(float(right.float().mean()))
    assert tried.low < tried.accuracy < tried.high or np.isclose(tried.accuracy, 1)


@pytest.mark.parametrize("criterion", [name for name, each in CRITERIA.items() if each.structure is None])
def test_what_is_kept_as_a_method_prunes_what_was_shown(study_copy: Path, criterion: str) -> None:
    """Scored on the trained network, whatever weights the criterion is usually meant for."""
    study, trainer = Study.open(study_copy), Trainer(load_data("digits"))
    ticket = study.load(next(entry.id for entry in study.entries() if entry.recipe.is_dense))
    shares = {"fc1": 0.9, "fc2": 0.0, "fc3": 0.335}
    shown = ByHand(ticket, criterion, trainer).masks({(f"{name}.weight",): share for name, share in shares.items()})
    add_method(study, method_lines(Suggested(shares, total(shown), 0.0), "kept", criterion))
    [recipe] = (each for each in Study.open(study_copy).recipes() if (each.method, each.seed) == ("kept", 0))
    assert FINDERS["manual"].parents(recipe) == [ticket.recipe]
    for name, mask in prune_by_score(recipe, ticket.model(), trainer, ticket.masks).items():
        assert torch.equal(mask, shown[name])


def test_layers_of_a_block_are_one() -> None:
    names = ["conv1.weight", "layers.0.conv1.weight", "layers.0.conv2.weight", "layers.1.conv1.weight", "fc.weight"]
    assert [block_of(name) for name in names] == ["conv1", "layers.0", "layers.0", "layers.1", "fc"]


def test_what_pruning_costs_is_paired_over_the_images() -> None:
    """Of 400 images 30 are lost and 6 won, clean; under a corruption as many either way."""
    whole = [np.arange(400) < 380, np.arange(400) < 200]
    pruned = [each.copy() for each in whole]
    pruned[0][:30], pruned[0][394:] = False, True
    pruned[1][:8], pruned[1][392:] = False, True
    table = against_whole([Tried.of(each) for each in pruned], [Tried.of(each) for each in whole])
    assert table["difference"].tolist() == pytest.approx([-24 / 400, 0])
    assert table["verdict"].tolist() == ["differs", "cannot tell"]
    # Bonett & Price (2012), at the first of two steps of Holm's procedure
    centre, square = -24 / 402, (36 + 2) / 402
    reach = 2.2414 * np.sqrt((square - centre**2) / 402)
    assert table.loc[0, ["low", "high"]].tolist() == pytest.approx([centre - reach, centre + reach], abs=1e-4)
