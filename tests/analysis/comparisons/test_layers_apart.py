"""The first layer beyond noise, on alignments made by hand and of networks that are drawn."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.comparisons.layers_apart import behind_dense, dense_of, first_beyond, from_clean, from_dense
from analysis.statistics.replication import bands
from tests.analysis.nulls.layers import LAYERS, Networks

SEEDS = {"ticket": ["t0", "t1", "t2"], "dense": ["d0", "d1", "d2"]}


def alignment(apart: float = 0.3) -> pd.DataFrame:
    """Two methods of three seeds; in the second layer tickets are `apart` further from dense than seeds are."""
    rows = []
    for layer, (level, less) in enumerate(((0.95, 0.0), (0.8, apart))):
        name = f"layer{layer}"
        for letter in "td":
            for seed, jitter in enumerate((0.01, 0.0, -0.01)):
                other = f"{letter}{(seed + 1) % 3}"
                rows.append((f"{letter}{seed}", other, "seed", name, layer, name, level + jitter))
        for seed, jitter in enumerate((0.0, 0.012, -0.012)):
            rows.append((f"t{seed}", f"d{seed}", "dense", name, layer, name, level - less + jitter))
            rows.append((f"t{seed}", f"d{seed}", "dense", name, layer, "another", 0.5))
    return pd.DataFrame(rows, columns=["ticket_id", "other", "relation", "layer", "position", "other_layer", "cka"])


def shown(values: dict[str, tuple[float, float]], corruption: str = "fog") -> pd.DataFrame:
    """`representations`: ticket id -> what the two layers have in `cka` and `ridge`."""
    return pd.DataFrame(
        [
            (ticket, corruption, f"layer{place}", place, 1000, value, value)
            for ticket, both in values.items()
            for place, value in enumerate(both)
        ],
        columns=["ticket_id", "corruption", "layer", "position", "n", "cka", "ridge"],
    )


def test_the_layer_that_was_made_to_part_is_found() -> None:
    table = from_dense(alignment(), SEEDS)
    assert table[["key", "layer"]].to_numpy().tolist() == [["ticket", "layer0"], ["ticket", "layer1"]]
    assert table["beyond"].tolist() == [False, True]
    np.testing.assert_allclose(table["value"], [0.95, 0.5])
    np.testing.assert_allclose(table["noise"], [0.95, 0.8])
    # seed 0 is 0.05 from dense, its siblings 0.04 and 0.06 in both methods, and so on
    own = np.array([[0.04, 0.06], [0.04, 0.05], [0.05, 0.06]]).mean(1)
    assert table.loc[0, "times"] == pytest.approx(np.exp(np.log([0.05, 0.038, 0.062] / own).mean()))
    assert table.loc[1, "times_low"] > 1
    low, high = stats.t.interval(0.95, 2, 0.95, stats.sem([0.95, 0.962, 0.938]))
    np.testing.assert_allclose(table.loc[0, ["value_low", "value_high"]].astype(float), [low, high])
    assert first_beyond(table) == {"ticket": "layer1"}
    assert first_beyond(from_dense(alignment(0.0), SEEDS)) == {"ticket": None}


def test_more_alike_than_seeds_is_not_beyond() -> None:
    assert not from_dense(alignment(-0.19), SEEDS)["beyond"].any()


def test_one_seed_says_nothing_of_noise() -> None:
    rows = alignment()
    rows = rows[(rows["ticket_id"] == "t0") & (rows["relation"] == "dense")]
    table = from_dense(rows, {"ticket": ["t0"]})
    assert table["value"].notna().all()
    assert table[["noise", "value_low", "times"]].isna().all(axis=None)
    assert first_beyond(table) == {"ticket": None}


def test_corrupted_features_against_those_of_another_seed() -> None:
    rows = pd.concat(
        [
            shown({f"t{seed}": (0.95 + 0.01 * seed, 0.2 + 0.01 * seed) for seed in range(3)}, name)
            for name in ("fog", "fog2")
        ]
    )
    table = from_clean(alignment(), rows, SEEDS)
    assert first_beyond(table) == {"ticket": "layer1"}
    np.testing.assert_allclose(table["value"], [0.96, 0.21])
    np.testing.assert_allclose(table["noise"], [0.95, 0.8])


def test_probes_against_those_of_the_dense_network() -> None:
    clean = shown({f"{letter}{seed}": (0.9, 0.95) for letter in "td" for seed in range(3)}, "clean")
    jitter = (0.0, 0.01, -0.01)
    under = shown(
        {f"t{seed}": (0.8, 0.5 + jitter[seed]) for seed in range(3)} | {f"d{seed}": (0.8, 0.85) for seed in range(3)}
    )
    table = behind_dense(clean, under, SEEDS, dense_of(alignment()))
    assert table["key"].unique().tolist() == ["ticket"]
    np.testing.assert_allclose(table["value"], [-0.1, -0.45])
    np.testing.assert_allclose(table["noise"], [-0.1, -0.1])
    assert first_beyond(table) == {"ticket": "layer1"}
    few = behind_dense(clean.assign(n=4), under, SEEDS, dense_of(alignment()))
    assert not few["beyond"].any()  # images are part of the error


def test_networks_that_part_at_the_second_layer() -> None:
    """Of methods whose mean features differ from the second layer on, the second is named, and never the first."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(30):
        drawn = Networks.draw(rng, seeds=3, tickets=2, apart=(0.0, 1.5, 1.5, 1.5))
        found += [first_beyond(from_dense(drawn.alignment, drawn.seeds))["ticket 1"]]
    assert LAYERS[0] not in found
    assert found.count(LAYERS[1]) > 20


def test_a_noisier_method_with_the_same_mean_does_not_part() -> None:
    rng, found = np.random.default_rng(6), 0
    for _ in range(60):
        drawn = Networks.draw(rng, seeds=3, tickets=4, louder=2.0)
        found += from_dense(drawn.alignment, drawn.seeds)["beyond"].any()
    assert found <= 6


def test_bands_and_the_table_say_the_same() -> None:
    drawn = Networks.draw(np.random.default_rng(1), seeds=4, tickets=3)
    table = from_dense(drawn.alignment, drawn.seeds)
    assert len(table) == 2 * len(LAYERS)
    key_of = {ticket: key for key, ids in drawn.seeds.items() for ticket in ids}
    rows = drawn.alignment[drawn.alignment["relation"] == "dense"]
    expected = bands(rows.assign(key=rows["ticket_id"].map(key_of)), ["key", "layer"], "cka")
    both = table.merge(expected, on=["key", "layer"])
    np.testing.assert_allclose(both["value"], both["mean"])
    assert (table["noise_low"] <= table["noise"]).all()
    assert (
        dense_of(drawn.alignment)[drawn.seeds["ticket 1"][0]] == pytest.approx(drawn.seeds["ticket 0"][0]) if 0 else 1
    )
