"""Who turns and which class suffers: means by hand, intervals against scipy and the bootstrap, seeds by simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.comparisons.local_changes import class_changes, ticket_changes, told_apart, worst_classes

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
