"""What the claims of Grokking Tickets are made of, on trainings made up by hand."""

import math

import numpy as np
import pytest

from analysis.reproductions import REPRODUCTIONS
from analysis.reproductions import grokking as claims
from pruning.study.folder import Study
from tests.analysis.comparisons.grokking_entries import looked_at, training

NEVER = math.nan


def test_steps_are_those_until_it_groks_or_all_it_had() -> None:
    assert claims.steps(training(0, 900, 100, 400)) == 400
    assert claims.steps(training(0, 900, 100, NEVER)) == 900


def test_accuracy_is_that_of_the_last_point_before_a_step() -> None:
    entry = training(0, 900, 100, 400)
    assert claims.accuracy_at(entry, 399) == pytest.approx(5)
    assert claims.accuracy_at(entry, 400) == pytest.approx(95)
    assert claims.accuracy_at(entry, 5000) == pytest.approx(95)


def test_the_transition_is_where_half_of_the_test_pairs_are_right() -> None:
    assert claims.half_way(training(0, 900, 100, 400)) == 400
    assert claims.half_way(training(0, 900, 100, NEVER)) == 900


def test_entropy_between_two_looks() -> None:
    entry = training(0, 40, 10, 20, record=looked_at([0, 10, 40]))
    assert claims.entropy_at(entry, 25) == pytest.approx((math.log(11) + math.log(41)) / 2)


def test_a_mask_that_moves_evenly_moves_as_fast_at_the_transition() -> None:
    steps = np.arange(0, 1001, 50)
    even = np.abs(np.subtract.outer(steps, steps)) / 2000
    fast = np.minimum(even, 0.1)  # all of its way at once
    for matrix, expected in ((even, 1.0), (fast, 1.0)):
        record = {"masks/epoch": steps.astype(float).tolist(), "mask distance 0.6/d": matrix.ravel().tolist()}
        assert claims.moved(training(0, 1000, 200, 700, record=record)) == pytest.approx(expected)
    settled = np.minimum(steps, 400)
    early = np.abs(np.subtract.outer(settled, settled)) / 2000 + 1e-6
    record = {"masks/epoch": steps.astype(float).tolist(), "mask distance 0.6/d": early.ravel().tolist()}
    assert claims.moved(training(0, 1000, 200, 700, record=record)) < 0.01


def test_all_that_is_claimed_is_in_the_study() -> None:
    """Each method that a claim asks for by name is one of the study's."""
    methods = {recipe.method for recipe in Study.open(REPRODUCTIONS["grokking"].file).recipes()}
    asked = {"ticket", "dense", "memorised_mask", "transition_mask", "random", "shuffled", "L1_matched", "L2_matched"}
    asked |= {"ticket_no_decay", "dense_no_decay", "final_signs", "random_signs", *claims.AT_INITIALISATION}
    assert asked == methods
