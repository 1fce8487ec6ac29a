"""The images behind a number are as many as the number says, which other functions count."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.comparisons.confusion import confusion_matrix
from analysis.comparisons.flips import flips_from_baseline
from analysis.comparisons.images_behind import (
    FAILURES,
    FLIPS,
    failing_together,
    failures,
    flips,
    in_bin,
    mostly_wrong,
    right_more_often,
    taken_for,
)
from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.predictions import Predictions
from analysis.metrics.calibration import bins
from analysis.statistics.intervals import wilson

RNG = np.random.default_rng(5)
N = 90
LABELS = RNG.integers(0, 4, N)
GIVEN = RNG.integers(0, 4, (2, 3, N))  # two tickets under three conditions
RIGHT = GIVEN == LABELS
CONDITIONS = [("clean", 0), ("fog", 1), ("fog", 2)]


def test_a_cell_of_the_confusion_matrix() -> None:
    matrix = confusion_matrix(LABELS, GIVEN[0, 0], 4)
    for own, other in product(range(4), range(4)):
        found = taken_for(LABELS, GIVEN[0, 0], [own], [other])
        assert len(found) == matrix[own, other]
        assert ((LABELS[found] == own) & (GIVEN[0, 0][found] == other)).all()
    assert taken_for(LABELS, GIVEN[0, 0], [1, 3]).tolist() == [place for place in range(N) if LABELS[place] in (1, 3)]


@pytest.mark.parametrize("part", FLIPS)
def test_flips_are_as_many_as_the_churn_says(part: str) -> None:
    made = Predictions(CONDITIONS, {"a": GIVEN[:1], "b": GIVEN[1:]}, LABELS)
    table = flips_from_baseline(made, "b").set_index(["corruption", "severity"])
    found = [flips(GIVEN[1, place], GIVEN[0, place], LABELS, part) for place in range(3)]  # type: ignore[arg-type]
    for place, condition in enumerate(CONDITIONS):
        assert len(found[place]) == pytest.approx(N * table.loc[condition, part])
    several = flips(GIVEN[1], GIVEN[0], LABELS, part)  # type: ignore[arg-type]
    assert set(several) == set().union(*map(set, found))


def test_two_cells_of_a_pair_are_the_difference_of_their_accuracies() -> None:
    for place in range(3):
        first, second = RIGHT[0, [place]], RIGHT[1, [place]]
        more, less = right_more_often(first, second), right_more_often(second, first)
        assert len(more) - len(less) == pytest.approx(N * (first.mean() - second.mean()))
        assert not set(more) & set(less)
    several = right_more_often(RIGHT[0], RIGHT[1])
    assert several.tolist() == [image for image in range(N) if sum(RIGHT[0, :, image]) > sum(RIGHT[1, :, image])]


def test_images_that_are_mostly_wrong() -> None:
    conditions = [("clean", 0), ("fog", 1), ("fog", 2), ("snow", 1)]
    right = {"a": RNG.random((2, 4, N)) < 0.5, "b": RNG.random((1, 4, N)) < 0.4}
    outcomes = Outcomes(conditions, right)
    together = np.concatenate(list(right.values()))
    for image in range(N):
        fog, snow = together[:, 1:3, image].mean() < 0.5, together[:, 3, image].mean() < 0.5
        assert (image in mostly_wrong(outcomes, ["fog"])) == fog
        assert (image in mostly_wrong(outcomes, ["fog", "snow"])) == (fog and snow)
        each = right["a"][:, 3, image].mean() < 0.5 and right["b"][:, 3, image].mean() < 0.5
        assert (image in mostly_wrong(outcomes, ["snow"], ["a", "b"])) == each
        assert (image in mostly_wrong(outcomes)) == (together[:, 1:, image].mean() < 0.5)


@pytest.mark.parametrize("equal", ["mass", "width"])
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_bins_hold_the_images_that_they_count(equal: str, data: st.DataObject) -> None:
    few = st.one_of(st.just(np.nan), st.floats(0, 1), st.sampled_from([0.0, 0.2, 0.5, 1.0]))
    confidence = data.draw(arrays(np.float64, st.integers(0, 40), elements=few))
    right = data.draw(arrays(bool, len(confidence)))
    table = bins(confidence, right, 5, equal)  # type: ignore[arg-type]
    fog = pd.DataFrame({"corruption": "fog", "severity": 1, "sample": np.arange(len(right)), "confidence": confidence})
    found = {row.bin: in_bin(fog, row.bin, 5, equal) for row in table.itertuples()}  # type: ignore[arg-type]
    for row in table.itertuples():
        assert len(found[row.bin]) == row.n
        assert confidence[found[row.bin]].mean() == pytest.approx(row.confidence)
    everywhere = np.concatenate([np.array([], dtype=int), *found.values()])
    both = pd.concat([fog, fog.assign(corruption="snow", sample=99)])
    assert all({*in_bin(both, place, 5, equal)} == {*images, 99} for place, images in found.items())  # type: ignore[arg-type]
    assert sorted(everywhere) == np.flatnonzero(~np.isnan(confidence)).tolist()


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1)))
@settings(max_examples=40, deadline=None)
def test_bins_hold_as_many_as_were_counted_before_confidences_were_rounded(confidence: np.ndarray) -> None:
    right = np.zeros(len(confidence), dtype=bool)
    exact = bins(confidence, right, 5, "width").assign(corruption="fog", severity=1)
    stored = pd.DataFrame({"corruption": "fog", "severity": 1, "sample": np.arange(len(right)),
                           "confidence": confidence.round(1)})  # fmt: skip
    found = {row.bin: in_bin(stored, row.bin, 5, "width", exact) for row in exact.itertuples()}
    assert {place: len(images) for place, images in found.items()} == dict(zip(exact["bin"], exact["n"], strict=True))
    assert sorted(np.concatenate([*found.values()])) == list(range(len(right)))
    for place, images in found.items():  # none further from its bin than it was rounded
        assert (confidence[images] >= place / 5 - 0.1).all()
        assert (confidence[images] <= (place + 1) / 5 + 0.1).all()


@given(arrays(bool, st.tuples(st.integers(1, 5), st.integers(1, 30))))
@settings(max_examples=40, deadline=None)
def test_failures_part_the_images_that_any_ticket_has_wrong(right: np.ndarray) -> None:
    named = dict(zip("abcde", right, strict=False))
    table = failures(named)
    assert table.columns.tolist() == FAILURES
    seen: set[int] = set()
    for members, size, count in table[["members", "size", "count"]].itertuples(index=False):
        images = [image for image in range(right.shape[1])
                  if tuple(key for key in named if not named[key][image]) == members]  # fmt: skip
        assert failing_together(named, members).tolist() == images
        assert (count, size) == (len(images), len(members))
        assert not seen & set(images)
        seen |= set(images)
    assert table["count"].sum() == len(seen) == (~right.all(axis=0)).sum()
    assert table["count"].is_monotonic_decreasing


def test_failures_by_hand() -> None:
    right = {"a": np.array([1, 0, 0, 1, 0, 0], bool), "b": np.array([1, 0, 0, 0, 1, 1], bool)}
    table = failures(right).set_index("members")
    assert table["count"].to_dict() == {("a",): 2, ("a", "b"): 2, ("b",): 1}
    assert table["expected"].to_dict() == pytest.approx(
        {("a",): 6 * (4 / 6) * 0.5, ("a", "b"): 6 * (4 / 6) * 0.5, ("b",): 6 * (2 / 6) * 0.5}
    )
    low, high = wilson(2, 6)
    assert (table.loc[[("a",)], "low"].item(), table.loc[[("a",)], "high"].item()) == pytest.approx((6 * low, 6 * high))
