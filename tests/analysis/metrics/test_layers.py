from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from analysis.metrics.layers import by_layer, weight_histogram
from analysis.results.store import Results
from pruning.errors import UserError
from pruning.recipe import Recipe
from pruning.ticket import Ticket, TicketInfo


def ticket(weights: dict[str, Tensor], masks: dict[str, Tensor]) -> Ticket:
    info = TicketInfo(shape=(1, 28, 28), classes=list("0123456789"), mean=[0.0], std=[1.0])
    state = {layer: weight * masks[layer] for layer, weight in weights.items()}
    return Ticket(Recipe(model="lenet300", data="mnist5k", finder="dense"), masks, state, info)


def test_an_example_worked_by_hand() -> None:
    conv = torch.zeros(4, 2, 3, 3, dtype=torch.bool)
    conv[0] = True
    conv[2, 1, 2, 2] = True
    classifier = torch.tensor([[True, False, False], [True, True, True]])
    found = by_layer({"conv.weight": conv, "gone": torch.zeros(5, 2, dtype=torch.bool), "fc.weight": classifier})
    expected = pd.DataFrame(
        [
            ("conv.weight", 0, 19, 72, 53 / 72, 4, 2, False),
            ("gone", 1, 0, 10, 1.0, 5, 5, True),
            ("fc.weight", 2, 4, 6, 1 / 3, 2, 0, False),
        ],
        columns=["layer", "position", "kept", "total", "sparsity", "filters", "dead_filters", "collapsed"],
    )
    pd.testing.assert_frame_equal(found, expected)


def test_a_dead_filter_says_the_same_whatever_it_is_shown() -> None:
    torch.manual_seed(0)
    for layer, images in ((nn.Conv2d(3, 16, 3), torch.rand(8, 3, 6, 6)), (nn.Linear(12, 40), torch.rand(8, 12))):
        mask = torch.rand(layer.weight.shape) < 1.5 / layer.weight[0].numel()
        with torch.no_grad():
            layer.weight *= mask
            outputs = layer(images).transpose(0, 1).flatten(1)
        constant = int((outputs == outputs[:, :1]).all(1).sum())
        assert 0 < constant < len(outputs)
        assert by_layer({"weight": mask}).dead_filters.tolist() == [constant]


def test_layers_without_weights_and_no_layers_give_rows_that_can_be_stored(tmp_path: Path) -> None:
    odd = by_layer({"empty": torch.zeros(0, 3, dtype=torch.bool), "one": torch.ones((), dtype=torch.bool)})
    assert odd[["kept", "total", "sparsity", "filters", "dead_filters"]].to_numpy().tolist() == [
        [0, 0, 0, 0, 0],
        [1, 1, 0, 1, 0],
    ]
    results = Results(tmp_path)
    results.write("layers", "odd", odd)
    results.write("layers", "none", by_layer({}))
    pd.testing.assert_frame_equal(results.table("layers").drop(columns="ticket_id"), odd, check_dtype=False)


@given(seed=st.integers(0, 1000), bins=st.integers(1, 80), density=st.floats(0.01, 1))
@settings(max_examples=60, deadline=None)
def test_histograms_count_each_kept_weight_once_where_it_lies(seed: int, bins: int, density: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    weights = {"a": torch.randn(30, 7, generator=generator), "b": 9 * torch.randn(50, generator=generator)}
    masks = {layer: torch.rand(weight.shape, generator=generator) < density for layer, weight in weights.items()}
    found = weight_histogram(ticket(weights, masks), bins)
    for layer, rows in found.groupby("layer"):
        kept = weights[str(layer)][masks[str(layer)]].double().numpy()
        left, right = rows.left.to_numpy(), rows.right.to_numpy()
        assert len(rows) == bins
        assert (left[1:] == right[:-1]).all()
        assert right[-1] == -left[0] == np.abs(kept).max()
        inside = (kept >= left[:, None]) & ((kept < right[:, None]) | (right[:, None] == right[-1]))
        assert rows["count"].tolist() == inside.sum(1).tolist()
        assert rows["count"].sum() == len(kept)
    assert found.layer.unique().tolist() == [layer for layer in weights if masks[layer].any()]


def test_with_an_even_number_of_bins_the_signs_fall_on_either_side() -> None:
    weights = torch.tensor([-3.0, -0.001, 0.001, 0.002, 3.0])
    found = weight_histogram(ticket({"w": weights}, {"w": torch.ones(5, dtype=torch.bool)}))
    assert len(found) == 60
    assert found[found.right <= 0]["count"].sum() == 2
    assert found[found.left >= 0]["count"].sum() == 3


def test_pruned_weights_are_not_counted_but_kept_zeros_are() -> None:
    mask = torch.tensor([True, True, False, False])
    assert weight_histogram(ticket({"w": torch.tensor([0.0, 2.0, 5.0, 0.0])}, {"w": mask}), 4)["count"].tolist() == [
        0,
        0,
        1,
        1,
    ]
    zeros = weight_histogram(ticket({"w": torch.zeros(4)}, {"w": mask}), 4)
    assert (zeros.left.min(), zeros.right.max(), zeros["count"].sum()) == (-1, 1, 2)


def test_a_ticket_that_keeps_nothing_has_an_empty_histogram_that_can_be_stored(tmp_path: Path) -> None:
    nothing = weight_histogram(ticket({"w": torch.ones(3)}, {"w": torch.zeros(3, dtype=torch.bool)}))
    assert nothing.empty
    results = Results(tmp_path)
    results.write("weights", "nothing", nothing)
    assert results.has("weights", "nothing")
    assert results.table("weights").empty


def test_a_weight_that_is_not_finite_is_reported_with_its_layer() -> None:
    broken = ticket({"fc.weight": torch.tensor([1.0, float("nan")])}, {"fc.weight": torch.ones(2, dtype=torch.bool)})
    with pytest.raises(UserError, match=r"layer 'fc\.weight' that is not finite"):
        weight_histogram(broken)
