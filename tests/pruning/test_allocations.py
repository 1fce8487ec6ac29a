"""What each layer keeps under each allocation, against its formula by hand; and outputs that keep the same number."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pruning.allocation import ALLOCATIONS
from pruning.allocation.keeping import keep_rows
from pruning.allocation.lamp import lamp_scores
from pruning.errors import UserError
from pruning.masks import counts, make_masks
from pruning.models import build_model, prunable
from pruning.recipe import Recipe


def layers(*shapes: tuple[int, ...], seed: int = 0) -> dict[str, Tensor]:
    """Random scores of layers."""
    source = torch.Generator().manual_seed(seed)
    return {f"layer{place}.weight": torch.rand(shape, generator=source) for place, shape in enumerate(shapes)}


def kept(scores: dict[str, Tensor], sparsity: float, allocation: str, **options: object) -> list[int]:
    """How many weights each layer keeps; it keeps its best, and in all it is as many as asked."""
    own = ALLOCATIONS[allocation].options(**options)
    masks = make_masks(scores, sparsity, allocation, options=own)
    total = sum(score.numel() for score in scores.values())
    assert counts(masks) == (total - round(sparsity * total), total)
    for name, mask in masks.items():
        assert not bool(mask.any()) or bool(mask.all()) or scores[name][mask].min() >= scores[name][~mask].max()
    return [int(mask.sum()) for mask in masks.values()]


# --- Erdős–Rényi -----------------------------------------------------------------------------------------------------


def test_er_looks_at_inputs_and_outputs_alone() -> None:
    """Densities (8 + 4) / 32 and (8 + 8) / 64, the kernel without a say, scaled to the sum."""
    sizes, density = np.array([4 * 8 * 9, 8 * 8]), np.array([12 / 32, 16 / 64])
    keep = 352 - round(0.7 * 352)
    expected = keep * density * sizes / (density * sizes).sum()
    assert kept(layers((8, 4, 3, 3), (8, 8)), 0.7, "er") == [round(each) for each in expected]


# --- uniform+ --------------------------------------------------------------------------------------------------------


def test_uniform_plus_by_hand() -> None:
    """20 whole, and of the last 20 a fifth; what is left of the 60 that stay goes to the two others as their sizes."""
    scores = layers((4, 5), (10, 10), (20, 10), (2, 10))
    assert kept(scores, 1 - 60 / 340, "uniform_plus") == [20, 12, 24, 4]


def test_uniform_plus_leaves_the_last_layer_alone_where_it_keeps_enough() -> None:
    assert kept(layers((4, 5), (10, 10), (2, 10)), 0.5, "uniform_plus") == [20, 42, 8]


def test_uniform_plus_says_what_is_the_most() -> None:
    with pytest.raises(UserError, match=r"at most 0\.8286 of all weights can go"):
        kept(layers((4, 5), (10, 10), (2, 10)), 0.9, "uniform_plus")


# --- LAMP ------------------------------------------------------------------------------------------------------------


def test_lamp_scores_by_hand() -> None:
    found = lamp_scores(torch.tensor([1.0, 3.0, 2.0, float("-inf")]))
    torch.testing.assert_close(found, torch.tensor([1, 4 / 13, 1 / 14], dtype=torch.float64))


@pytest.mark.parametrize("sparsity", [0.5, 0.9])
def test_lamp_masks_by_sums_weight_by_weight(sparsity: float) -> None:
    scores = layers((6, 7), (20, 3), (5, 4))
    scores["layer1.weight"] *= 10  # does not matter, as each layer is its own measure
    own = [
        (float(w) ** 2 / sum(float(v) ** 2 for v in score.flatten() if v >= w), place)
        for place, score in enumerate(scores.values())
        for w in score.flatten()
    ]
    best = sorted(own, reverse=True)[: 122 - round(sparsity * 122)]
    assert kept(scores, sparsity, "lamp") == [sum(place == each for _, place in best) for each in range(3)]


# --- OWL -------------------------------------------------------------------------------------------------------------


def test_owl_by_hand() -> None:
    """Of three layers of 100 weights 0, 4 and 2 % stand out, so their densities are 0.3 - 0.08, + 0.08 and 0.3."""
    scores = {name: torch.full((10, 10), 1.0) for name in "abc"}
    scores["b"].view(-1)[:4], scores["c"].view(-1)[:2] = 50.0, 50.0
    assert kept(scores, 0.7, "owl") == [22, 38, 30]
    assert kept(scores, 0.7, "owl", spread=0.2) == [10, 50, 30]
    assert kept(scores, 0.7, "owl", outlier=60) == [30, 30, 30]


def test_owl_leaves_every_layer_something() -> None:
    assert (
        min(
            kept({"a": torch.ones(100, 10), "b": torch.cat([torch.ones(90, 10), 99 * torch.ones(10, 10)])}, 0.95, "owl")
        )
        > 0
    )


# --- sensitivities ---------------------------------------------------------------------------------------------------


def test_sensitivities_are_densities_in_proportion() -> None:
    given = {"layer0": 3.0, "layer1.weight": 1.0}
    assert kept(layers((10, 10), (10, 10)), 0.8, "sensitivity", sensitivities=given) == [30, 10]
    assert kept(layers((10, 10), (10, 10)), 0.2, "sensitivity", sensitivities=given) == [100, 60]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"layer0": 1.0}, "says nothing of layer1"),
        ({"layer0": 1.0, "layr1": 1.0}, "Did you mean 'layer1'"),
        ({"layer0": 0.0, "layer1": 1.0}, "above 0, and that of layer0 is not"),
    ],
)
def test_sensitivities_of_other_layers_are_refused(given: dict[str, float], words: str) -> None:
    with pytest.raises(UserError, match=words):
        kept(layers((10, 10), (10, 10)), 0.5, "sensitivity", sensitivities=given)


def test_a_recipe_without_sensitivities_is_told() -> None:
    with pytest.raises(UserError, match="sensitivities"):
        Recipe(model="lenet300", data="digits", criterion="magnitude", sparsity=0.9, allocation="sensitivity")


# --- of filters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("allocation", ["lamp", "owl", "er", "uniform_plus"])
def test_filters_are_shared_out_too(allocation: str) -> None:
    """Never more than asked, and less by one filter at most."""
    model = build_model("conv2", 10, (1, 8, 8), 0)
    scores = {name: weight.detach().abs() for name, weight in prunable(model).items()}
    stay, total = counts(make_masks(scores, 0.6, allocation, "filter", model=model))
    largest = max(score[0].numel() for score in scores.values())
    assert 0 <= stay - (total - round(0.6 * total)) < largest


# --- by output -------------------------------------------------------------------------------------------------------


def test_outputs_of_a_layer_keep_the_same_number() -> None:
    scores = layers((6, 10), (3, 2, 3, 3))
    scores["layer0.weight"][0] *= 100
    masks = make_masks(scores, 0.7, "layer", by_output=True)
    sixth = scores["layer1.weight"].flatten(1).sort(dim=1, descending=True).values[:, 5]
    expected = [5 + int(row == int(sixth.argmax())) for row in range(3)]  # 16 of 54 stay
    assert [mask.flatten(1).sum(dim=1).tolist() for mask in masks.values()] == [[3] * 6, expected]
    assert bool(make_masks(scores, 0.7, "layer")["layer0.weight"][0].all())


def test_outputs_of_a_transposed_convolution_lie_along_its_second_dimension() -> None:
    mask = keep_rows(torch.rand(6, 3, 2, 2, generator=torch.Generator().manual_seed(0)), 12, transposed=True)
    assert mask.sum(dim=(0, 2, 3)).tolist() == [4, 4, 4]
    assert len(mask.sum(dim=(1, 2, 3)).unique()) > 1


def test_outputs_of_a_grouped_transposed_convolution_are_those_of_its_groups() -> None:
    layer = nn.ConvTranspose2d(8, 8, 2, groups=4, bias=False)
    scores = {"0.weight": torch.rand(layer.weight.shape, generator=torch.Generator().manual_seed(0))}
    mask = make_masks(scores, 0.5, "layer", model=nn.Sequential(layer), by_output=True)["0.weight"]
    by_group = [part.sum(dim=(0, 2, 3)).tolist() for part in mask.split(2)]  # 2 inputs and 2 outputs of each
    assert by_group == [[4, 4]] * 4


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 5), st.integers(1, 6), st.data())
def test_rows_are_as_even_as_what_is_left_allows(rows: int, columns: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(-3, 3), min_size=rows * columns, max_size=rows * columns))
    scores = torch.tensor(values, dtype=torch.float32).view(rows, columns)
    gone = data.draw(st.lists(st.booleans(), min_size=rows * columns, max_size=rows * columns))
    scores[torch.tensor(gone).view(rows, columns)] = float("-inf")
    alive = (scores > float("-inf")).sum(dim=1)
    keep = data.draw(st.integers(0, int(alive.sum())))
    mask = keep_rows(scores, keep, transposed=False)
    each = mask.sum(dim=1)
    assert int(each.sum()) == keep
    assert not bool((mask & (scores == float("-inf"))).any())
    assert all(int(each[row]) >= min(int(alive[row]), int(each.max()) - 1) for row in range(rows))
    for row in range(rows):
        if 0 < each[row] < columns:
            assert scores[row][mask[row]].min() >= scores[row][~mask[row]].max()
