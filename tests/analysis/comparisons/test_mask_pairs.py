"""Pairs of masks against plain counting."""

import numpy as np
import pytest
import torch
from scipy.stats import hypergeom, norm

from analysis.comparisons import mask_pairs
from analysis.metrics import overlap
from analysis.metrics.intersections import regions


def counts(seed: int, names: str = "ab") -> overlap.Counts:
    generator = torch.Generator().manual_seed(seed)
    shapes = {"conv.weight": (4, 3, 3, 3), "fc.weight": (10, 36)}
    return overlap.count(
        {name: {key: torch.rand(shape, generator=generator) < 0.4 for key, shape in shapes.items()} for name in names}
    )


@pytest.mark.parametrize("metric", ["jaccard", "overlap", "hamming"])
def test_chance_is_what_shuffled_masks_give_on_average(metric: str) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(2000) < 0.3, rng.random(2000) < 0.2
    found = mask_pairs.layers_of_pair(
        overlap.count({n: {"l": torch.from_numpy(m)} for n, m in (("a", a), ("b", b))}), metric
    )
    draws = []
    for _ in range(300):
        other = rng.permutation(b)
        both, either = (a & other).sum(), (a | other).sum()
        draws.append({"jaccard": both / either, "overlap": both / b.sum(), "hamming": (a ^ other).mean()}[metric])
    assert found["chance"].item() == pytest.approx(np.mean(draws), rel=0.02)


def test_chance_of_what_is_relative_to_chance() -> None:
    assert mask_pairs.layers_of_pair(counts(0), "adjusted")["chance"].to_numpy() == pytest.approx(0, abs=1e-12)
    assert mask_pairs.layers_of_pair(counts(0), "lift")["chance"].to_numpy() == pytest.approx(1)


def test_layers_say_what_is_kept() -> None:
    mask = torch.tensor([True, True, False, False])
    other = torch.tensor([True, False, True, True])
    row = mask_pairs.layers_of_pair(overlap.count({"a": {"l": mask}, "b": {"l": other}}), "jaccard").iloc[0]
    assert (row["value"], row["both"], row["kept_a"], row["kept_b"], row["total"]) == (0.25, 1, 2, 3, 4)


def test_the_closest_pair_is_not_a_pair_of_twins() -> None:
    base = torch.rand(400, generator=torch.Generator().manual_seed(1)) < 0.5
    near, far = base.clone(), torch.rand(400, generator=torch.Generator().manual_seed(2)) < 0.5
    near[:20] = ~near[:20]
    masks = {"full": torch.ones(400, dtype=torch.bool), "far": far, "base": base, "twin": base, "near": near}
    found = mask_pairs.closest(overlap.count({name: {"l": mask} for name, mask in masks.items()}))
    assert found in [(2, 4), (3, 4)]
    assert mask_pairs.closest(overlap.count({"a": {"l": base}, "b": {"l": base}})) == (0, 1)


def masks(seed: int = 0) -> dict[str, dict[str, torch.Tensor]]:
    """Two independent masks, and a twin of the first."""
    generator = torch.Generator().manual_seed(seed)
    found = {name: {"l": torch.rand(400, generator=generator) < 0.4} for name in "ab"}
    return found | {"c": {"l": found["a"]["l"].clone()}}


def test_twins_are_those_alike_at_every_seed() -> None:
    each = [overlap.count(masks(seed)) for seed in range(2)]
    assert mask_pairs.twins(each) == {"c": "a"}
    other = masks(3)
    other["c"]["l"][0] ^= True
    assert mask_pairs.twins([*each, overlap.count(other)]) == {}


def test_pairs_are_means_over_seeds_with_an_interval_furthest_beyond_chance_first() -> None:
    found = mask_pairs.pairs([overlap.count(masks(seed)) for seed in range(3)])
    assert (found.loc[0, "a"], found.loc[0, "b"], found.loc[0, "overlap"]) == ("a", "c", 1)
    each = [
        float((one["a"]["l"] & one["b"]["l"]).sum() / min(one["a"]["l"].sum(), one["b"]["l"].sum()))
        for one in map(masks, range(3))
    ]
    row = found.set_index(["a", "b"]).loc[("a", "b")]
    reach = 4.302652729911275 * np.std(each, ddof=1) / np.sqrt(3)
    assert row["overlap"] == pytest.approx(np.mean(each))
    assert row["high"] == pytest.approx(np.mean(each) + reach)
    assert list(mask_pairs.pairs([]).columns) == mask_pairs.PAIRS


def test_the_regions_beyond_chance_come_first_when_asked_for() -> None:
    table = regions(masks())
    largest, beyond = (mask_pairs.ranked(table, each) for each in (False, True))
    assert largest["count"].is_monotonic_decreasing
    assert beyond["members"][0] == ("a", "c")  # twins
    assert (beyond["count"] - beyond["expected"]).is_monotonic_decreasing
    assert len(largest) == len(beyond) == len(table)
    none = mask_pairs.ranked(table.assign(expected=0.4), False)
    assert (none["count"] > 0).all()  # neither there, nor to be expected
    assert largest["count"].sum() == table["count"].sum()


def test_groups_are_compared_ticket_by_ticket() -> None:
    found = mask_pairs.between(overlap.count(masks()), ["a", "b"], ["c"])
    assert found[["first", "second"]].values.tolist() == [["a", "c"], ["b", "c"]]
    assert found.loc[0, ["adjusted", "jaccard"]].tolist() == [1, 1]
    a, b = (masks()[name]["l"] for name in "ab")
    assert found.loc[1, "jaccard"] == pytest.approx(float((a & b).sum() / (a | b).sum()))
    expected = float(a.sum() * b.sum()) / 400
    assert found.loc[1, "jaccard_by_chance"] == pytest.approx(expected / (float(a.sum() + b.sum()) - expected))


def test_beyond_chance_of_one_seed_is_a_hypergeometric_test_by_layer() -> None:
    """Two masks with more in common than chance gives: value, error and interval by scipy, layer by layer."""
    found = counts(0)
    found.both[1, 0, 1] = found.both[1, 1, 0] = found.both[1, 0, 1] + 25
    row = mask_pairs.beyond_chance([found]).iloc[0]
    laws = [hypergeom(n, a, b) for n, (a, b) in zip(found.sizes, found.kept, strict=True)]
    least = found.kept.sum(0).min()
    excess = (found.both[:, 0, 1].sum() - sum(law.mean() for law in laws)) / least
    error = np.sqrt(sum(law.var() for law in laws)) / least
    assert row["difference"] == pytest.approx(excess)
    assert row["p"] == pytest.approx(2 * norm.sf(excess / error))
    assert (row["low"], row["high"]) == pytest.approx((excess - 1.96 * error, excess + 1.96 * error), abs=1e-4)
    assert row["verdict"] == "differs"


def test_beyond_chance_of_several_seeds_is_of_the_tickets_that_all_have() -> None:
    table = mask_pairs.beyond_chance([counts(0, "abc"), counts(1, "ab")])
    assert table[["a", "b", "seeds"]].to_numpy().tolist() == [["a", "b", 2]]
    each = [mask_pairs.beyond_chance([counts(seed)])["difference"].item() for seed in (0, 1)]
    assert table["difference"].item() == pytest.approx(np.mean(each))
    assert mask_pairs.beyond_chance([counts(0, "a")]).empty
    assert mask_pairs.beyond_chance([]).empty
