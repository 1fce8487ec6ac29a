"""Who turns and which class suffers: means by hand, intervals against scipy and the bootstrap, seeds by simulation."""

from itertools import count

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.comparisons.local_changes import (
    class_changes,
    moves_of_trainings,
    ticket_changes,
    told_apart,
    worst_classes,
)
from analysis.comparisons.local_geometry import moves

N = 400


def made(turns: dict[str, float], seed: int = 0, classes: dict[int, float] | None = None, shrink: float = 0.0,
         training: int = 0) -> pd.DataFrame:  # fmt: skip
    """Images of four classes whose gap changes by so much, and by more in some classes, in one training."""
    rng, label = np.random.default_rng(seed), np.arange(N) % 4
    frames = []
    for ticket, turn in turns.items():
        x, y = rng.gamma(9, 1 / 9, N), rng.normal(20, 8, N)
        more = np.array([(classes or {}).get(int(each), 0.0) for each in label])
        frame = pd.DataFrame(
            {"key": ticket, "seed": training, "sample": np.arange(N), "label": label, "x_before": x, "y_before": y}
        )
        frame = frame.assign(x_move=-shrink * x + rng.normal(0, 0.1, N), y_move=turn + more + rng.normal(0, 3, N))
        frames.append(frame.assign(x_after=frame["x_before"] + frame["x_move"], y_after=y + frame["y_move"]))
    return pd.concat(frames, ignore_index=True)


def test_means_are_those_of_the_images_and_the_interval_is_students() -> None:
    moved = made({"a": -5.0}, shrink=0.3)
    row = ticket_changes(moved).iloc[0]
    assert row["turn"] == pytest.approx(moved["y_move"].mean())
    assert row["after"] - row["before"] == pytest.approx(row["turn"])
    assert row["length"] == pytest.approx(moved["x_after"].mean() / moved["x_before"].mean() - 1)
    assert row["turns"]
    assert row["stretches"]
    # Both are shown to change, so Holm's steps are 2 and 1; the turn's interval is one of the two.
    test = stats.ttest_rel(moved["y_after"], moved["y_before"])
    close = [test.confidence_interval(level) for level in (0.95, 0.975)]
    assert any(row["turn_low"] == pytest.approx(each.low, abs=0.01) for each in close)


def test_the_interval_of_the_length_is_that_of_the_bootstrap() -> None:
    moved, rng = made({"a": 0.0}, shrink=0.3), np.random.default_rng(0)
    before, after = moved["x_before"].to_numpy(), moved["x_after"].to_numpy()
    draws = rng.integers(0, N, (4000, N))
    ratios = after[draws].mean(axis=1) / before[draws].mean(axis=1) - 1
    row = ticket_changes(moved).iloc[0]  # the turn is not shown, so the length is at the first step of two
    assert row["length_high"] - row["length_low"] == pytest.approx(2 * stats.norm.isf(0.0125) * ratios.std(), rel=0.05)


def test_tickets_are_told_apart_paired_by_image() -> None:
    moved = made({"a": -5.0, "b": -5.0, "c": -9.0})
    table = told_apart(moved).set_index(["a", "b"])
    assert not table.loc[("a", "b"), "turns"]
    assert table.loc[("a", "c"), "turns"]
    wide = moved.pivot(index="sample", columns="key", values="y_move")
    assert table.loc[("a", "c"), "turn"] == pytest.approx((wide["a"] - wide["c"]).mean())
    assert not table["stretches"].any()
    assert told_apart(made({"a": 0.0})).empty


def test_the_class_that_suffers_is_found_and_what_is_not_told_apart_from_it() -> None:
    moved = made({"a": -2.0, "b": -2.0}, classes={1: -6.0, 3: -5.7})
    classes = class_changes(moved)
    own = classes[classes["key"] == "a"].set_index("label")
    assert own["n"].tolist() == [100] * 4
    assert own.loc[1, "change"] == pytest.approx(-8, abs=1)
    assert (own["low"] < own["change"]).all()
    assert not own["below"].any()
    worst = worst_classes(moved, classes)
    assert set(worst["label"]) <= {1, 3}
    for row in worst.itertuples():
        assert set(row.others) <= {1, 3} - {row.label}
    moved = made({"a": 0.0}, classes={2: -9.0})
    alone = worst_classes(moved, class_changes(moved))
    assert alone[["label", "others"]].to_numpy().tolist() == [[2, ()]]
    assert class_changes(made({"a": -40.0}))["below"].all()


def test_a_class_that_falls_further_and_is_not_shown_to_does_not_hide_those_that_are() -> None:
    """Three images of class 0 fall most, and nobody knows whether such images do."""
    moved = made({"a": 0.0}, classes={1: -6.0})
    few = moved["label"].eq(0) & (moved.groupby("label").cumcount() > 2)
    moved.loc[moved["label"] == 0, "y_move"] = -15.0 + 40 * (moved.loc[moved["label"] == 0, "sample"] % 8 - 4) / 4
    moved = moved[~few].reset_index(drop=True)
    classes = class_changes(moved)
    assert classes.loc[classes["change"].idxmin(), "label"] == 0
    assert classes.loc[classes["label"] == 0, "high"].iloc[0] > 0
    worst = worst_classes(moved, classes)
    assert worst["label"].tolist() == [1]
    assert 0 in worst["others"].iloc[0]


@pytest.mark.parametrize("turns", [{}, {"a": 0.0}])
def test_almost_nothing_is_no_error(turns: dict[str, float]) -> None:
    moved = made({"a": 0.0}).iloc[: len(turns)]
    assert len(ticket_changes(moved)) == len(turns)
    assert worst_classes(moved, class_changes(moved)).empty
    assert told_apart(moved).empty


def test_what_is_not_finite_is_left_out() -> None:
    moved = made({"a": -5.0})
    moved.loc[:9, "y_after"] = np.nan
    assert ticket_changes(moved)["n"].item() == N - 10


def trained(**turns: list[float]) -> pd.DataFrame:
    """Tickets whose trainings turn the images by so much each."""
    drawn = count()
    return pd.concat(
        [made({key: turn}, next(drawn), training=seed) for key, own in turns.items() for seed, turn in enumerate(own)],
        ignore_index=True,
    )


def test_several_trainings_count_beside_the_images() -> None:
    """By hand: Student's with two degrees of freedom, of the spread of three means and that of the images' means."""
    moved = trained(a=[-20.0, -21.0, -22.0])
    runs = moved.pivot(index="seed", columns="sample", values="y_move").to_numpy()
    row = ticket_changes(moved).iloc[0]
    assert (row["seeds"], row["n"]) == (3, N)
    assert row["turn"] == pytest.approx(runs.mean())
    error = np.hypot(runs.mean(axis=1).std(ddof=1) / np.sqrt(3), runs.mean(axis=0).std(ddof=1) / np.sqrt(N))
    assert row["turns"]  # the first of two steps
    assert row["turn_high"] - row["turn"] == pytest.approx(stats.t.isf(0.0125, 2) * error)


def test_trainings_that_differ_are_no_difference_of_methods() -> None:
    """Of one training each these are told apart."""
    moved = trained(a=[-12.0, -8.0, -11.0], b=[-8.0, -9.0, -12.0])
    assert told_apart(moved[moved["seed"] == 0])["turns"].item()
    row = told_apart(moved).iloc[0]
    assert (row["turns"], row["seeds"]) == (False, 3)


def test_tickets_are_told_apart_paired_by_seed() -> None:
    """What a seed does to both is no noise; two without a seed in common are one network each."""
    moved = trained(a=[-25.0, -9.0, -2.0], b=[-30.0, -14.1, -6.9])
    row = told_apart(moved).iloc[0]
    assert row["turns"]
    assert row["turn"] == pytest.approx(5, abs=0.5)
    assert not ticket_changes(moved)["turns"].any()
    other = moved.assign(seed=np.where(moved["key"] == "b", moved["seed"] + 3, moved["seed"]))
    row = told_apart(other).iloc[0]
    assert row["seeds"] == 1
    assert row["turn"] == pytest.approx(5, abs=0.5)


def test_one_network_under_every_seed_is_one_training() -> None:
    once = made({"a": -5.0})
    moved = pd.concat([once.assign(seed=seed) for seed in range(3)], ignore_index=True)
    pd.testing.assert_frame_equal(ticket_changes(moved), ticket_changes(once))
    pd.testing.assert_frame_equal(class_changes(moved), class_changes(once))
    other = trained(b=[-6.0, -4.0, -5.1])
    assert told_apart(pd.concat([moved, other], ignore_index=True))["seeds"].item() == 3


def test_a_training_without_features_is_left_out() -> None:
    moved = trained(a=[-5.0, -6.0, -7.0])
    moved.loc[moved["seed"] == 1, "y_after"] = np.nan
    row = ticket_changes(moved).iloc[0]
    assert (row["seeds"], row["n"]) == (2, N)
    assert row["turn"] == pytest.approx(-6, abs=0.5)


def test_classes_are_told_apart_paired_by_seed() -> None:
    """Each training turns all classes by another amount, and one class always by more."""
    runs = [made({"a": turn}, seed, {2: -12.0}, training=seed) for seed, turn in enumerate((-8.0, -11.0, -14.0))]
    moved = pd.concat(runs, ignore_index=True)
    classes = class_changes(moved)
    assert (classes["seeds"] == 3).all()
    worst = worst_classes(moved, classes)
    assert worst[["label", "others"]].to_numpy().tolist() == [[2, ()]]
    unlike = [made({"a": -11.0}, seed, {seed: -12.0}, training=seed) for seed in range(3)]
    worst = worst_classes(pd.concat(unlike), class_changes(pd.concat(unlike)))
    assert all(len(others) == 3 for others in worst["others"])


def test_moves_of_trainings_are_held_against_the_reference_of_their_seed() -> None:
    rng, keys = np.random.default_rng(0), ["base", "a"]
    trainings = pd.DataFrame([(f"{key} {seed}", key, seed) for key in keys for seed in range(2)],
                             columns=["ticket_id", "key", "seed"])  # fmt: skip
    trainings.loc[len(trainings)] = ["a 2", "a", 2]  # a seed that the reference lacks
    before, after = (
        pd.DataFrame([(each, sample, *rng.normal(size=2)) for each in trainings["ticket_id"] for sample in range(5)],
                     columns=["ticket_id", "sample", "x", "y"]) for _ in range(2)
    )  # fmt: skip
    own = moves_of_trainings(before, after, "x", "y", trainings)
    pd.testing.assert_frame_equal(own.drop(columns=["key", "seed"]), moves(before, after, "x", "y"))
    found = moves_of_trainings(after, after, "x", "y", trainings, "base").set_index(["ticket_id", "sample"])
    assert set(found.index.get_level_values(0)) == {"a 0", "a 1"}
    wide = after.set_index(["ticket_id", "sample"])["y"]
    for seed in range(2):
        expected = wide[f"a {seed}"] - wide[f"base {seed}"]
        np.testing.assert_allclose(found.loc[f"a {seed}", "y_move"], expected)
    assert moves_of_trainings(after, after, "x", "y", trainings, "nobody").empty
