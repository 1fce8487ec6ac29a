"""Shuffled masks: as many pieces, of the same form, at places of equal chance."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pruning.data import load_data
from pruning.errors import UserError
from pruning.finders.base import Trainer
from pruning.finders.controls import shuffle
from pruning.finders.lineage import find_step, lineage
from pruning.granularity.layer import blocks_gone
from pruning.masks import Masks, counts, full_masks, make_masks
from pruning.models import build_model, prunable
from pruning.recipe import Recipe
from pruning.shrink import shrink
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.seeds import generator

SHAPE = (3, 8, 8)


def random_masks(structure: str, sparsity: float, *shapes: tuple[int, ...], seed: int = 0) -> Masks:
    """Masks of a structure from random scores."""
    source = torch.Generator().manual_seed(seed)
    scores = {f"layer{number}": torch.rand(shape, generator=source) for number, shape in enumerate(shapes)}
    return make_masks(scores, sparsity, structure=structure)


def kept(masks: Masks) -> dict[str, int]:
    """Weights kept in each layer."""
    return {name: int(mask.sum()) for name, mask in masks.items()}


def often(structure: str, mask: Tensor, times: int = 1500) -> Tensor:
    """The share of shuffles that keep each weight."""
    return torch.stack([shuffle({"w": mask}, seed, structure)["w"] for seed in range(times)]).double().mean(0)


def test_single_weights_are_permuted_within_their_layer() -> None:
    masks = random_masks("weight", 0.6, (7, 5), (3, 4, 2, 2))
    for name, found in shuffle(masks, 3).items():
        order = torch.randperm(masks[name].numel(), generator=generator(3, "shuffle", name))
        assert torch.equal(found.reshape(-1), masks[name].reshape(-1)[order])
        assert not torch.equal(found, masks[name])


def test_filters_move_whole() -> None:
    masks = random_masks("filter", 0.5, (12, 5), (10, 4, 2, 2))
    found = shuffle(masks, 1, "filter")
    assert kept(found) == kept(masks)
    for name, mask in found.items():
        assert bool((mask.flatten(1).any(1) == mask.flatten(1).all(1)).all())
        assert not torch.equal(mask, masks[name])


def test_a_filter_takes_along_what_was_pruned_in_it() -> None:
    """Weights that came pruned: rows change places as they are."""
    mask = torch.rand(9, 20, generator=torch.Generator().manual_seed(0)) < 0.5
    mask[4:7] = False
    found = shuffle({"w": mask}, 2, "filter")["w"]
    assert sorted(found.tolist()) == sorted(mask.tolist())
    assert not torch.equal(found, mask)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 2), st.floats(0, 0.9), st.integers(0, 99))
def test_tiles_move_whole_and_to_tiles_of_their_size(
    rows: int, columns: int, places: int, sparsity: float, seed: int
) -> None:
    masks = random_masks("block:2x3", sparsity, (rows, columns, places), (columns, rows), seed=seed)
    found = shuffle(masks, seed, "block:2x3")
    assert kept(found) == kept(masks)
    for mask in found.values():
        flat = mask.flatten(2) if mask.ndim > 2 else mask[:, :, None]
        tiles = [tile for row in flat.split(2, 0) for tile in row.split(3, 1)]
        assert all(tile[..., place].unique().numel() == 1 for tile in tiles for place in range(tile.shape[2]))


@pytest.mark.parametrize(("n", "m"), [(2, 4), (3, 5)])
def test_n_of_m_stay_n_of_m(n: int, m: int) -> None:
    masks = random_masks(f"{n}:{m}", 1 - n / m, (6, 20), (3, 20, 2, 2), (4, 7))
    found = shuffle(masks, 5, f"{n}:{m}")
    for name in ("layer0", "layer1"):
        groups = found[name].movedim(1, -1).reshape(-1, m)
        assert bool((groups.sum(1) == n).all())
        assert not torch.equal(found[name], masks[name])
    assert bool(found["layer2"].all())  # whose inputs are no multiple


@pytest.mark.parametrize(
    ("structure", "mask"),
    [
        ("filter", torch.arange(8).view(8, 1).expand(8, 3) < 2),
        ("block:2x2", torch.arange(16).view(4, 1, 4, 1).expand(4, 2, 4, 2).reshape(8, 8) < 4),
        ("1:4", (torch.arange(16) % 4 == 0).view(2, 8)),
    ],
)
def test_every_place_is_as_likely(structure: str, mask: Tensor) -> None:
    share = float(mask.double().mean())
    assert share == 0.25
    # five standard deviations of the mean of 1,500 coins
    assert float((often(structure, mask) - share).abs().max()) < 5 * (share * (1 - share) / 1500) ** 0.5


# --- residual blocks -------------------------------------------------------------------------------------------------


def without(model: nn.Module, *blocks: str) -> Masks:
    """Masks without these blocks."""
    masks = full_masks(prunable(model))
    for name in masks:
        masks[name] &= not name.startswith(tuple(f"{block}." for block in blocks))
    return masks


def test_other_blocks_of_the_same_sizes_go() -> None:
    model = build_model("resnet32", 10, SHAPE, 0)  # 5, 4 and 4 blocks
    masks = without(model, "layer1.1", "layer1.3", "layer3.2")
    seen = set()
    for seed in range(12):
        found = shuffle(masks, seed, "layer", model)
        gone, total = blocks_gone(model, found)
        seen.add(tuple(gone))
        assert total == 13
        assert [name.split(".")[0] for name in gone] == ["layer1", "layer1", "layer3"]
        assert counts(found) == counts(masks)
        assert gone != ["layer1.1", "layer1.3", "layer3.2"]
    assert len(seen) > 6  # of 10 x 4 - 1


def test_where_no_other_block_could_go_it_is_said() -> None:
    model = build_model("resnet20", 10, SHAPE, 0)
    for masks in (without(model), without(model, "layer3.1", "layer3.2")):
        with pytest.raises(UserError, match="no other residual blocks"):
            shuffle(masks, 0, "layer", model)


# --- as tickets ------------------------------------------------------------------------------------------------------

COMMON: dict[str, Any] = {"data": "digits", "criterion": "random", "training": Training(epochs=0.1, warmup_epochs=0)}


def control(original: Recipe) -> tuple[Ticket, Ticket]:
    """The original and its shuffled control, found."""
    recipe = Recipe(model=original.model, data="digits", finder="shuffled", of=original, training=original.training)
    assert recipe.granularity.name == original.option("structure")
    known: dict[str, Ticket] = {}
    trainer = Trainer(load_data("digits"))
    for step in lineage([recipe]):
        known[step.id] = find_step(step, known, trainer)
    return known[original.id], known[recipe.id]


def test_shuffled_filters_are_gone_too() -> None:
    original, mixed = control(Recipe(**COMMON, model="lenet300", structure="filter", sparsity=0.6))
    gone = [~ticket.masks["fc1.weight"].any(dim=1) for ticket in (original, mixed)]
    assert 0 < int(gone[0].sum()) == int(gone[1].sum())
    assert not torch.equal(*gone)
    assert not bool(mixed.state["fc1.bias"][gone[1]].any())
    smaller = shrink(mixed.model(), mixed.masks, mixed.info.shape)
    assert smaller is not None
    assert smaller.get_submodule("fc1").out_features == 300 - int(gone[1].sum())


def test_shuffled_blocks_are_gone_too() -> None:
    original, mixed = control(Recipe(**COMMON, model="resnet20", structure="layer", sparsity=0.3))
    gone = [blocks_gone(ticket.model(), ticket.masks)[0] for ticket in (original, mixed)]
    assert gone[0] != gone[1]
    assert [name.split(".")[0] for name in gone[0]] == [name.split(".")[0] for name in gone[1]]
    assert original.kept == mixed.kept
    assert not original.info.collapsed + mixed.info.collapsed  # the signal takes the shortcuts
