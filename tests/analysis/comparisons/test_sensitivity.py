"""What is said of layers that were pruned alone, against counting by hand, and on outcomes that were made so."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.sensitivity import (
    Extreme,
    Scanned,
    costliest,
    costs,
    in_words,
    ranked,
    scanned,
    spared,
    spared_in_words,
)
from analysis.statistics.verdicts import paired_gap

N = 400


def made(costs_of: dict[str, list[float]], seeds: int = 3, noise: float = 0.0, loss: float = 0.0) -> Scanned:
    """A scan of two conditions in which cutting a layer loses the given share of the images, at two sparsities."""
    rng = np.random.default_rng(0)
    whole = rng.random((seeds, 2, N)) < 0.95
    right = np.stack(
        [
            [
                whole & (rng.random(whole.shape) > np.clip(cost + noise * rng.standard_normal((seeds, 1, 1)), 0, 1))
                for cost in levels
            ]
            for levels in costs_of.values()
        ]
    )
    size, levels = len(costs_of), [0.5, 0.9]
    flat = np.full(size, 100.0)
    removed = np.tile(levels, (size, 1))
    return Scanned([*costs_of], flat, flat.copy(), levels, removed, [("clean", 0), ("fog", 3)], whole, right,
                   np.full((size, 2, 2), loss), {}, (100.0 * size, 100.0 * size))  # fmt: skip


def test_a_layer_that_costs_more_than_all_others_is_named() -> None:
    scan = made({"conv1": [0.01, 0.5], "conv2": [0.01, 0.1], "fc": [0.0, 0.05]})
    found = costliest(scan, [0], 0.9)
    assert found is not None
    assert found.alone
    assert found.layers == ["conv1"]
    by_hand = scan.whole[:, 0].mean() - scan.right[0, 1, :, 0].mean()
    assert found.cost == pytest.approx(by_hand)
    assert found.low < by_hand < found.high
    assert f"**conv1** costs most: {100 * by_hand:.1f} points" in in_words(scan, [0], 0.9)


def test_two_alike_are_both_named_and_none_where_nothing_is_lost() -> None:
    scan = made({"conv1": [0.0, 0.5], "conv2": [0.0, 0.5], "fc": [0.0, 0.05]})
    found = costliest(scan, [0, 1], 0.9)
    assert found is not None
    assert set(found.layers) == {"conv1", "conv2"}
    assert found.others == 1
    assert "1 other costs less" in in_words(scan, [0, 1], 0.9)
    assert "no layer is shown to cost any accuracy" in in_words(scan, [0, 1], 0.5)


def test_seeds_that_vary_prove_little_of_methods_but_much_of_these_networks() -> None:
    scan = made({"conv1": [0.0, 0.35], "conv2": [0.0, 0.2]}, noise=0.15)
    found, these = costliest(scan, [0], 0.9), costliest(scan, [0], 0.9, these=True)
    assert found is not None
    assert these is not None
    assert not found.alone
    assert these.alone
    assert "of these 3 networks" in in_words(scan, [0], 0.9)


def test_what_is_seen_most_may_not_be_shown_while_another_is() -> None:
    found = Extreme(["conv1", "conv2"], 0.376, -0.343, 1.0, 0, ["conv2"], "seeds")
    assert ranked(found).startswith(
        "conv2 is shown to cost accuracy; most is seen at conv1, but not shown: 37.6 points"
    )


def test_one_seed_speaks_of_one_network() -> None:
    scan = made({"conv1": [0.0, 0.5], "conv2": [0.0, 0.1]}, seeds=1)
    assert "this one network" in in_words(scan, [0], 0.9)


def test_costs_of_one_group_are_its_paired_difference() -> None:
    scan = made({"conv1": [0.0, 0.3]})
    [row] = costs(scan, [0, 1], 0.9).to_dict("records")
    gap = paired_gap(scan.whole.mean(axis=1), scan.right[0, 1].mean(axis=1))
    assert row["difference"] == pytest.approx(gap.difference)
    assert row["high"] - row["low"] == pytest.approx(2 * 4.302653 * gap.error)  # Student's quantile of two degrees


def test_spared_stops_at_the_first_sparsity_that_fails() -> None:
    scan = made({"conv1": [0.3, 0.0], "conv2": [0.0, 0.3], "fc": [0.0, 0.0]})
    assert spared(scan, [0, 1], 0.05) == {"conv1": 0.0, "conv2": 0.5, "fc": 0.9}
    words = spared_in_words(spared(scan, [0, 1], 0.05), 0.05)
    assert words == "Shown to cost less than 5 points: fc up to 90 %, conv2 up to 50 %; conv1 at none."


def test_what_was_not_cut_is_in_no_claim() -> None:
    scan = made({"conv1": [0.0, 0.5], "fc": [0.0, 0.0]})
    scan.removed[1] = np.nan
    assert costs(scan, [0], 0.9)["layers"].tolist() == ["conv1"]
    assert spared(scan, [0, 1], 0.05) == {"conv1": 0.5, "fc": 0.0}
    scan.removed[:] = np.nan
    assert costliest(scan, [0], 0.9) is None
    assert "No layer can lose" in in_words(scan, [0], 0.9)


def test_rows_are_put_in_order() -> None:
    """Two seeds, given the wrong way round, and a layer that cannot be pruned."""
    bits = {"s1": [1, 1, 0, 1], "s0": [1, 0, 1, 1]}
    cut = {"s1": [1, 0, 0, 1], "s0": [0, 0, 1, 1]}
    rows = []
    for ticket in ("s1", "s0"):
        for condition in (("fog", 3), ("clean", 0)):
            base = {"ticket_id": ticket, "corruption": condition[0], "severity": condition[1], "kind": "magnitude"}
            for layers, sparsity, own, loss in (
                ("", 0.0, bits, 0.5),
                ("conv1", 0.5, cut, 0.75),
                ("fc", 0.5, None, np.nan),
            ):
                packed = b"" if own is None else np.packbits(own[ticket]).tobytes()
                rows.append(
                    base | {"layers": layers, "weights": 8 * bool(layers), "macs": 16.0 * bool(layers), "loss": loss,
                            "sparsity": sparsity, "removed": sparsity if own else np.nan, "n": 4 if own else 0,
                            "right": packed, "why": "" if own else "The classes."}
                )  # fmt: skip
    scan = scanned(pd.DataFrame(rows), "magnitude", {"s0": 0, "s1": 1})
    assert scan is not None
    assert scan.conditions == [("clean", 0), ("fog", 3)]
    np.testing.assert_array_equal(scan.whole[:, 0], np.array([bits["s0"], bits["s1"]], dtype=bool))
    np.testing.assert_array_equal(scan.right[0, 0, :, 1], np.array([cut["s0"], cut["s1"]], dtype=bool))
    assert scan.loss.tolist() == [[[0.25, 0.25]]]
    assert scan.unable == {"fc": "The classes."}
    assert scan.total == (16.0, 32.0)
    assert scanned(pd.DataFrame(rows), "snip", {"s0": 0, "s1": 1}) is None
