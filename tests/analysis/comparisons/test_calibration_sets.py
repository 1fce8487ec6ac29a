"""Masks of several calibration sets: which tickets are compared, and their overlap counted by hand."""

from itertools import combinations

import torch

from analysis.comparisons.calibration_sets import SEEDS, SETS, groups, overlaps
from analysis.metrics import overlap
from pruning.recipe import Recipe


def recipe(name: str, seed: int, draw: int | None, sparsity: float = 0.75, **fields: object) -> Recipe:
    """One of Wanda's, of a calibration set."""
    chosen = {} if draw is None else {"calibration": {"seed": draw, "images": 64}}
    return Recipe(model="lenet300", data="digits", criterion="wanda", sparsity=sparsity, seed=seed,
                  name=f"{name}_calibration_{draw}", **chosen, **fields)  # fmt: skip


def test_groups_are_of_recipes_that_differ_in_draw_and_seed_alone() -> None:
    found = groups({
        "a": recipe("w", 0, 3), "b": recipe("w", 0, 5), "c": recipe("w", 1, 3),
        "d": recipe("w", 0, 3, sparsity=0.5),  # alone at its sparsity
        "e": recipe("v", 0, 3, allocation="global"), "f": recipe("v", 0, 5, allocation="global"),
        "g": recipe("u", 0, None),
    })  # fmt: skip
    assert [group.tickets for group in found] == [
        {(0, 3): "a", (0, 5): "b", (1, 3): "c"},
        {(0, 3): "e", (0, 5): "f"},
    ]
    assert [(group.method, group.sets) for group in found] == [("w", [3, 5]), ("v", [3, 5])]


def test_overlaps_are_means_over_pairs() -> None:
    source = torch.Generator().manual_seed(0)
    masks = {
        name: {"a": torch.rand(20, generator=source) < 0.4, "b": torch.rand(30, generator=source) < 0.6}
        for name in ("s0c0", "s0c1", "s0c2", "s1c0", "s1c1", "s1c2")
    }
    found = groups({name: recipe("w", int(name[1]), int(name[3])) for name in masks})
    rows = overlaps(found, lambda ids: overlap.count({name: masks[name] for name in ids}))

    def shared(one: str, other: str) -> float:
        kept = [torch.cat([masks[name]["a"], masks[name]["b"]]) for name in (one, other)]
        return float((kept[0] & kept[1]).sum()) / min(int(kept[0].sum()), int(kept[1].sum()))

    same_seed = [shared(a, b) for a, b in combinations(masks, 2) if a[1] == b[1]]
    same_set = [shared(a, b) for a, b in combinations(masks, 2) if a[3] == b[3]]
    assert list(rows["what"]) == [SETS, SEEDS]
    for row, own in zip(rows.itertuples(), (same_seed, same_set), strict=True):
        assert (row.pairs, row.sets, row.seeds, row.images) == (len(own), 3, 2, 64)
        assert abs(row.overlap - sum(own) / len(own)) < 1e-12
        assert (row.low, row.high) == (min(own), max(own))
        assert 0.2 < row.chance < 0.7
    assert (rows["pairs"] == [6, 3]).all()


def test_one_seed_has_no_other() -> None:
    masks = {name: {"a": torch.tensor([True, name == "x", False, True])} for name in ("x", "y")}
    found = groups({"x": recipe("w", 0, 1), "y": recipe("w", 0, 2)})
    rows = overlaps(found, lambda ids: overlap.count({name: masks[name] for name in ids}))
    assert list(rows["what"]) == [SETS]
    assert groups({"x": recipe("w", 0, 1), "y": recipe("w", 1, 2)}) == []
