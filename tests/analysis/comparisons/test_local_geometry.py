"""Images among the class directions: live as stored, relative lengths, moves, and the plane of two classes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from analysis.comparisons.local_geometry import (
    CLASS,
    arrows,
    image_rows,
    moves,
    pair_plane,
    with_relative_lengths,
)
from analysis.corruptions.conditions import CLEAN
from analysis.engine.live import Features
from analysis.metrics import geometry
from analysis.results.store import Results
from tests.analysis.engine.test_live import shown


def made(seed: int = 0, n: int = 50, bias: float = 1.0) -> Features:
    rng = np.random.default_rng(seed)
    features = (rng.normal(size=(n, 6)) + 1).astype(np.float32)
    weight, biases = rng.normal(size=(4, 6)).astype(np.float32), bias * rng.normal(size=4).astype(np.float32)
    return Features(features, features @ weight.T + biases, rng.integers(0, 4, n), weight, biases.astype(np.float32))


def test_live_rows_of_clean_images_are_those_of_the_tables(tiny_study: Path) -> None:
    ticket = Results(tiny_study).ids("geometry")[0]
    live = shown(tiny_study, [ticket], CLEAN)[ticket]
    rows = image_rows(live, live.mean)
    for table in ("samples", "geometry"):
        stored = Results(tiny_study).table(table, ids=[ticket]).sort_values("sample")
        for name in [each for each in (*geometry.COLUMNS, *geometry.COMPARABLE) if each in stored]:
            np.testing.assert_allclose(rows[name], stored[name], atol=0.02 * np.nanmax(np.abs(stored[name])))
        assert (rows["sample"].to_numpy() == stored["sample"].to_numpy()).all()


def test_corrupted_features_are_centred_by_the_clean_mean() -> None:
    clean, other = made(), made(1)
    rows = image_rows(other, clean.mean)
    np.testing.assert_allclose(rows["centred_length"], np.linalg.norm(other.features - clean.mean, axis=1), rtol=1e-5)
    assert not np.allclose(rows["gap"], image_rows(other, other.mean)["gap"])


def test_relative_lengths_are_one_on_average_for_each_ticket() -> None:
    clean = pd.DataFrame({"ticket_id": list("aabb"), "length": [1.0, 3, 10, 30], "centred_length": [2.0, 2, 1, np.nan]})
    rows = with_relative_lengths(clean, clean)
    assert rows["relative_raw_length"].tolist() == [0.5, 1.5, 0.5, 1.5]
    assert rows["relative_length"].tolist()[:3] == [1, 1, 1]
    dead = with_relative_lengths(clean.assign(length=0.0), clean.assign(length=0.0))
    assert dead["relative_raw_length"].isna().all()
    assert "relative_length" not in with_relative_lengths(clean.drop(columns="centred_length"), clean)


def test_moves_are_of_the_same_image_and_the_baseline_is_left_out() -> None:
    before = pd.DataFrame({"ticket_id": list("aabb"), "sample": [0, 1, 0, 1], "x": [1.0, 2, 3, 4], "y": [0.0, 0, 5, 5]})
    after = before.assign(x=before["x"] + 1, y=before["y"] * 2, label=0).sample(frac=1, random_state=0)
    own = moves(before, after, "x", "y").sort_values(["ticket_id", "sample"])
    assert own["x_move"].tolist() == [1, 1, 1, 1]
    assert own["y_move"].tolist() == [0, 0, 5, 5]
    other = moves(before, before.assign(label=0), "x", "y", reference="a")
    assert other["ticket_id"].tolist() == ["b", "b"]
    assert other["x_move"].tolist() == [2, 2]
    assert other["y_before"].tolist() == [0, 0]


def test_arrows_of_all_tickets_are_one_family() -> None:
    rng = np.random.default_rng(0)
    numbers = np.tile(np.arange(200), 2)
    frame = pd.DataFrame({"ticket_id": np.repeat(["a", "b"], 200), "sample": numbers, "label": numbers % 5})
    before = frame.assign(x=rng.normal(size=400), y=rng.normal(size=400))
    shift = np.where((frame["label"] == 2) & (frame["ticket_id"] == "a"), 3.0, 0.0)
    found = arrows(moves(before, before.assign(x=before["x"] + rng.normal(size=400) + shift), "x", "y"), CLASS)
    assert len(found) == 10
    assert found[["ticket_id", "group"]].drop_duplicates().shape[0] == 10
    assert (found["within_noise"] == (false_discovery_control(found["p"]) >= 0.05)).all()
    moved = found[~found["within_noise"]]
    assert moved[["ticket_id", "group"]].to_numpy().tolist()[0] == ["a", 2]
    assert arrows(moves(before[:0], before[:0], "x", "y")).empty


@pytest.mark.parametrize("seed", range(5))
def test_the_side_of_the_line_is_the_greater_logit_and_its_distance_that_to_the_boundary(seed: int) -> None:
    seen = made(seed)
    unit = np.linalg.norm(seen.features, axis=1).mean()
    rows, boundaries = pair_plane({"t": seen}, {"t": seen}, (1, 3))
    assert set(rows["label"]) == {1, 3}
    at = rows["sample"].to_numpy()
    right_of = rows["across"] > boundaries["boundary"].item()
    assert (right_of.to_numpy() == (seen.logits[at, 1] > seen.logits[at, 3])).all()
    own = np.where(seen.labels[at] == 1, 1, -1)
    distance = own * (seen.logits[at, 1] - seen.logits[at, 3]) / np.linalg.norm(seen.weight[1] - seen.weight[3])
    np.testing.assert_allclose(rows["lead"] * unit, distance, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(np.hypot(rows["across"], rows["rest"]) * unit,
                               np.linalg.norm(seen.features[at], axis=1), rtol=1e-5)  # fmt: skip
    assert boundaries["own"].item() == (distance > 0).mean()


def test_two_classes_of_one_direction_have_no_boundary_and_nothing_breaks_without_features() -> None:
    seen = made()
    weight = seen.weight.copy()
    weight[3] = weight[1]
    same = Features(seen.features, seen.logits, seen.labels, weight, seen.bias)
    rows, boundaries = pair_plane({"t": same}, {"t": same}, (1, 3))
    assert np.isnan(boundaries["boundary"].item())
    assert rows["across"].isna().all()
    nothing = np.full((50, 1), np.nan, np.float32)
    without = Features(nothing, seen.logits, seen.labels, nothing[:4], seen.bias, "no classifier")
    rows, boundaries = pair_plane({"t": without}, {"t": without}, (0, 1))
    assert np.isnan(boundaries["own"].item())
    assert image_rows(without, without.mean)["gap"].isna().all()
