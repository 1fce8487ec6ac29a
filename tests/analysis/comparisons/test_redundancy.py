from itertools import combinations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.comparisons.correlations import corruptions_over_samples
from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.redundancy import concordance, correlated_groups, group_stability, kendall, redundant
from analysis.statistics.clusters import cluster
from pruning.errors import UserError
from tests.analysis.nulls.studies import Null, simulate

CONDITIONS = [("clean", 0), ("fog", 1), ("fog", 3), ("snow", 1), ("blur", 1), ("jpeg", 1)]
NAMES = ["fog", "snow", "blur", "jpeg"]


@given(seed=st.integers(0, 10_000), tickets=st.integers(2, 12), levels=st.integers(2, 20))
@settings(max_examples=80, deadline=None)
def test_tau_is_scipys(seed: int, tickets: int, levels: int) -> None:
    x, y = np.random.default_rng(seed).integers(0, levels, (2, tickets)) / 7
    expected = scipy.stats.kendalltau(x, y).statistic
    assert float(kendall(x, y)) == pytest.approx(0 if np.isnan(expected) else expected)
    np.testing.assert_allclose(kendall(np.stack([x, -x]), y), [kendall(x, y), -kendall(x, y)])


def outcomes(tickets: int = 6, seeds: int = 1, images: int = 2000) -> Outcomes:
    """Fog, snow and blur rank the tickets by their number, jpeg the other way round."""
    rng = np.random.default_rng(0)
    right = {}
    for ticket in range(tickets):
        shares = np.array([0.99, *[0.9 - 0.1 * ticket] * 4, 0.4 + 0.02 * ticket])[:, None]
        right[f"t{ticket}"] = rng.random((seeds, 6, images)) < shares
    return Outcomes(CONDITIONS, right)


def test_one_corruption_does_for_those_that_rank_alike() -> None:
    found = redundant(outcomes())
    assert found.steps["size"].tolist() == [1, 2, 3, 4]
    assert sorted(found.steps["corruption"]) == sorted(NAMES)
    assert found.kept in (["fog"], ["snow"], ["blur"])
    assert found.agreement == tuple(found.steps.iloc[len(found.kept) - 1][["tau", "low", "high"]])
    assert (found.steps["tau"] == 1).all()
    assert found.steps.iloc[-1][["tau", "low", "high"]].tolist() == [1, 1, 1]
    assert found.steps["low"][0] > 0.8
    assert found.itself[0] > 0.99


def test_tau_of_each_step_is_scipys_between_mean_accuracies() -> None:
    rng = np.random.default_rng(3)
    shares = rng.random((8, 6, 1))
    made = Outcomes(CONDITIONS, {f"t{ticket}": rng.random((2, 6, 50)) < shares[ticket] for ticket in range(8)})
    places = {"fog": [1, 2], "snow": [3], "blur": [4], "jpeg": [5]}
    accuracy = {
        name: np.array([right[:, each].mean() for right in made.right.values()]) for name, each in places.items()
    }
    whole = np.mean(list(accuracy.values()), axis=0)
    found = redundant(made, threshold=0.8)
    chosen: list[str] = []
    for row in found.steps.itertuples():
        rest = [name for name in NAMES if name not in chosen]
        taus = {
            name: scipy.stats.kendalltau(
                np.mean([accuracy[each] for each in [*chosen, name]], axis=0).round(9), whole.round(9)
            ).statistic
            for name in rest
        }
        assert row.tau == pytest.approx(max(taus.values()))
        assert taus[row.corruption] == pytest.approx(max(taus.values()))
        assert row.low <= row.high
        chosen.append(row.corruption)
    first = next(size for size, tau in enumerate(found.steps["tau"], 1) if tau >= 0.8)
    assert len(found.kept) == first > 1


def test_the_interval_is_that_of_resampling_images_one_by_one() -> None:
    made = outcomes(images=60)
    found = redundant(made, resamples=2000)
    name = found.steps["corruption"][0]
    place = {"fog": [1, 2], "snow": [3], "blur": [4], "jpeg": [5]}
    rng = np.random.default_rng(9)
    taus, itself = [], []
    full = np.mean([[right[:, each].mean() for right in made.right.values()] for each in place.values()], axis=0)
    for _ in range(600):
        drawn = rng.integers(60, size=60)
        accuracy = {
            key: np.array([right[:, each][..., drawn].mean() for right in made.right.values()])
            for key, each in place.items()
        }
        whole = np.mean(list(accuracy.values()), axis=0)
        taus.append(scipy.stats.kendalltau(accuracy[name].round(9), whole.round(9)).statistic)
        itself.append(scipy.stats.kendalltau(full.round(9), whole.round(9)).statistic)
    expected = np.quantile(taus, [0.025, 0.975])
    assert found.steps.loc[0, ["low", "high"]].tolist() == pytest.approx(expected.tolist(), abs=0.08)
    assert found.itself[0] == pytest.approx(np.mean(itself), abs=0.02)
    assert redundant(made, resamples=2000).steps.equals(found.steps)
    assert not redundant(made, resamples=50, seed=1).steps.equals(redundant(made, resamples=50).steps)


def alike(images: int = 400) -> Outcomes:
    """Fog, snow are wrong on nearly the same images; blur, jpeg on others, but less alike."""
    rng = np.random.default_rng(1)
    hard = rng.random((2, images)) < 0.3
    wrong = np.stack([hard[0], hard[0], hard[0], hard[0], hard[1], hard[1]])
    noise = np.array([0, 0.02, 0.02, 0.02, 0.03, 0.05])[:, None]
    return Outcomes(CONDITIONS, {name: ~(wrong ^ (rng.random((1, 6, images)) < noise)) for name in "abc"})


def test_groups_that_stay_together() -> None:
    made = alike()
    groups = cluster(corruptions_over_samples(made)).groups(0.7)
    assert sorted(map(sorted, groups)) == [["blur", "jpeg"], ["fog", "snow"]]
    assert group_stability(made, groups, 0.7) == [1, 1]
    both = [["fog", "snow", "blur", "jpeg"], ["fog"]]
    assert group_stability(made, both, 0.7) == [0, 1]


def test_stability_is_how_often_resampled_images_give_the_group() -> None:
    made = alike(60)
    r = float(corruptions_over_samples(made).matrix[2, 3])  # blur and jpeg: together about every other time
    expected = []
    rng = np.random.default_rng(5)
    for _ in range(200):
        drawn = rng.integers(60, size=60)
        again = Outcomes(CONDITIONS, {name: right[..., drawn] for name, right in made.right.items()})
        groups = cluster(corruptions_over_samples(again)).groups(r)
        expected.append(any({"blur", "jpeg"} <= set(group) for group in groups))
    (found,) = group_stability(made, [["blur", "jpeg"]], r, resamples=200)
    assert 0.2 < found < 0.8
    assert found == pytest.approx(np.mean(expected), abs=0.15)
    assert group_stability(made, [["blur", "jpeg"]], r, resamples=200) == [found]
    assert all(0 <= each <= 1 for each in group_stability(made, list(combinations(NAMES, 2)), r, True, resamples=10))


def test_concordance_is_friedmans() -> None:
    values = np.random.default_rng(0).random((4, 7)) + np.arange(7) / 5
    w, p = concordance(values, permutations=20_000)
    friedman = scipy.stats.friedmanchisquare(*values.T)
    assert w == pytest.approx(friedman.statistic / (4 * 6))
    assert p == pytest.approx(friedman.pvalue, abs=0.02)
    assert concordance(np.tile(np.arange(6), (3, 1)))[0] == pytest.approx(1)
    tied = np.round(values, 1)
    assert any(len(set(own)) < len(own) for own in tied)
    assert concordance(tied, 20)[0] == pytest.approx(scipy.stats.friedmanchisquare(*tied.T).statistic / (4 * 6))
    assert concordance(np.array([[0.9, 0.9, 0.8, 0.7]] * 3), 20)[0] == pytest.approx(1)
    assert concordance(np.ones((3, 4)), 20) == (0, 1)


def test_seeds_that_rank_otherwise_leave_nothing_to_keep() -> None:
    """Equal methods were said to be ranked as well by few corruptions as by all, in 60 to 80 % of null studies."""
    null = Null(seeds=3, images=300, corruptions=4, severities=(3,))
    false = []
    for number in range(60):
        made = simulate(null, np.random.default_rng(number)).outcomes
        false.append(redundant(made, resamples=2).ranked)
    assert sum(false) <= 8  # of 60, nominally 3
    found = redundant(outcomes(seeds=3))
    assert found.seeds is not None
    assert found.ranked
    assert redundant(outcomes()).seeds is None


def test_too_little_to_rank_is_refused_in_words() -> None:
    with pytest.raises(UserError, match="at least 4 tickets, and 3 are chosen"):
        redundant(outcomes(tickets=3))
    same = outcomes().right["t0"]
    with pytest.raises(UserError, match="equally accurate"):
        redundant(Outcomes(CONDITIONS, dict.fromkeys("abcd", same)))
    clean = {name: right[:, :1] for name, right in outcomes().right.items()}
    with pytest.raises(UserError, match="No ticket chosen"):
        redundant(Outcomes(CONDITIONS[:1], clean))


def test_groups_have_their_mean_correlation_and_their_stability() -> None:
    rng = np.random.default_rng(5)
    base = rng.random(400)
    noise = 0.02 * rng.normal(size=(6, 400))
    right = (base + noise < 0.6)[None]
    right[:, 4:] = rng.random((1, 2, 400)) < 0.5
    made = Outcomes(CONDITIONS, {"a": right})
    correlation = corruptions_over_samples(made)
    table = correlated_groups(made, correlation, resamples=20)
    assert sorted(table["members"][0]) == ["fog", "snow"]
    assert table["size"].tolist() == [2, 1, 1]
    place = [correlation.names.index(name) for name in ("fog", "snow")]
    assert table["r"][0] == pytest.approx(correlation.matrix[place[0], place[1]])
    assert table["r"][1:].isna().all()
    assert table["together"].tolist() == group_stability(made, table["members"].tolist(), resamples=20)
