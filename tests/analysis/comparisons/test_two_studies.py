"""Two studies compared: numbers by hand and from plain functions, on outcomes that are made up."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.two_studies import (
    ACCURACY,
    CORRUPTED,
    Described,
    compare_studies,
    in_common,
    misfit,
    settings_that_differ,
)
from analysis.statistics.intervals import wilson
from analysis.statistics.verdicts import judge, paired_gap
from pruning.study.config import Method, StudyConfig

N = 200
LAYERS = {"fc.weight": (10, 4)}
LABELS = np.arange(N) % 10


def described(**changes: object) -> Described:
    return Described(**{"data": "digits", "model": "lenet5", "labels": LABELS, "layers": LAYERS, **changes})  # type: ignore[arg-type]


def test_the_same_images_and_network_fit() -> None:
    assert misfit(described(), described()) == ""
    assert misfit(described(), described(data="folder:elsewhere")) == ""  # the classes show that they are the same
    assert misfit(described(labels=None), described()) == ""  # then the data's name counts
    assert misfit(described(), described(model="another")) == ""  # whose layers are the same
    assert misfit(described(), described(layers={})) == ""


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"labels": LABELS[:-1]}, "199 test images, not on 200"),
        ({"labels": LABELS[::-1]}, "are others"),
        ({"labels": None, "data": "mnist5k"}, "mnist5k, not digits"),
        ({"model": "conv2", "layers": {"fc.weight": (10, 5)}}, "conv2"),
    ],
)
def test_what_does_not_fit_is_said(changes: dict[str, object], word: str) -> None:
    assert word in misfit(described(), described(**changes))


def config(**changes: object) -> StudyConfig:
    return StudyConfig(**{"title": "A", "model": "lenet5", "data": "digits", **changes})  # type: ignore[arg-type]


def test_only_what_differs_is_listed() -> None:
    one = config(seeds=[0, 1], method=[Method(criterion="snip"), Method(finder="imp", rate=0.2)])
    other = config(title="B", training={"epochs": 5}, method=[Method(finder="imp", rate=0.5)])
    found = settings_that_differ(one, other)
    assert {row.setting: (row.first, row.second) for row in found.itertuples()} == {
        "seeds": ("0, 1", "0"),
        "training.epochs": ("20", "5"),
        "method snip": ("there", "–"),
        "method imp: rate": ("0.2", "0.5"),
    }
    assert settings_that_differ(one, one).empty


def rows(ticket: str, conditions: list[tuple[str, int]], right: np.ndarray) -> pd.DataFrame:
    """Rows of the table `conditions`; `right` bool [conditions, images]."""
    names, levels = zip(*conditions, strict=True)
    stored = [(~each).astype(np.uint8).tobytes() for each in right]
    return pd.DataFrame(
        {"ticket_id": ticket, "corruption": names, "severity": levels, "n": right.shape[1], "offsets": stored}
    )


def test_only_conditions_of_both_count_in_one_order() -> None:
    rng = np.random.default_rng(0)
    here = [("clean", 0), ("fog", 1), ("snow", 1), ("spatter", 1)]  # spatter is an extra one
    there = [("snow", 1), ("fog", 2), ("clean", 0)]
    first, second = rng.random((4, N)) < 0.8, rng.random((3, N)) < 0.8
    lacking = rows("c", [("clean", 0)], first[:1])
    one, other = in_common(
        pd.concat([rows("a", here, first), lacking]), rows("b", there, second), ({"x": ["a"], "z": ["c"]}, {"y": ["b"]})
    )
    assert one.conditions == other.conditions == [("clean", 0), ("snow", 1)]
    assert list(one.right) == ["x"]  # the ticket that lacks a condition is left out
    np.testing.assert_array_equal(one.right["x"][0], first[[0, 2]])
    np.testing.assert_array_equal(other.right["y"][0], second[[2, 0]])


def test_nothing_in_common_is_an_empty_table() -> None:
    none = in_common(rows("a", [("fog", 1)], np.ones((1, N), bool)), rows("b", [("fog", 2)], np.ones((1, N), bool)),
                     ({"x": ["a"]}, {"x": ["b"]}))  # fmt: skip
    assert compare_studies(*none).empty


CONDITIONS = [("clean", 0), ("fog", 1), ("fog", 2), ("snow", 1)]


@pytest.fixture
def outcomes() -> tuple[Outcomes, Outcomes]:
    """One seed each: `better` is clearly better in the second study, `same` is the same, two have no partner."""
    rng = np.random.default_rng(1)
    base = rng.random((1, 4, N)) < 0.6
    better = base | (rng.random((1, 4, N)) < 0.6)
    first = {"better": base, "same": base, "here": base}
    return Outcomes(CONDITIONS, first), Outcomes(CONDITIONS, {"there": base, "same": base.copy(), "better": better})


def test_accuracies_differences_and_tests_are_those_by_hand(outcomes: tuple[Outcomes, Outcomes]) -> None:
    table = compare_studies(*outcomes).set_index(["key", "measure"])
    one, other = (each.right["better"][0] for each in outcomes)
    clean = table.loc["better", ACCURACY]
    assert clean["first"] == pytest.approx(one[0].mean())
    low, high = wilson(other[0].sum(), N)
    assert (clean["second_low"], clean["second_high"]) == pytest.approx((float(low), float(high)))
    assert clean["difference"] == pytest.approx(other[0].mean() - one[0].mean())
    gap = paired_gap(other[:1], one[:1])
    assert clean["p_holm"] == pytest.approx(judge([gap] * 4)["p_holm"][0], abs=1e-6)
    corrupted = table.loc["better", CORRUPTED]  # fog counts once, whatever its severities
    assert corrupted["first"] == pytest.approx((one[1:3].mean() + one[3].mean()) / 2)
    assert corrupted["low"] < corrupted["difference"] < corrupted["high"]


def test_ties_are_called_ties_and_what_differs_is_said(outcomes: tuple[Outcomes, Outcomes]) -> None:
    table = compare_studies(*outcomes, equivalence=0.05)
    verdicts = table.groupby("key")["verdict"].agg(set).to_dict()
    assert verdicts == {"better": {"differs"}, "same": {"equivalent"}, "here": {""}, "there": {""}}
    assert set(table.loc[table["key"] == "same", "over"]) == {"images"}
    same = table[table["key"] == "same"]
    assert (same["difference"] == 0).all()
    assert (same["p"] == 1).all()


def test_the_family_is_all_tests_of_the_table(outcomes: tuple[Outcomes, Outcomes]) -> None:
    table = compare_studies(*outcomes).dropna(subset=["p"])
    assert len(table) == 4
    smallest = table["p"].idxmin()
    assert table.loc[smallest, "p_holm"] == pytest.approx(min(1, 4 * table.loc[smallest, "p"]))


def test_a_ticket_without_a_partner_has_its_own_accuracy_alone(outcomes: tuple[Outcomes, Outcomes]) -> None:
    table = compare_studies(*outcomes).set_index(["key", "measure"])
    assert table.loc[("here", ACCURACY), "first"] == pytest.approx(outcomes[0].right["here"][0, 0].mean())
    assert np.isnan(table.loc[("here", ACCURACY), "second"])
    assert table.loc["there"][["first", "difference", "p"]].isna().all().all()


def test_several_seeds_are_paired_over_seeds() -> None:
    rng = np.random.default_rng(2)
    base = rng.random((3, 1, N)) < np.array([0.5, 0.7, 0.9])[:, None, None]
    lost = base & (rng.random((3, 1, N)) < np.array([0.9, 0.85, 0.95])[:, None, None])
    (row,) = compare_studies(Outcomes([("clean", 0)], {"x": base}), Outcomes([("clean", 0)], {"x": lost})).to_dict(
        "records"
    )
    gaps = lost.mean(axis=(1, 2)) - base.mean(axis=(1, 2))
    assert (row["over"], row["seeds"]) == ("seeds", 3)
    assert row["difference"] == pytest.approx(gaps.mean())
    expected = judge([paired_gap(lost[:, 0], base[:, 0])]).iloc[0]
    assert (row["low"], row["high"]) == (expected["low"], expected["high"])
