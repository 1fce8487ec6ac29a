"""Images lost to the baseline: counted by hand, and their split against the networks' own logits."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from analysis.comparisons.lost_to_baseline import (
    between_seeds,
    counts,
    flows,
    largest_part,
    mean_splits,
    splits,
)
from analysis.comparisons.predictions import Predictions
from analysis.corruptions.conditions import CLEAN
from analysis.engine.images import TestImages
from analysis.engine.live import Features, features_of
from analysis.engine.networks import Network
from analysis.engine.settings import settings
from analysis.metrics.lead import PLAYERS
from pruning.data import load_data
from pruning.errors import UserError
from pruning.study.folder import Study

LABELS = np.array([0, 0, 1, 2])
FOG = ("fog", 3)


def predictions() -> Predictions:
    base = np.array([[[0, 0, 1, 0]], [[0, 1, 1, 2]]])  # right on 0, 1, 2; on 0, 2, 3
    own = np.array([[[1, 0, 2, 2]], [[0, 0, 1, 1]]])  # right on 1, 3; on 0, 1, 2
    return Predictions([FOG], {"base": base, "own": own}, LABELS)


def test_counts_and_flows_by_hand() -> None:
    pairs = [(0, 0), (1, 1)]
    [row] = counts(predictions(), {"own": pairs}, "base", FOG).to_dict("records")
    assert (row["seeds"], row["lost"], row["gained"]) == (2, 0.375, 0.25)  # 2 and 1 lost; 1 and 1 gained of 4
    assert row["lost_low"] <= row["lost"] <= row["lost_high"]
    assert row["gained_low"] < row["gained"] < row["gained_high"]  # the seeds agree, so over images
    found = flows(predictions(), "own", pairs, "base", FOG)
    assert {(r.label, r.winner): r.images for r in found.itertuples()} == {(0, 1): 0.5, (1, 2): 0.5, (2, 1): 0.5}
    assert found["of_lost"].sum() == pytest.approx(1)


def test_two_trainings_of_the_baseline_lose_to_each_other_too() -> None:
    assert between_seeds(predictions(), "base", FOG) == pytest.approx(0.25)  # one of four, either way
    one = Predictions([FOG], {"base": predictions().predicted["base"][:1]}, LABELS)
    assert np.isnan(between_seeds(one, "base", FOG))


def test_seeds_that_only_one_has_are_no_pair() -> None:
    swapped = [(1, 0)]  # the ticket's second seed is the baseline's first
    [row] = counts(predictions(), {"own": swapped}, "base", FOG).to_dict("records")
    assert (row["seeds"], row["lost"], row["gained"]) == (1, 0, 0)
    assert counts(predictions(), {"own": []}, "base", FOG).empty
    with pytest.raises(UserError, match="no results"):
        counts(predictions(), {"other": swapped}, "base", FOG)


@pytest.fixture(scope="module")
def features(tiny_study: Path) -> dict[str, Features]:
    study = Study.open(tiny_study)
    entries = {entry.recipe.label: entry for entry in study.entries() if entry.recipe.seed == 0}
    networks = {
        label: Network.of(study.load(entries[label].id), torch.device("cpu")) for label in ("Dense", "Random 90 %")
    }
    return features_of(networks, TestImages.of(study, settings(study), load_data("digits")), CLEAN)


def test_the_parts_sum_to_the_change_of_the_networks_own_leads(features: dict[str, Features]) -> None:
    base, ticket = features["Dense"], features["Random 90 %"]
    found = splits(base, ticket)
    lost = np.flatnonzero((base.logits.argmax(1) == base.labels) & (ticket.logits.argmax(1) != base.labels))
    assert found["sample"].tolist() == lost.tolist()
    assert len(lost) > 3
    rows = np.arange(len(base.labels))
    winners = ticket.logits.argmax(1)
    leads = [each.logits[rows, base.labels] - each.logits[rows, winners] for each in (base, ticket)]
    np.testing.assert_allclose(found["change"], (leads[1] - leads[0])[lost], atol=1e-4)  # their logits are float32
    np.testing.assert_allclose(found[list(PLAYERS)].sum(axis=1), found["change"], atol=1e-9)
    assert (found["change"] < 0).all()
    assert (found["most"] == found[list(PLAYERS)].idxmin(axis=1)).all()


def test_means_have_intervals_over_images(features: dict[str, Features]) -> None:
    found = splits(features["Dense"], features["Random 90 %"])
    [row] = mean_splits({"r": found, "none": found.head(0)}).to_dict("records")
    assert (row["key"], row["images"]) == ("r", len(found))
    assert row["change"] == pytest.approx(sum(row[player] for player in PLAYERS))
    half = (row["cosines_high"] - row["cosines_low"]) / 2
    assert half == pytest.approx(2 * found["cosines"].std() / len(found) ** 0.5, rel=0.2)
    assert splits(features["Dense"], features["Dense"]).empty
    assert mean_splits({}).empty


def test_without_a_classifier_it_is_a_sentence(features: dict[str, Features]) -> None:
    dense = features["Dense"]
    bare = Features(dense.features, dense.logits, dense.labels, dense.weight, dense.bias, without="No classifier.")
    with pytest.raises(UserError, match="No classifier"):
        splits(dense, bare)


def test_the_largest_part_is_said_where_intervals_are_apart() -> None:
    rng = np.random.default_rng(0)
    made = pd.DataFrame({name: rng.normal(size=50) for name in ("change", *PLAYERS)})
    rows = mean_splits({"none": made, "turned": made.assign(cosines=made["cosines"] - 5), "one": made.head(1)})
    assert largest_part(rows).tolist() == ["", "cosines", ""]
    assert largest_part(rows.head(0)).empty
