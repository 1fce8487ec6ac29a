"""Confusion: matrices counted one by one, sinks and sufferers of made-up predictions, and none where there is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.comparisons.confusion import confusion_matrix, confusions, favourites, sinks, sufferers
from analysis.comparisons.predictions import Predictions
from analysis.corruptions.conditions import CLEAN
from pruning.errors import UserError

FOG = ("fog", 3)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=40))
def test_the_matrix_counts_each_pair(pairs: list[tuple[int, int]]) -> None:
    matrix = confusion_matrix(np.array([a for a, _ in pairs]), np.array([b for _, b in pairs]), 4)
    assert {(a, b): matrix[a, b] for a in range(4) for b in range(4)} == {
        (a, b): pairs.count((a, b)) for a in range(4) for b in range(4)
    }


def study(favoured: list[int | None], wrong: float = 0.3, images: int = 600, classes: int = 6) -> Predictions:
    """A ticket whose trainings take most of their errors in fog for one class each; None: for any class alike."""
    rng = np.random.default_rng(0)
    labels = np.arange(images) % classes
    runs = []
    for favourite in favoured:
        other = (labels + rng.integers(1, classes, images)) % classes
        if favourite is not None:
            most = (rng.random(images) < 0.8) & (labels != favourite)
            other = np.where(most, favourite, other)
        clean = np.where(rng.random(images) < 0.02, (labels + 1) % classes, labels)
        runs.append([clean, np.where(rng.random(images) < wrong, other, labels)])
    return Predictions([CLEAN, FOG], {"ticket": np.array(runs)}, labels)


def named(predictions: Predictions) -> list[int]:
    table = sinks(confusions(predictions, 6, FOG))
    return [int(label) for label in table.loc[table["stands_out"], "class"]]


def test_a_sink_is_named_where_all_trainings_agree_and_nowhere_else() -> None:
    assert named(study([4, 4, 4])) == [4]
    assert named(study([4, 1, 3])) == []
    assert named(study([None] * 3)) == []
    assert named(study([4, 4])) == []  # two of six classes agree by chance in one study of six


def test_one_training_is_claimed_about_as_that_network() -> None:
    table = sinks(confusions(study([4]), 6, FOG))
    assert table.loc[table["stands_out"], "class"].tolist() == [4]
    assert set(table["over"]) == {"images"}
    row = table.iloc[4]
    errors = study([4]).predicted["ticket"][0, 1] != study([4]).labels
    assert row["n"] == errors.sum()
    assert row["share"] == (study([4]).predicted["ticket"][0, 1][errors] == 4).mean()
    assert row["low"] < row["share"] < row["high"]


def test_shares_add_up_to_one_and_so_do_those_expected() -> None:
    table = sinks(confusions(study([4, 1, 2]), 6, FOG))
    assert table["share"].sum() == pytest.approx(1)
    assert table["expected"].sum() == pytest.approx(1)
    by_hand = study([4, 1, 2])
    given = by_hand.predicted["ticket"][:, 1]
    means = [np.mean([(run[run != by_hand.labels] == c).mean() for run in given]) for c in range(6)]
    np.testing.assert_allclose(table["share"], means)


def test_favourites_are_those_of_each_training() -> None:
    found = favourites(confusions(study([4, 1, 3]), 6, FOG)["ticket"])
    assert [label for label, _ in found] == [4, 1, 3]
    first = study([4, 1, 3]).predicted["ticket"][0, 1]
    assert found[0][1] == (first[first != study([4]).labels] == 4).mean()
    assert favourites(np.zeros((2, 3, 3), dtype=int)) == []


def test_no_errors_name_nobody() -> None:
    predictions = study([None, None], wrong=0.0)
    assert not sinks(confusions(predictions, 6, FOG))["stands_out"].any()
    assert not sufferers(predictions, 6, FOG)["stands_out"].any()
    assert sinks({}).empty


def hit(predictions: Predictions, label: int, share: float) -> Predictions:
    """The same with most of a class wrong in fog."""
    runs = predictions.predicted["ticket"].copy()
    rng = np.random.default_rng(1)
    gone = (predictions.labels == label) & (rng.random((len(runs), len(predictions.labels))) < share)
    runs[:, 1] = np.where(gone, (label + 1) % 6, runs[:, 1])
    return Predictions(predictions.conditions, {"ticket": runs}, predictions.labels)


@pytest.mark.parametrize("runs", [1, 3])
def test_the_class_that_suffers_is_named(runs: int) -> None:
    table = sufferers(hit(study([None] * runs), 2, 0.8), 6, FOG)
    assert table.loc[table["stands_out"], "class"].tolist() == [2]
    assert set(table["over"]) == {"images" if runs == 1 else "seeds"}
    assert not sufferers(study([None] * runs), 6, FOG)["stands_out"].any()


def test_the_share_wrong_is_that_of_the_class() -> None:
    predictions = hit(study([None] * 3), 2, 0.8)
    row = sufferers(predictions, 6, FOG).iloc[2]
    own = predictions.labels == 2
    wrong = predictions.predicted["ticket"][:, 1] != predictions.labels
    assert row["share"] == pytest.approx(wrong[:, own].mean())
    assert row["expected"] == pytest.approx(wrong.mean())
    assert row["n"] == own.sum()


def test_clean_images_have_sufferers_too_and_unknown_conditions_a_sentence() -> None:
    predictions = study([None] * 3)
    assert set(sufferers(predictions, 6, CLEAN)["key"]) == {"ticket"}
    with pytest.raises(UserError, match="snow 2"):
        sufferers(predictions, 6, ("snow", 2))
    with pytest.raises(UserError, match="snow 2"):
        confusions(predictions, 6, ("snow", 2))


def test_classes_without_images_are_left_in_peace() -> None:
    predictions = study([4, 4, 4])
    found = sufferers(predictions, 9, FOG)
    assert found["share"].isna().sum() == 3
    assert not found.loc[found["share"].isna(), "stands_out"].any()
