"""Regions of several masks, against a walk over every weight and against the counts of pairs."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.metrics import intersections, overlap
from analysis.metrics.overlap import PackedMasks
from pruning.errors import UserError
from pruning.masks import Masks


def drawn(tickets: int, sizes: list[int], seed: int) -> dict[str, Masks]:
    """Masks of layers of these sizes, each of a density of its own."""
    source = torch.Generator().manual_seed(seed)
    return {
        f"t{ticket}": {
            f"layer{place}": torch.rand(size, generator=source) < torch.rand(1, generator=source)
            for place, size in enumerate(sizes)
        }
        for ticket in range(tickets)
    }


def by_hand(masks: dict[str, Masks], layers: list[str]) -> dict[tuple[str, ...], int]:
    """One weight after the other."""
    found: dict[tuple[str, ...], int] = {}
    for layer in layers:
        rows = [mask[layer].reshape(-1).tolist() for mask in masks.values()]
        for kept in zip(*rows, strict=True):
            members = tuple(name for name, keeps in zip(masks, kept, strict=True) if keeps)
            found[members] = found.get(members, 0) + 1
    found.pop((), None)
    return found


def nonzero(regions: pd.DataFrame) -> dict[tuple[str, ...], int]:
    return {members: n for members, n in zip(regions["members"], regions["count"], strict=True) if n}


MASKS = st.builds(
    drawn, st.integers(1, 5), st.lists(st.integers(0, 200), min_size=1, max_size=3), st.integers(0, 10**6)
)


@settings(deadline=None, max_examples=40)
@given(masks=MASKS)
def test_regions_are_those_of_every_weight(masks: dict[str, Masks]) -> None:
    found = intersections.regions(masks)
    assert len(found) == 2 ** len(masks) - 1
    assert nonzero(found) == by_hand(masks, [*masks["t0"]])
    assert found["size"].tolist() == [len(members) for members in found["members"]]
    assert found["count"].is_monotonic_decreasing
    for layer in masks["t0"]:
        alone = intersections.regions({name: {layer: mask[layer]} for name, mask in masks.items()})
        assert nonzero(alone) == by_hand(masks, [layer])


@settings(deadline=None, max_examples=25)
@given(masks=MASKS)
def test_regions_add_up_to_tickets_and_pairs(masks: dict[str, Masks]) -> None:
    """Also what chance gives, which for one ticket is what it keeps and for two is what `overlap` says."""
    found, counts = intersections.regions(masks), overlap.count(masks)
    expected = counts.expected().sum(0)
    for i, one in enumerate(masks):
        within = found[[one in members for members in found["members"]]]
        assert within["count"].sum() == counts.kept.sum(0)[i]
        assert within["expected"].sum() == pytest.approx(counts.kept.sum(0)[i])
        for j, other in enumerate(masks):
            if j > i:
                shared = within[[other in members for members in within["members"]]]
                assert shared["count"].sum() == counts.both.sum(0)[i, j]
                assert shared["expected"].sum() == pytest.approx(expected[i, j])


def test_many_words_and_packed_masks() -> None:
    """Several blocks, the last of them short, and layers that end within a word; NumPy counts the same."""
    sizes = [64 * intersections.WORDS * 2 + 64 * 7 + 13, 5, 64 * intersections.WORDS]
    masks = drawn(8, sizes, 3)
    packed = {name: PackedMasks.pack(mask) for name, mask in masks.items()}
    found = intersections.regions(packed)
    pd.testing.assert_frame_equal(found, intersections.regions(masks))
    number = sum(
        torch.cat([*mask.values()]).numpy().astype(np.int64) << place for place, mask in enumerate(masks.values())
    )
    counted = np.bincount(np.asarray(number), minlength=256)
    for members, n in zip(found["members"], found["count"], strict=True):
        assert counted[sum(1 << int(name[1:]) for name in members)] == n


def test_chance_by_hand() -> None:
    """One layer of 8 of which a keeps 4 and b 2, one of 2 that both keep whole."""
    a = {"x": torch.tensor([1, 1, 1, 1, 0, 0, 0, 0]).bool(), "y": torch.ones(2).bool()}
    b = {"x": torch.tensor([1, 0, 0, 0, 0, 0, 0, 1]).bool(), "y": torch.ones(2).bool()}
    found = intersections.regions({"a": a, "b": b}).set_index("members")
    assert found["count"].to_dict() == {("a",): 3, ("a", "b"): 3, ("b",): 1}
    assert found["expected"].to_dict() == {("a",): 3, ("a", "b"): 3, ("b",): 1}  # 8 x .5 x .75, 8 x .5 x .25 + 2, ...
    assert found.index.tolist() == [("a",), ("a", "b"), ("b",)]  # of as large ones the smaller set


def test_what_cannot_be_compared() -> None:
    assert intersections.regions({}).empty
    with pytest.raises(UserError, match="9 tickets have 511 regions; choose at most 8"):
        intersections.regions(drawn(9, [3], 0))
    masks = drawn(2, [3], 0)
    with pytest.raises(UserError, match="layer 'layer0' is 3 in 't0' and 4 in 't1'"):
        intersections.regions({"t0": masks["t0"], "t1": drawn(1, [4], 0)["t0"]})


@settings(deadline=None, max_examples=25)
@given(masks=MASKS)
def test_pairs_with_chance_are_the_metrics(masks: dict[str, Masks]) -> None:
    found = overlap.pairs_with_chance(overlap.count(masks))
    assert list(zip(found["a"], found["b"], strict=True)) == list(combinations(masks, 2))
    metrics = {metric: overlap.pairwise(masks, metric) for metric in ("overlap", "lift")}
    total = sum(mask.numel() for mask in masks["t0"].values())
    kept = {name: sum(int(mask.sum()) for mask in layers.values()) for name, layers in masks.items()}
    for row in found.itertuples():
        for metric, values in metrics.items():
            np.testing.assert_allclose(getattr(row, metric), values.loc[str(row.a), str(row.b)])
        one, other = masks[str(row.a)], masks[str(row.b)]
        least = min(kept[str(row.a)], kept[str(row.b)])
        by_layers = sum(int(m.sum()) * int(other[at].sum()) / m.numel() for at, m in one.items() if m.numel())
        plain = kept[str(row.a)] * kept[str(row.b)] / total if total else 0
        chance = (by_layers / least, plain / least) if least else (np.nan, np.nan)
        np.testing.assert_allclose([row.chance_layers, row.chance_global], chance)
