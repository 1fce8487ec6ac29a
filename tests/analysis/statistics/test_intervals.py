from fractions import Fraction
from itertools import product
from math import comb, isnan, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.results.store import Results
from analysis.statistics import intervals
from pruning.errors import UserError


@given(data=st.data(), n=st.integers(1, 5000), level=st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=60, deadline=None)
def test_wilson_is_scipys(data: st.DataObject, n: int, level: float) -> None:
    correct = data.draw(st.integers(0, n))
    expected = scipy.stats.binomtest(correct, n).proportion_ci(level, method="wilson")
    low, high = intervals.wilson(correct, n, level)
    assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= low <= correct / n <= high <= 1


def test_wilson_takes_arrays_and_has_no_interval_without_images() -> None:
    low, high = intervals.wilson(np.array([[0, 10], [5, 10]]), np.array([10, 10]))
    assert low.shape == high.shape == (2, 2)
    assert (low[0, 0], high[0, 1], high[1, 1]) == (0, 1, 1)
    assert low[1, 0] + high[1, 0] == pytest.approx(1)
    assert np.isnan(intervals.wilson([0, 1], [0, 1])).tolist() == [[True, False], [True, False]]


@pytest.mark.parametrize("correct", [-1, 11])
def test_wilson_refuses_counts_that_cannot_be(correct: int) -> None:
    with pytest.raises(ValueError, match="between 0 and n"):
        intervals.wilson(correct, 10)


def test_mean_interval_by_hand() -> None:
    # the 97.5 % point of Student's t with 2 degrees of freedom, from any table, is 4.303
    mean, low, high = intervals.mean_interval([0.9, 0.92, 0.97])
    spread = sqrt((0.03**2 + 0.01**2 + 0.04**2) / 2)
    assert mean == pytest.approx(0.93)
    assert (low, high) == pytest.approx((0.93 - 4.3027 * spread / sqrt(3), 0.93 + 4.3027 * spread / sqrt(3)), rel=1e-5)


def test_mean_interval_says_nothing_of_the_spread_of_one_seed() -> None:
    mean, low, high = intervals.mean_interval([0.9])
    assert mean == 0.9
    assert isnan(low)
    assert isnan(high)
    assert np.isnan(intervals.mean_interval([])).all()
    assert intervals.mean_interval([0.5, 0.5]) == (0.5, 0.5, 0.5)


def outcomes(only_a: int, only_b: int, both: int = 7, neither: int = 3) -> tuple[np.ndarray, np.ndarray]:
    a = [True] * only_a + [False] * only_b + [True] * both + [False] * neither
    b = [False] * only_a + [True] * only_b + [True] * both + [False] * neither
    return np.array(a), np.array(b)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (3, 12), (12, 12), (0, 24), (11, 13)])
def test_mcnemar_is_the_binomial_test_for_few_discordant_images(only_a: int, only_b: int) -> None:
    n, least = only_a + only_b, min(only_a, only_b)
    by_hand = min(Fraction(1), 2 * sum(Fraction(comb(n, k), 2**n) for k in range(least + 1)))
    assert intervals.mcnemar(*outcomes(only_a, only_b)) == pytest.approx(float(by_hand))


@pytest.mark.parametrize(("only_a", "only_b"), [(5, 20), (13, 12), (40, 60), (300, 200)])
def test_mcnemar_is_chi_squared_with_continuity_correction_for_many(only_a: int, only_b: int) -> None:
    p = intervals.mcnemar(*outcomes(only_a, only_b))
    z = (abs(only_a - only_b) - 1) / sqrt(only_a + only_b)
    assert p == pytest.approx(2 * scipy.stats.norm.sf(z))
    exact = scipy.stats.binomtest(only_a, only_a + only_b).pvalue
    assert p == pytest.approx(exact, abs=0.01)


def test_mcnemar_treats_both_alike_and_needs_the_same_images() -> None:
    a, b = outcomes(4, 17)
    assert intervals.mcnemar(a, b) == intervals.mcnemar(b, a)
    assert intervals.mcnemar(*outcomes(30, 30)) == 1
    with pytest.raises(ValueError, match="one shape"):
        intervals.mcnemar(a, b[1:])


def test_many_pairs_are_tested_at_once() -> None:
    counts = np.array([[[0, 3], [30, 24]], [[0, 12], [10, 1]]])
    found = intervals.mcnemar_counts(*counts)
    assert found.tolist() == [[intervals.mcnemar(*outcomes(*counts[:, i, j])) for j in range(2)] for i in range(2)]


def test_the_bootstrap_draws_what_every_possible_resample_gives() -> None:
    gaps = np.array([1, 0, -1, 1])  # 4**4 equally likely resamples, listed
    a, b = gaps == 1, gaps == -1
    means = np.array([np.mean(draw) for draw in product(gaps, repeat=4)])
    for level in (0.5, 0.9, 0.95):
        expected = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
        difference, low, high = intervals.paired_bootstrap(a, b, level=level, resamples=40_000)
        assert difference == 0.25
        assert (low, high) == pytest.approx(expected, abs=1e-12)


def test_the_bootstrap_is_the_normal_approximation_for_many_images() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.random(4000) < 0.9, rng.random(4000) < 0.85
    gap = a.astype(float) - b
    half = 1.96 * gap.std() / sqrt(4000)
    difference, low, high = intervals.paired_bootstrap(a, b)
    assert difference == pytest.approx(gap.mean())
    assert (low, high) == pytest.approx((gap.mean() - half, gap.mean() + half), abs=0.04 * half)


def test_the_bootstrap_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    trials, images, truth = 400, 300, 0.9 - 0.8
    covered = 0
    for trial in range(trials):
        difficulty = rng.random(images)  # both are wrong on the same hard images
        _, low, high = intervals.paired_bootstrap(difficulty < 0.9, difficulty < 0.8, resamples=1000, seed=trial)
        covered += low <= truth <= high
    assert scipy.stats.binomtest(covered, trials, 0.95).pvalue > 0.001


def test_conditions_of_one_image_are_not_taken_for_new_images() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.random(500) < 0.9, rng.random(500) < 0.8
    once = intervals.paired_bootstrap(a, b)
    repeated = intervals.paired_bootstrap(np.broadcast_to(a, (5, 15, 500)), np.broadcast_to(b, (5, 15, 500)))
    assert repeated == pytest.approx(once, abs=1e-12)


def test_the_bootstrap_is_signed_seeded_and_exact_for_equal_networks() -> None:
    rng = np.random.default_rng(7)
    a, b = rng.random((3, 200)) < 0.9, rng.random((3, 200)) < 0.7
    difference, low, high = intervals.paired_bootstrap(a, b, seed=1)
    assert difference == pytest.approx(a.mean() - b.mean())
    assert low < difference < high
    assert intervals.paired_bootstrap(b, a, seed=1) == pytest.approx((-difference, -high, -low))
    assert intervals.paired_bootstrap(a, b, seed=1) == (difference, low, high)
    few = [intervals.paired_bootstrap(a, b, resamples=20, seed=seed) for seed in range(5)]
    assert len(set(few)) > 1
    assert intervals.paired_bootstrap(a, a) == (0, 0, 0)
    with pytest.raises(ValueError, match="one shape"):
        intervals.paired_bootstrap(a, b[0])
    with pytest.raises(ValueError, match="not empty"):
        intervals.paired_bootstrap([], [])


def test_drawing_in_several_goes_changes_only_the_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    a, b = rng.random(300) < 0.9, rng.random(300) < 0.8
    whole = intervals.paired_bootstrap(a, b)
    monkeypatch.setattr(intervals, "DRAWS_AT_ONCE", 7 * 300)
    assert intervals.paired_bootstrap(a, b) == pytest.approx(whole, abs=0.005)


def test_holm_by_hand() -> None:
    # sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1 is 0.04, 0.06, 0.06, 0.04, and may not fall
    assert intervals.holm([0.03, 0.01, 0.04, 0.02]).tolist() == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert intervals.holm([0.7, 0.6]).tolist() == [1, 1]
    assert intervals.holm([]).tolist() == []
    assert intervals.holm([0.2]).tolist() == [0.2]


@given(p=st.lists(st.floats(0, 1), max_size=20), alpha=st.floats(0.01, 0.2))
def test_holm_rejects_what_the_step_down_procedure_rejects(p: list[float], alpha: float) -> None:
    rejected = set()
    for step, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if p[index] * (len(p) - step) >= alpha:
            break
        rejected.add(index)
    assert set(np.flatnonzero(intervals.holm(p) < alpha)) == rejected


def rank(correct: dict[str, np.ndarray], **options: float) -> pd.DataFrame:
    return intervals.ranked_with_ties({name: rows.mean() for name, rows in correct.items()}, correct, **options)  # type: ignore[arg-type]


def test_tickets_far_apart_stand_alone_and_near_ones_share_a_group() -> None:
    rng = np.random.default_rng(9)
    levels = {"worst": 0.5, "good": 0.8, "better": 0.805, "best": 0.95}
    found = rank({name: rng.random((10, 1000)) < level for name, level in levels.items()})
    assert found["rank"].tolist() == [1, 2, 3, 4]
    assert found.ticket.tolist()[0] == "best"
    assert set(found.ticket.tolist()[1:3]) == {"good", "better"}
    assert found.group.tolist() == [1, 2, 2, 3]
    assert found.leader.tolist() == ["best", found.ticket[1], found.ticket[1], "worst"]
    assert (found.accuracy.diff().dropna() <= 0).all()
    assert found.behind[[0, 1, 3]].tolist() == [0, 0, 0]
    assert found.low[2] <= found.behind[2] <= found.high[2]
    assert found.low[2] <= 0


def test_behind_low_and_high_are_the_paired_bootstrap_against_the_leader() -> None:
    rng = np.random.default_rng(10)
    a = rng.random((4, 500)) < 0.9
    correct = {"a": a, "b": a & (rng.random((4, 500)) < 0.999)}
    row = rank(correct).iloc[1]
    expected = intervals.paired_bootstrap(correct["a"], correct["b"])
    assert row.leader == "a"
    assert (row.behind, row.low, row.high) == pytest.approx(expected, abs=1e-12)


def test_pairing_tells_apart_what_separate_intervals_cannot() -> None:
    a = np.arange(1000) < 800
    b = np.arange(1000) < 780
    overlapping = intervals.wilson(800, 1000)[0] < intervals.wilson(780, 1000)[1]
    assert overlapping
    assert rank({"a": a[None], "b": b[None]}).group.tolist() == [1, 2]


def test_equal_tickets_tie_however_many_there_are() -> None:
    same = np.random.default_rng(11).random((75, 333)) < 0.7
    found = rank({str(number): same.copy() for number in range(37)})
    assert found.group.tolist() == [1] * 37
    assert found.ticket.tolist() == [str(number) for number in range(37)], "equal ones stay in the order given"
    assert (found[["behind", "low", "high"]] == 0).all(axis=None)
    assert (found.p == 1).all()


def test_equal_tickets_are_parted_no_more_often_than_the_level_says_however_many_they_are() -> None:
    rng = np.random.default_rng(12)
    for tickets in (2, 12):
        parted = 0
        for _ in range(100):
            difficulty = rng.random(200)
            noise = 0.3 * rng.random((tickets, 200))
            correct = {str(number): (difficulty + row < 1)[None] for number, row in enumerate(noise)}
            parted += rank(correct, resamples=300).group.max() > 1
        assert scipy.stats.binomtest(parted, 100, 0.05, alternative="greater").pvalue > 0.001


def test_of_two_tickets_the_p_value_is_that_of_the_paired_z_test() -> None:
    rng = np.random.default_rng(25)
    a, b = rng.random((1, 2000)) < 0.9, rng.random((1, 2000)) < 0.886
    gap = a[0].astype(float) - b[0]
    z = gap.mean() / (gap.std() / sqrt(2000))
    assert 1 < z < 1.9
    assert rank({"a": a, "b": b}).p.tolist() == pytest.approx([1, 2 * scipy.stats.norm.sf(z)], rel=0.1)


def test_a_difference_that_is_the_same_on_every_image_is_certain() -> None:
    assert rank({"a": np.ones((2, 50), dtype=bool), "b": np.eye(2, 50) < -1}).p.tolist() == [1, 1]
    assert rank({"a": np.ones((2, 50), dtype=bool), "b": np.eye(2, 50) < -1}).group.tolist() == [1, 2]


def test_many_tickets_can_still_be_told_apart() -> None:
    correct = {str(number): np.arange(600)[None] < 600 - 20 * number for number in range(30)}
    assert rank(correct, resamples=1000).group.tolist() == list(range(1, 31))


def test_one_ticket_or_none_is_ranked_too() -> None:
    assert rank({"only": np.ones((2, 10), dtype=bool)}).group.tolist() == [1]
    assert rank({}).columns.tolist() == rank({"only": np.ones((2, 10), dtype=bool)}).columns.tolist()


def test_tickets_without_the_same_results_are_refused() -> None:
    row = np.ones((2, 10), dtype=bool)
    with pytest.raises(UserError, match="Ticket b has no results on corrupted images"):
        intervals.ranked_with_ties({"a": 0.9, "b": 0.8}, {"a": row})
    with pytest.raises(UserError, match="Tickets a and b were not measured on the same conditions"):
        intervals.ranked_with_ties({"a": 0.9, "b": 0.8}, {"a": row, "b": row[:1]})


def test_a_level_is_a_probability() -> None:
    with pytest.raises(ValueError, match="between 0 and 1, not at 95"):
        intervals.wilson(5, 10, level=95)


def conditions(ticket: str, correct: np.ndarray, names: list[tuple[str, int]]) -> pd.DataFrame:
    """Rows as they are stored."""
    return pd.DataFrame(
        [
            {
                "ticket_id": ticket,
                "corruption": corruption,
                "severity": severity,
                "n": row.size,
                "correct": int(row.sum()),
                "accuracy": row.mean(),
                "mean_confidence": 0.5,
                "mean_angle": 60.0,
                "mean_length": 1.0,
                "mean_margin": 0.1,
                "nll": 0.1,
                "brier": 0.2,
                "ece": 0.05,
                "offsets": np.where(row, 0, 3).astype(np.uint8).tobytes(),
            }
            for row, (corruption, severity) in zip(correct, names, strict=True)
        ]
    )


NAMES = [("clean", 0), ("fog", 1), ("fog", 2), ("snow", 1)]


@pytest.mark.parametrize("n", [1, 8, 13, 1000])
def test_correctness_comes_back_from_the_results_as_it_was_stored(tmp_path: Path, n: int) -> None:
    rng = np.random.default_rng(13)
    stored = {ticket: rng.random((4, n)) < 0.5 for ticket in "ab"}
    results = Results(tmp_path)
    results.write("conditions", "a", conditions("a", stored["a"], NAMES))
    results.write("conditions", "b", conditions("b", stored["b"][::-1], NAMES[::-1]))
    found = intervals.unpack_correct(results.table("conditions"))
    assert list(found) == ["a", "b"]
    for ticket in "ab":
        assert found[ticket].dtype == bool
        assert found[ticket].tolist() == stored[ticket].tolist(), "in the first ticket's order of conditions"


@pytest.mark.parametrize(("classes", "stored"), [(10, "u1"), (256, "u1"), (1000, "<u2")])
def test_predictions_come_back_from_offsets(classes: int, stored: str) -> None:
    rng = np.random.default_rng(3)
    labels, predictions = rng.integers(0, classes, (2, 3, 40))
    rows = [
        ("a", *name, 40, ((predictions[place] - labels[0]) % classes).astype(stored).tobytes())
        for place, name in enumerate(NAMES[:3])
    ]
    table = pd.DataFrame(rows, columns=["ticket_id", "corruption", "severity", "n", "offsets"])
    offsets = intervals.unpack_offsets(table)["a"]
    np.testing.assert_array_equal((labels[0] + offsets.astype(int)) % classes, predictions)
    np.testing.assert_array_equal(intervals.unpack_correct(table)["a"], predictions == labels[0])


def test_no_conditions_are_no_tickets(tmp_path: Path) -> None:
    assert intervals.unpack_correct(Results(tmp_path).table("conditions")) == {}


def test_correctness_that_cannot_be_compared_is_refused() -> None:
    row = np.ones((4, 12), dtype=bool)
    whole = conditions("a", row, NAMES)
    for order in ([whole, conditions("b", row[:2], NAMES[:2])], [conditions("b", row[:2], NAMES[:2]), whole]):
        with pytest.raises(UserError, match="Ticket b has no results under fog 2 yet"):
            intervals.unpack_correct(pd.concat(order))
    with pytest.raises(UserError, match=r"Tickets a and b were measured on different test sets \(12 and 13 images\)"):
        intervals.unpack_correct(pd.concat([whole, conditions("b", np.ones((4, 13), dtype=bool), NAMES)]))
    with pytest.raises(UserError, match="ticket a under clean 0 are damaged: 12 bytes for 40 images"):
        intervals.unpack_correct(whole.assign(n=40))


def test_a_difference_that_the_seeds_do_not_bear_out_is_a_tie() -> None:
    rng = np.random.default_rng(0)
    right = {"a": rng.random((3, 5000)) < 0.90, "b": rng.random((3, 5000)) < 0.85}
    shares = {name: float(rows.mean()) for name, rows in right.items()}
    alone = intervals.ranked_with_ties(shares, right)
    assert list(alone["group"]) == [1, 2]
    steady = {"a": [0.90, 0.91, 0.92], "b": [0.85, 0.86, 0.871]}
    assert list(intervals.ranked_with_ties(shares, right, seeds_by_ticket=steady)["group"]) == [1, 2]
    shaky = {"a": [0.90, 0.99, 0.81], "b": [0.89, 0.80, 0.86]}
    found = intervals.ranked_with_ties(shares, right, seeds_by_ticket=shaky)
    assert list(found["group"]) == [1, 1]
    expected = scipy.stats.ttest_rel(shaky["a"], shaky["b"]).pvalue
    assert found["p"][1] == pytest.approx(expected)
    one = {"a": [0.9], "b": [0.85]}
    assert list(intervals.ranked_with_ties(shares, right, seeds_by_ticket=one)["group"]) == [1, 2]
