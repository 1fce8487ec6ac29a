"""Seeds that are one network, as of imported weights, show no spread: nothing is claimed of methods by them."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.detection import detection
from analysis.comparisons.effective import effective_robustness
from analysis.comparisons.family_means import by_family
from analysis.comparisons.flips import flips_from_baseline
from analysis.comparisons.generative import ratios
from analysis.comparisons.layers_apart import from_dense
from analysis.comparisons.neighbours import against_retraining
from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.predictions import Predictions
from analysis.comparisons.redundancy import redundant
from analysis.comparisons.two_studies import compare_studies
from analysis.statistics.intervals import wilson
from analysis.statistics.verdicts import IMAGES
from tests.analysis.comparisons.test_layers_apart import SEEDS, alignment
from tests.analysis.comparisons.test_neighbours import spaces

CONDITIONS = [("clean", 0), ("fog", 1), ("snow", 1)]
RNG = np.random.default_rng(3)


def outcomes(tickets: int = 6, images: int = 400) -> Outcomes:
    """Each ticket is one network, three times."""
    shares = np.linspace(0.95, 0.6, tickets)[:, None, None]
    once = RNG.random((tickets, len(CONDITIONS), images)) < shares
    return Outcomes(CONDITIONS, {f"t{place}": np.repeat(own[None], 3, axis=0) for place, own in enumerate(once)})


def first_seed(made: Outcomes) -> Outcomes:
    return Outcomes(made.conditions, {key: right[:1] for key, right in made.right.items()})


def test_flips_of_it_are_not_beyond_seeds() -> None:
    labels = RNG.integers(0, 4, 300)
    dense = np.repeat(RNG.integers(0, 4, (1, 3, 300)), 3, axis=0)
    table = flips_from_baseline(
        Predictions(CONDITIONS, {"dense": dense, "t": RNG.integers(0, 4, (3, 3, 300))}, labels), "dense"
    )
    assert table[["by_chance", "p", "p_holm"]].isna().all(axis=None)
    assert table["within_noise"].all()


def test_its_neighbours_were_not_trained_again() -> None:
    given = spaces({"dense": 0.3, "t": 1.5}, seeds=3)
    given["dense"] = dict.fromkeys(range(3), given["dense"][0])
    found = against_retraining(given, "dense")
    assert found.table["verdict"].tolist() == [""]
    assert np.isnan(found.shared)


def test_no_layer_parts_from_it() -> None:
    rows = alignment()
    level = rows.groupby(["relation", "position"])["cka"].transform("mean")
    assert from_dense(alignment(), SEEDS)["beyond"].any()
    table = from_dense(rows.assign(cka=level), SEEDS)
    assert not table["beyond"].any()
    assert table["p_holm"].isna().all()


def test_it_agrees_with_itself_on_no_ranking() -> None:
    assert redundant(outcomes(), resamples=5).seeds is None


def test_two_studies_of_it_speak_of_these_networks() -> None:
    first, second = outcomes(), outcomes()
    told = compare_studies(first, second)
    assert set(told["over"]) == {IMAGES}
    alone = compare_studies(first_seed(first), first_seed(second))
    assert set(told["seeds"]) == {3}
    pd.testing.assert_frame_equal(told.drop(columns="seeds"), alone.drop(columns="seeds"))


def test_it_lies_off_the_line_as_one_seed_does() -> None:
    made = outcomes()
    pd.testing.assert_frame_equal(effective_robustness(made).table, effective_robustness(first_seed(made)).table)


def test_scores_of_it_differ_nowhere() -> None:
    rows = pd.DataFrame(
        [(key, seed, value) for key, value in (("a", 10.025), ("b", 10.0)) for seed in range(3)],
        columns=["key", "seed", "fd"],
    )
    found = ratios(rows, [("a", "b")], "fd")
    assert not found["differs"].any()
    assert found[["low", "high", "p"]].isna().all(axis=None)
    assert found["ratio"][0] == pytest.approx(1.0025)


def test_equal_accuracies_have_the_interval_over_images() -> None:
    row = {
        "method": "imp", "method_label": "IMP", "label": "IMP 90 %", "key": "imp-90", "sparsity": 0.9, "total": 100,
        "kept": 10, "seconds": 1.0, "mean_gap": 1.0, "corrupted": 0.52, "accuracy": 0.93, "n": 100,
    }  # fmt: skip
    found = by_family(pd.DataFrame([row | {"mean_angle": angle} for angle in (1.0, 2.0, 3.0)])).iloc[0]
    assert found["seeds"] == 3
    assert [found["accuracy_low"], found["accuracy_high"]] == pytest.approx([float(end) for end in wilson(93, 100)])
    bounds = [found["corrupted_low"], found["corrupted_high"]]
    assert bounds == pytest.approx([float(end) for end in wilson(52, 100)])


def test_equal_rates_of_detection_have_the_interval_that_is_stored() -> None:
    rows = pd.DataFrame(
        {
            "ticket_id": ["x", "y"], "kind": "svhn", "score": "energy", "n": 10, "foreign": 10, "auroc": 0.9,
            "auroc_low": 0.88, "auroc_high": 0.92, "fpr95": [0.2, 0.3], "fpr95_low": 0.1, "fpr95_high": 0.4,
        }
    )  # fmt: skip
    found = detection(rows, {"t": ["x", "y"]}).iloc[0]
    assert [found["auroc"], found["auroc_low"], found["auroc_high"]] == [0.9, 0.88, 0.92]
    assert found["fpr95_low"] < 0.2 < 0.3 < found["fpr95_high"]
