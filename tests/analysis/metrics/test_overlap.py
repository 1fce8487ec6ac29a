from collections.abc import Iterator
from itertools import combinations
from math import inf, isnan, nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.utils import prune

from analysis.metrics import few_bits, intersections, overlap
from analysis.metrics.overlap_metrics import METRICS, OverlapMetric
from pruning.errors import UserError
from pruning.library import Pruned
from pruning.masks import Masks, pack
from pruning.study.folder import Study
from pruning.ticket import Ticket

BLOCKWISE = overlap.BLOCK * overlap.WORD


@pytest.fixture(autouse=True, scope="module")
def compiled() -> Iterator[None]:
    """The compiled loops are those that are held against the definitions; NumPy's, for few words, against them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(few_bits, "FEW", 0)
        yield


def bools(text: str) -> Tensor:
    return torch.tensor([letter == "1" for letter in text])


def by_definition(a: list[set[int]], b: list[set[int]], sizes: list[int], metric: str) -> float:
    """The metric from sets of kept positions, a set a layer, straight from its definition."""
    both = sum(len(x & y) for x, y in zip(a, b, strict=True))
    either = sum(len(x | y) for x, y in zip(a, b, strict=True))
    differ = sum(len(x ^ y) for x, y in zip(a, b, strict=True))
    least = min(sum(map(len, a)), sum(map(len, b)))
    chance = sum(n * (len(x) / n) * (len(y) / n) for x, y, n in zip(a, b, sizes, strict=True) if n)
    above, below = {
        "jaccard": (both, either),
        "overlap": (both, least),
        "adjusted": (both - chance, least - chance),
        "lift": (both, chance),
        "hamming": (differ, sum(sizes)),
    }[metric]
    return above / below if abs(below) > 1e-9 else nan


def sets(masks: Masks) -> list[set[int]]:
    return [{i for i, kept in enumerate(mask.reshape(-1).tolist()) if kept} for mask in masks.values()]


@st.composite
def tickets(draw: st.DrawFn) -> dict[str, Masks]:
    """Two to four tickets of one to three layers with sizes about the edges of a word, of any density."""
    shapes = draw(
        st.lists(st.sampled_from([(0,), (1,), (63,), (8, 8), (5, 13), (2, 4, 3, 7), (130,)]), min_size=1, max_size=3)
    )
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10_000)))

    def mask(shape: tuple[int, ...]) -> Tensor:
        return torch.rand(shape, generator=generator) < draw(st.sampled_from([0, 0.05, 0.5, 0.95, 1]))

    names = draw(st.lists(st.text("abc", min_size=1), min_size=2, max_size=4, unique=True))
    return {name: {f"layer {i}": mask(shape) for i, shape in enumerate(shapes)} for name in names}


@pytest.mark.parametrize("metric", METRICS)
@given(masks=tickets(), threads=st.sampled_from([1, 2]))
@settings(max_examples=60, deadline=None)
def test_every_metric_is_what_its_definition_on_sets_says(metric: str, masks: dict[str, Masks], threads: int) -> None:
    sizes = [mask.numel() for mask in next(iter(masks.values())).values()]
    counts = overlap.count(masks, threads)
    square = overlap.pairwise(counts, metric)
    for a, b in [(a, b) for a in masks for b in masks]:
        expected = by_definition(sets(masks[a]), sets(masks[b]), sizes, metric)
        assert square.loc[a, b] == pytest.approx(expected, nan_ok=True)
    long = overlap.by_layer(counts, metric)
    rows = [(a, b, layer) for a, b in combinations(masks, 2) for layer in masks[a]]
    assert list(long[["a", "b", "layer"]].itertuples(index=False, name=None)) == rows
    for a, b, layer, value in long.itertuples(index=False, name=None):
        one, other = {layer: masks[a][layer]}, {layer: masks[b][layer]}
        expected = by_definition(sets(one), sets(other), [masks[a][layer].numel()], metric)
        assert value == pytest.approx(expected, nan_ok=True)


def test_an_example_worked_by_hand() -> None:
    # A keeps 4 + 2 = 6 of 8 + 4 weights, B 2 + 2 = 4; in common 1 + 2 = 3. By chance 4 * 2 / 8 + 2 * 2 / 4 = 2.
    masks = {
        "A": {"conv": bools("11110000").view(2, 4), "fc": bools("1100")},
        "B": {"conv": bools("10001000").view(2, 4), "fc": bools("1100")},
    }
    by_hand = {
        "jaccard": (3 / 7, [1 / 5, 1.0]),
        "overlap": (3 / 4, [1 / 2, 1.0]),
        "adjusted": ((3 - 2) / (4 - 2), [(1 - 1) / (2 - 1), (2 - 1) / (2 - 1)]),
        "lift": (3 / 2, [1.0, 2.0]),
        "hamming": (4 / 12, [4 / 8, 0.0]),
    }
    assert set(by_hand) == set(METRICS)
    for metric, (whole, layers) in by_hand.items():
        square = overlap.pairwise(masks, metric)
        assert square.loc["A", "B"] == square.loc["B", "A"] == pytest.approx(whole)
        long = overlap.by_layer(masks, metric)
        assert long.layer.tolist() == ["conv", "fc"]
        assert long.value.tolist() == pytest.approx(layers)
    assert overlap.pairwise(masks).loc["A", "B"] == pytest.approx(3 / 7), "Jaccard is what is asked for by default"


def test_layers_longer_than_a_block_are_counted_whole_on_any_number_of_threads() -> None:
    generator = torch.Generator().manual_seed(1)
    shapes = {"a": (BLOCKWISE,), "b": (2, BLOCKWISE // 2 + 33), "c": (3 * BLOCKWISE - 1,), "d": (7,)}
    masks = {
        name: {layer: torch.rand(shape, generator=generator) < density for layer, shape in shapes.items()}
        for name, density in (("x", 0.1), ("y", 0.7), ("z", 0.02))
    }
    expected = [[[int((masks[i][layer] & masks[j][layer]).sum()) for j in masks] for i in masks] for layer in shapes]
    packed = {name: overlap.PackedMasks.pack(ticket) for name, ticket in masks.items()}
    forms: list[overlap.MasksByName] = [masks, packed, {**masks, "y": packed["y"]}]
    for given_ in forms:
        for threads in (1, 2, 5, None):
            counts = overlap.count(given_, threads)
            assert counts.both.tolist() == expected
            assert counts.sizes.tolist() == [mask.numel() for mask in masks["x"].values()]
    assert (counts.names, counts.layers) == (list(masks), list(shapes))


def test_packed_masks_hold_each_layer_from_its_lowest_bit_on() -> None:
    masks = {"a": bools("1101").view(2, 2), "b": torch.arange(70) == 65, "c": torch.zeros(0, dtype=torch.bool)}
    packed = overlap.PackedMasks.pack(masks)
    assert packed.words.tolist() == [0b1011, 0, 1 << 1]
    assert packed.shapes == {"a": (2, 2), "b": (70,), "c": (0,)}
    assert [words.tolist() for words in packed.layers().values()] == [[0b1011], [0, 2], []]
    swapped = np.array([int(f"{byte:08b}"[::-1], 2) for byte in pack(masks["b"])])
    assert packed.layers()["b"].view(np.uint8)[:9].tolist() == swapped.tolist()


def test_masks_that_do_not_lie_in_order_in_memory_are_read_in_the_order_of_their_indices() -> None:
    generator = torch.Generator().manual_seed(2)
    plain = torch.rand((6, 5, 3, 3), generator=generator) < 0.5
    last = plain.contiguous(memory_format=torch.channels_last)
    cut = (torch.rand((6, 5, 3, 6), generator=generator) < 0.5)[..., ::2]
    assert not last.is_contiguous()
    assert overlap.pairwise({"a": {"w": plain}, "b": {"w": last}}).loc["a", "b"] == 1
    both = overlap.count({"a": {"w": last}, "b": {"w": cut}}).both[0, 0, 1]
    assert both == int((plain & cut).sum())


def shuffled(masks: Masks, generator: torch.Generator) -> Masks:
    return {
        layer: mask.reshape(-1)[torch.randperm(mask.numel(), generator=generator)].view(mask.shape)
        for layer, mask in masks.items()
    }


def test_layerwise_shuffled_masks_overlap_by_chance() -> None:
    generator = torch.Generator().manual_seed(3)
    densities = {"dense": 0.6, "medium": 0.2, "sparse": 0.02}
    masks = {layer: torch.rand((40, 50), generator=generator) < density for layer, density in densities.items()}
    named = {"ticket": masks} | {str(i): shuffled(masks, generator) for i in range(60)}
    counts = overlap.count(named)
    adjusted = overlap.pairwise(counts, "adjusted").to_numpy()[np.triu_indices(61, 1)]
    lift = overlap.pairwise(counts, "lift").to_numpy()[np.triu_indices(61, 1)]
    # of the 1,830 pairs 30 are disjoint, so the mean is known at least as well as from 30 independent values
    assert abs(adjusted.mean()) < 3 * adjusted.std() / np.sqrt(30)
    assert abs(lift.mean() - 1) < 3 * lift.std() / np.sqrt(30)
    assert adjusted.std() < 0.05
    uncorrected = overlap.pairwise(counts, "overlap").to_numpy()[np.triu_indices(61, 1)]
    assert uncorrected.mean() > 0.4, "by the layers' sparsities alone, which is why chance is taken off"


@given(seed=st.integers(0, 1000), density=st.floats(0.05, 0.9), part=st.floats(0.1, 0.9))
@settings(max_examples=50, deadline=None)
def test_a_ticket_inside_another_has_overlap_and_adjusted_overlap_1(seed: int, density: float, part: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    outer = {layer: torch.rand(shape, generator=generator) < density for layer, shape in {"a": 900, "b": 400}.items()}
    inner = {layer: mask & (torch.rand(mask.shape, generator=generator) < part) for layer, mask in outer.items()}
    masks = {"outer": outer, "inner": inner}
    for metric in ("overlap", "adjusted"):
        assert (overlap.pairwise(masks, metric) == 1).all(axis=None)
    assert overlap.pairwise(masks, "lift").loc["outer", "inner"] >= 1


@given(masks=tickets())
@settings(max_examples=50, deadline=None)
def test_matrices_are_symmetric_and_metrics_keep_their_ranges(masks: dict[str, Masks]) -> None:
    counts = overlap.count(masks)
    for name, metric in METRICS.items():
        square = overlap.pairwise(counts, name)
        pd.testing.assert_frame_equal(square, square.T)
        values = square.to_numpy()
        values = values[~np.isnan(values)]
        assert ((values >= metric.low) & (values <= metric.high + 1e-12)).all()
    assert (np.diag(overlap.pairwise(counts, "hamming").fillna(0)) == 0).all()


def test_what_is_undefined_is_nan() -> None:
    masks = {
        "empty": {"w": torch.zeros(10, dtype=torch.bool)},
        "dense": {"w": torch.ones(10, dtype=torch.bool)},
        "half": {"w": torch.arange(10) < 5},
    }
    expected = {  # empty-empty, empty-dense, dense-dense, dense-half, half-half
        "jaccard": [nan, 0.0, 1.0, 0.5, 1.0],
        "overlap": [nan, nan, 1.0, 1.0, 1.0],
        "adjusted": [nan, nan, nan, nan, 1.0],
        "lift": [nan, nan, 1.0, 1.0, 2.0],
        "hamming": [0.0, 1.0, 0.0, 0.5, 0.0],
    }
    pairs = [("empty", "empty"), ("empty", "dense"), ("dense", "dense"), ("dense", "half"), ("half", "half")]
    for metric, values in expected.items():
        square = overlap.pairwise(masks, metric)
        assert [square.loc[pair] for pair in pairs] == pytest.approx(values, nan_ok=True), metric


def test_one_ticket_or_none_gives_small_frames_not_errors() -> None:
    one = {"a": {"w": bools("101")}}
    assert overlap.pairwise(one).to_numpy().tolist() == [[1.0]]
    assert overlap.by_layer(one).empty
    assert overlap.by_layer({}).columns.tolist() == ["a", "b", "layer", "value"]
    assert overlap.pairwise({}).shape == (0, 0)
    nothing = overlap.pairwise({"a": {}, "b": {}})
    assert nothing.shape == (2, 2)
    assert isnan(nothing.loc["a", "b"])


def test_layers_are_matched_by_name_whatever_their_order() -> None:
    first = {"a": bools("1100"), "b": bools("10")}
    second = {"b": bools("10"), "a": bools("1100")}
    assert overlap.pairwise({"x": first, "y": second}).loc["x", "y"] == 1
    assert overlap.by_layer({"x": first, "y": second}).layer.tolist() == ["a", "b"]


WEIGHTS = {"conv.weight": torch.ones(4, 2, dtype=torch.bool)}


@pytest.mark.parametrize("form", [dict, overlap.PackedMasks.pack])
@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({}, "'first' has a mask for layer 'conv.weight' and 'second' has none"),
        (WEIGHTS | {"fc.weight": bools("1")}, "'second' has a mask for layer 'fc.weight' and 'first' has none"),
        (
            {"conv.weight": torch.ones(2, 4, dtype=torch.bool)},
            "layer 'conv.weight' is 4x2 in 'first' and 2x4 in 'second'",
        ),
    ],
)
def test_tickets_of_different_networks_are_refused_by_name(form: type, second: Masks, said: str) -> None:
    with pytest.raises(UserError) as caught:
        overlap.pairwise({"first": WEIGHTS, "second": form(second)})
    assert "'first'" in str(caught.value)
    assert "'second'" in str(caught.value)
    assert said in str(caught.value)


def test_masks_come_in_any_form() -> None:
    masks = {"w": bools("1100"), "v": bools("101")}
    others = {"w": bools("1010"), "v": bools("111")}
    network = torch.nn.Linear(4, 1, bias=False)
    expected = overlap.pairwise({"a": masks, "b": others})
    for form in (
        {name: mask.float() for name, mask in others.items()},
        {name: mask.numpy() for name, mask in others.items()},
        {name: mask.numpy().astype(int) for name, mask in others.items()},
        Pruned(others, ""),
    ):
        pd.testing.assert_frame_equal(overlap.pairwise({"a": masks, "b": form}), expected)
    prune.custom_from_mask(network, "weight", bools("1010")[None])
    pair = overlap.pairwise([network, {"weight": bools("1100")[None]}], "hamming")
    assert list(pair) == ["0", "1"]
    assert pair.loc["0", "1"] == 0.5


@pytest.mark.parametrize("form", [dict, overlap.PackedMasks.pack])
@pytest.mark.parametrize("called", ["{}_mask", "module.{}", "_orig_mod.{}", "module._orig_mod.{}_mask"])
def test_what_files_add_to_names_does_not_count(called: str, form: type) -> None:
    first = {"conv.weight": bools("1100"), "fc.weight": bools("101")}
    second = {"fc.weight": bools("111"), "conv.weight": bools("1010")}
    named = {called.format(name): mask for name, mask in second.items()}
    expected = overlap.by_layer({"a": first, "b": second})
    pd.testing.assert_frame_equal(overlap.by_layer({"a": form(first), "b": form(named)}), expected)
    pd.testing.assert_frame_equal(
        intersections.regions({"a": form(first), "b": form(named)}), intersections.regions({"a": first, "b": second})
    )
    both = overlap.by_layer({"a": form(named), "b": form(named)})
    assert both.layer.tolist() == list(named)


def test_a_network_in_parallel_is_the_same_network() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 2))
    assert overlap.pairwise([network, torch.nn.DataParallel(network)]).to_numpy().tolist() == [[1, 1], [1, 1]]


def test_tickets_of_a_list_are_called_by_their_labels(found_study: Path) -> None:
    tickets = [Ticket.load(entry.path) for entry in Study.open(found_study).scan()[0][:3]]
    frame = overlap.pairwise(tickets)
    assert len(set(frame.columns)) == 3
    assert all(ticket.recipe.label in name for ticket, name in zip(tickets, frame.columns, strict=True))
    assert frame.to_numpy() == pytest.approx(overlap.pairwise({t.id: t.masks for t in tickets}).to_numpy())


def test_what_is_no_mask_is_refused() -> None:
    with pytest.raises(UserError, match="The mask 'w' has other values than 0"):
        overlap.pairwise({"a": {"w": bools("1")}, "b": {"w": torch.full((1,), 0.5)}})
    with pytest.raises(UserError, match="The mask 'w' has other values than 0"):
        overlap.PackedMasks.pack({"w": torch.full((3,), 2)})


@pytest.mark.parametrize("measure", [overlap.pairwise, overlap.by_layer])
def test_an_unknown_metric_is_refused_with_the_nearest_one(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(UserError, match=r"Unknown overlap metric 'jacard'\. Did you mean 'jaccard'\?"):
        measure({"a": WEIGHTS}, "jacard")


def test_the_metrics_and_their_ranges_are_these_in_this_order() -> None:
    assert {name: (metric.low, metric.high) for name, metric in METRICS.items()} == {
        "jaccard": (0, 1),
        "overlap": (0, 1),
        "adjusted": (-inf, 1),
        "lift": (0, inf),
        "hamming": (0, 1),
    }
    assert list(METRICS) == ["jaccard", "overlap", "adjusted", "lift", "hamming"]


def test_a_metric_that_is_registered_is_computed_over_the_network_and_by_layer() -> None:
    dice = OverlapMetric("dice", "Dice", "Dice index", "", lambda pair: 2 * pair.both / (pair.first + pair.second))
    METRICS.register(dice)
    try:
        masks = {"A": {"u": bools("1110"), "v": bools("10")}, "B": {"u": bools("1000"), "v": bools("10")}}
        assert overlap.pairwise(masks, "dice").loc["A", "B"] == pytest.approx(2 * 2 / (4 + 2))
        assert overlap.by_layer(masks, "dice").value.tolist() == pytest.approx([2 * 1 / (3 + 1), 1.0])
    finally:
        METRICS.unregister("dice")


@given(tickets())
@settings(max_examples=30)
def test_few_words_are_compared_by_numpy_with_the_same_counts(masks: dict[str, Masks]) -> None:
    packed = {name: overlap.PackedMasks.pack(own) for name, own in masks.items()}
    many, from_packed = overlap.count(masks), overlap.count(packed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(few_bits, "FEW", 2**20)
        few = overlap.count(masks)
        for name, own in masks.items():
            assert np.array_equal(overlap.PackedMasks.pack(own).words, packed[name].words)
    assert np.array_equal(few.both, many.both)
    assert np.array_equal(few.both, from_packed.both)
