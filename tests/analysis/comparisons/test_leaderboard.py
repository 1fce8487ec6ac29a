"""A board of studies: numbers by hand and from plain functions, ties by the verdicts, on outcomes that are made up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import leaderboard
from analysis.comparisons.leaderboard import Member, apart, at, board, common_conditions, per_image, places, sparsities
from analysis.comparisons.two_studies import ACCURACY, CORRUPTED, Described, compare_studies, in_common
from analysis.statistics.intervals import mean_interval, wilson
from analysis.statistics.replication import share
from analysis.statistics.verdicts import DIFFERS

N = 400
LABELS = np.arange(N) % 10
HERE = [("clean", 0), ("fog", 1), ("fog", 2), ("snow", 1), ("spatter", 1)]  # spatter is an extra one
THERE = [("snow", 1), ("clean", 0), ("fog", 2), ("contrast", 1)]
COMMON = [("fog", 2), ("snow", 1)]


def described(**changes: object) -> Described:
    return Described(**{"data": "digits", "model": "lenet5", "labels": LABELS, "layers": {}, **changes})  # type: ignore[arg-type]


def rows(ticket: str, conditions: list[tuple[str, int]], right: np.ndarray) -> pd.DataFrame:
    """Rows of the table `conditions`; `right` bool [conditions, images]."""
    names, levels = zip(*conditions, strict=True)
    stored = [(~each).astype(np.uint8).tobytes() for each in right]
    return pd.DataFrame(
        {
            "ticket_id": ticket, "corruption": names, "severity": levels, "n": right.shape[1],
            "accuracy": right.mean(axis=1), "offsets": stored,
        }
    )  # fmt: skip


def tickets(*own: tuple[str, str, str, float, int]) -> pd.DataFrame:
    table = pd.DataFrame(own, columns=["ticket_id", "key", "method", "sparsity", "seed"])
    return table.assign(label=table["key"])


RIGHT = {
    name: np.random.default_rng(number).random((len(conditions), N)) < share
    for number, (name, conditions, share) in enumerate(
        [("a0", HERE, 0.8), ("a1", HERE, 0.7), ("d", HERE, 0.9), ("b", THERE, 0.6), ("lacks", HERE[:1], 0.5)]
    )
}


@pytest.fixture
def members() -> list[Member]:
    one = pd.concat(
        [rows(name, HERE, RIGHT[name]) for name in ("a0", "a1", "d")] + [rows("lacks", HERE[:1], RIGHT["lacks"])]
    )
    ours = tickets(("d", "dense", "dense", 0, 0), ("a0", "imp-90", "imp", 0.9, 0), ("a1", "imp-90", "imp", 0.9, 1),
                   ("lacks", "snip-90", "snip", 0.9, 0), ("gone", "snip-50", "snip", 0.5, 0))  # fmt: skip
    theirs = tickets(("b", "imp-90", "imp", 0.9012, 4))
    nothing = rows("b", THERE, RIGHT["b"]).iloc[:0]
    return [
        Member("ours", described(), ours, one),
        Member("theirs", described(), theirs, rows("b", THERE, RIGHT["b"])),
        Member("empty", described(), theirs.assign(ticket_id="none"), nothing),
    ]


def test_numbers_and_intervals_are_those_of_plain_functions(members: list[Member]) -> None:
    common = common_conditions(members)
    assert common == COMMON
    table = board(members, common).set_index(["study", "key"])
    places_here = [HERE.index(each) for each in COMMON]
    means = [RIGHT[name][places_here].mean() for name in ("a0", "a1")]  # one severity each, so a plain mean
    imp = table.loc[("ours", "imp-90")]
    assert (imp["corrupted"], imp["corrupted_low"], imp["corrupted_high"]) == pytest.approx(
        (np.mean(means), *np.clip(mean_interval(means)[1:], 0, 1))
    )
    clean = share(np.stack([RIGHT[name][[0]] for name in ("a0", "a1")]))
    assert imp["accuracy"] == pytest.approx(float(clean.value[0]))
    assert (imp["accuracy_low"], imp["accuracy_high"]) == pytest.approx((float(clean.low[0]), float(clean.high[0])))
    dense = table.loc[("ours", "dense")]
    assert [dense["accuracy_low"], dense["accuracy_high"]] == pytest.approx(
        [*map(float, wilson(RIGHT["d"][0].sum(), N))]
    )
    assert table.loc[("ours", "snip-90"), "corrupted"] is np.nan or np.isnan(
        table.loc[("ours", "snip-90"), "corrupted"]
    )
    assert table.loc[("ours", "snip-90"), "accuracy"] == pytest.approx(RIGHT["lacks"][0].mean())
    assert np.isnan(table.loc[("ours", "snip-50"), "accuracy"])
    assert np.isnan(table.loc[("empty", "imp-90"), "accuracy"])
    assert table["seeds"].tolist() == [1, 2, 1, 1, 1, 1]


def test_the_interval_over_images_is_at_most_too_wide(members: list[Member]) -> None:
    table = board(members, COMMON).set_index(["study", "key"])
    row = table.loc[("theirs", "imp-90")]
    right = RIGHT["b"][[THERE.index(each) for each in COMMON]]
    exact = share(right.mean(axis=0)[None])
    assert row["corrupted"] == pytest.approx(float(exact.value))
    assert row["corrupted_low"] <= float(exact.low)
    assert row["corrupted_high"] >= float(exact.high)


def test_severities_count_within_their_corruption(members: list[Member]) -> None:
    one = members[:1]
    common = common_conditions(one)
    assert common == [("fog", 1), ("fog", 2), ("snow", 1)]
    found = board(one, common).set_index("key").loc["dense", "corrupted"]
    fog, snow = RIGHT["d"][1:3].mean(), RIGHT["d"][3].mean()
    assert found == pytest.approx((fog + snow) / 2)
    images = per_image(one[0].measured, one[0].tickets, "corrupted", common)
    assert images["dense"][0].mean() == pytest.approx(found)
    np.testing.assert_allclose(images["dense"][0], (RIGHT["d"][1:3].mean(axis=0) + RIGHT["d"][3]) / 2)
    assert "snip-90" not in images  # it was not measured under all of them
    assert list(images["imp-90"]) == [0, 1]


def test_the_pair_of_two_studies_says_the_same(members: list[Member]) -> None:
    one, other = (member.measured for member in members[:2])
    outcomes = in_common(one, other, ({"imp-90": ["a0"]}, {"imp-90": ["b"]}))
    pair = compare_studies(*outcomes).set_index("measure")
    for measure, images in ((ACCURACY, "accuracy"), (CORRUPTED, "corrupted")):
        told = {
            name: per_image(rows, tickets((ticket, "imp-90", "imp", 0.9, 0)), images, COMMON)  # type: ignore[arg-type]
            for name, rows, ticket in (("ours", one, "a0"), ("theirs", other, "b"))
        }
        difference = told["theirs"]["imp-90"][0].mean() - told["ours"]["imp-90"][0].mean()
        assert difference == pytest.approx(pair.loc[measure, "difference"])
        found = places(told)
        assert found["study"].tolist() == ["ours", "theirs"]
        assert (not found["best"][1]) == (pair.loc[measure, "verdict"] == DIFFERS)
        assert found["rank"].tolist() == [1, 2]


def test_those_that_cannot_be_told_apart_share_a_place() -> None:
    rng = np.random.default_rng(1)
    base = (rng.random(N) < 0.9).astype(float)
    worse = base * (rng.random(N) < 0.5)
    found = places({"one": {"x": {0: base}, "y": {0: worse}}, "two": {"x": {0: base.copy()}}})
    assert found[["study", "key", "rank", "tied", "best"]].values.tolist() == [
        ["one", "x", 1, True, True], ["two", "x", 1, True, True], ["one", "y", 3, False, False],
    ]  # fmt: skip
    assert set(found["over"]) == {"images"}


def test_who_stands_below_one_that_is_worse_need_not_be_shown_to_be() -> None:
    """b is a without 15 images, so that they differ; c has right what chance has, and does not differ from a."""
    rng = np.random.default_rng(0)
    a, c = (rng.permutation(np.arange(1000) < right).astype(float) for right in (900, 878))
    b = a.copy()
    b[np.flatnonzero(a)[:15]] = 0
    found = places({"one": {"a": {0: a}, "b": {0: b}, "c": {0: c}}}).set_index("key")
    assert found["rank"].to_dict() == {"a": 1, "b": 2, "c": 2}
    assert found["best"].to_dict() == {"a": True, "b": False, "c": True}


def test_one_alone_and_none_at_all() -> None:
    alone = places({"one": {"x": {0: np.ones(N)}}})
    assert alone[["rank", "tied", "best"]].values.tolist() == [[1, False, True]]
    assert places({}).empty
    assert board([], []).empty


def test_a_sparsity_takes_the_nearest_of_each_method(members: list[Member]) -> None:
    table = board(members, COMMON)
    assert sparsities(table) == [0.5, 0.9]
    assert at(table, 0.9)[["study", "key"]].values.tolist() == [
        ["ours", "imp-90"], ["ours", "snip-90"], ["theirs", "imp-90"], ["empty", "imp-90"],
    ]  # fmt: skip
    assert at(table, 0.7).empty
    twice = pd.concat([table, table.assign(key="imp-904", sparsity=0.904)])
    assert set(at(twice, 0.9)["key"]) == {"imp-90", "snip-90"}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, ""),
        ({"model": "another", "layers": {"x": (1,)}}, ""),  # accuracies of another network are comparable
        ({"labels": LABELS[:-1]}, "399 test images, not on 400"),
        ({"labels": LABELS[::-1]}, "are others"),
        ({"labels": None}, ""),
        ({"labels": None, "data": "mnist5k"}, "mnist5k, not digits"),
    ],
)
def test_what_is_of_other_images_is_said(changes: dict[str, object], word: str) -> None:
    found = apart(described(), described(**changes))
    assert word in found
    assert bool(found) == bool(word)


def test_names_of_conditions_to_read() -> None:
    assert leaderboard.condition_names("accuracy", COMMON) == ["clean"]
    assert leaderboard.condition_names("corrupted", COMMON) == ["fog", "snow"]
    assert leaderboard.condition_names("corrupted", []) == []
