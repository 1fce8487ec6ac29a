from itertools import pairwise

import numpy as np
import pytest
import scipy.stats
from scipy.cluster.hierarchy import dendrogram

from analysis.comparisons.correlations import (
    corruptions_over_samples,
    corruptions_over_tickets,
    methods_over_conditions,
)
from analysis.comparisons.outcomes import Outcomes
from analysis.statistics.clusters import cluster, linkage_of
from analysis.statistics.correlation import Correlation, mean_correlation, resampled_correlations
from pruning.errors import UserError

CONDITIONS = [("clean", 0), ("fog", 1), ("snow", 1), ("fog", 2), ("blur", 1)]
PLACES = {"fog": [1, 3], "snow": [2], "blur": [4]}


def outcomes(tickets: int = 3, seeds: int = 1, images: int = 300) -> Outcomes:
    rng = np.random.default_rng(0)
    hard = rng.random((2, images)) * 0.5
    right = {}
    for ticket in range(tickets):
        noise = rng.random((seeds, 5, images))
        difficulty = np.stack([hard[0], hard[0], hard[1], hard[0], hard[1]])  # snow and blur share theirs
        right[f"t{ticket}"] = noise + difficulty < 1 - 0.05 * ticket
    return Outcomes(CONDITIONS, right)


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    return float(scipy.stats.pearsonr(x, y).statistic)


def test_over_samples_it_is_the_mean_of_scipys_r_over_runs() -> None:
    made = outcomes(seeds=2)
    found = corruptions_over_samples(made)
    assert (found.names, found.n, found.unit, found.constant) == (list(PLACES), 300, "images", [])
    for row, a in enumerate(PLACES.values()):
        for column, b in enumerate(PLACES.values()):
            each = [pearson(run[a].mean(0), run[b].mean(0)) for right in made.right.values() for run in right]
            assert found.matrix[row, column] == pytest.approx(np.mean(each))
    assert found.matrix[1, 2] > 0.1


def test_of_right_and_wrong_it_is_phi() -> None:
    made = outcomes(tickets=1)
    right = made.right["t0"][0]
    table = scipy.stats.contingency.crosstab(right[2], right[4]).count
    found = corruptions_over_samples(made)
    assert found.matrix[1, 2] == pytest.approx(
        scipy.stats.contingency.association(table, method="cramer")
    )  # its sign is +


def test_beyond_clean_it_is_the_correlation_of_what_regression_leaves() -> None:
    made = outcomes(seeds=2)
    found = corruptions_over_samples(made, beyond_clean=True)
    each = []
    for right in made.right.values():
        for run in right:
            clean = run[0].astype(float)
            left = [
                values - np.polyval(np.polyfit(clean, values, 1), clean)
                for values in (run[[1, 3]].mean(0), run[2].astype(float))
            ]
            each.append(pearson(*left))
    assert found.matrix[0, 1] == pytest.approx(np.mean(each))
    reach = 1.959964 / np.sqrt(300 - 4)  # one variable is held fixed
    assert np.arctanh(found.high[0, 1]) - np.arctanh(found.low[0, 1]) == pytest.approx(2 * reach)
    perfect = {name: right.copy() for name, right in made.right.items()}
    for right in perfect.values():
        right[:, 0] = True
    unchanged = corruptions_over_samples(Outcomes(CONDITIONS, perfect), beyond_clean=True)
    np.testing.assert_allclose(unchanged.matrix, corruptions_over_samples(made).matrix)


def test_weights_count_images_several_times() -> None:
    values = np.random.default_rng(1).random((2, 4, 50))
    weights = np.random.default_rng(2).integers(0, 4, 50)
    for beyond in (False, True):
        expected = mean_correlation(np.repeat(values, weights, axis=2), beyond)
        np.testing.assert_allclose(mean_correlation(values, beyond, weights), expected)


@pytest.mark.parametrize("most", [2**24, 100])  # in single precision, and where that does not hold the sums
def test_resamples_at_once_are_the_weighted_ones(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.statistics.correlation.EXACT", most)
    rng = np.random.default_rng(1)
    of = np.array([5, 5, 3, 1])
    counts = rng.binomial(of[:, None], 0.6, (3, 4, 60)).astype(np.uint8)
    counts[1, 2] = 3  # does not vary in one run, and in none
    counts[:, 1, :30] = 5
    weights = np.stack([np.bincount(rng.integers(60, size=60), minlength=60) for _ in range(4)])
    weights[3] = np.repeat([2, 0], 30)
    for beyond in (False, True):
        found = resampled_correlations(counts, weights, of, beyond)
        expected = [mean_correlation(counts / of[:, None], beyond, each) for each in weights]
        np.testing.assert_allclose(found, expected, atol=1e-14)
        assert np.isnan(found[3, 1]).all()


def test_over_tickets_it_is_scipys_r_of_accuracies_with_fishers_interval() -> None:
    made = outcomes(tickets=7, seeds=2)
    found = corruptions_over_tickets(made)
    fog, snow = (np.array([right[:, PLACES[name]].mean() for right in made.right.values()]) for name in ("fog", "snow"))
    expected = scipy.stats.pearsonr(fog, snow)
    interval = expected.confidence_interval(0.95)
    assert found.matrix[0, 1] == pytest.approx(expected.statistic)
    assert (found.low[0, 1], found.high[0, 1]) == pytest.approx((interval.low, interval.high))
    assert (found.n, found.unit) == (7, "tickets")


def test_methods_over_conditions() -> None:
    made = outcomes(tickets=4)
    accuracy = np.stack([right[0, 1:].mean(axis=1) for right in made.right.values()])
    np.testing.assert_allclose(methods_over_conditions(made).matrix, np.corrcoef(accuracy))
    centred = methods_over_conditions(made, centred=True)
    np.testing.assert_allclose(centred.matrix, np.corrcoef(accuracy - accuracy.mean(axis=0)))
    assert centred.names == ["t0", "t1", "t2", "t3"]
    # severities of one corruption are no more evidence than one of them
    assert (centred.n, centred.unit) == (len(PLACES), "corruptions")


def test_what_does_not_vary_is_left_out() -> None:
    made = outcomes(tickets=5)
    for right in made.right.values():
        right[:, 2] = True
    for found in (corruptions_over_samples(made), corruptions_over_samples(made, True), corruptions_over_tickets(made)):
        assert found.names == ["fog", "blur"]
        assert found.constant == ["snow"]
        assert np.isfinite(found.matrix).all()
        assert cluster(found).linkage.shape == (1, 4)
    one = outcomes(tickets=2)
    one.right["t0"][:, 2] = True  # varies in the other ticket, which then decides
    found = corruptions_over_samples(one)
    assert found.constant == []
    alone = corruptions_over_samples(Outcomes(CONDITIONS, {"t1": one.right["t1"]}))
    assert found.matrix[1].tolist() == pytest.approx(alone.matrix[1].tolist())


def test_everything_constant_leaves_nothing_and_does_not_fail() -> None:
    right = {"a": np.ones((1, 5, 20), dtype=bool)}
    found = corruptions_over_samples(Outcomes(CONDITIONS, right))
    assert (found.names, found.constant) == ([], list(PLACES))
    assert cluster(found).groups() == []


def correlation(matrix: np.ndarray) -> Correlation:
    names = [f"c{place}" for place in range(len(matrix))]
    return Correlation(names, matrix, matrix, matrix, 100, "images", [])


def random_correlation(k: int, seed: int) -> Correlation:
    rng = np.random.default_rng(seed)
    return correlation(np.asarray(np.corrcoef(rng.random((k, 30)) + 2 * rng.random((3, 30))[rng.integers(0, 3, k)])))


def test_average_linkage_by_hand() -> None:
    # c0 and c2 join at .1, c1 and c3 at .3, and the two at the mean of .8 .9 .6 .7
    matrix = 1 - np.array([[0, 0.8, 0.1, 0.9], [0.8, 0, 0.6, 0.3], [0.1, 0.6, 0, 0.7], [0.9, 0.3, 0.7, 0]])
    found = cluster(correlation(matrix))
    np.testing.assert_allclose(found.linkage[:, 2], [0.1, 0.3, 0.75])
    # the ends that meet are the pair at .6, and nobody is nearer
    assert found.order in (["c0", "c2", "c1", "c3"], ["c3", "c1", "c2", "c0"])
    assert sorted(map(sorted, found.groups(0.8))) == [["c0", "c2"], ["c1"], ["c3"]]
    assert sorted(map(sorted, found.groups(0.6))) == [["c0", "c2"], ["c1", "c3"]]
    assert len(found.groups(0.2)) == 1
    assert [name for group in found.groups(0.6) for name in group] == found.order


@pytest.mark.parametrize("seed", range(20))
def test_the_leaves_order_is_the_best_of_all_that_the_tree_allows(seed: int) -> None:
    made = random_correlation(7, seed)
    found = cluster(made)
    assert found.order == [made.names[place] for place in found.places]
    np.testing.assert_array_equal(found.matrix, made.matrix[np.ix_(found.places, found.places)])
    assert dendrogram(found.linkage, no_plot=True)["leaves"] == found.places.tolist()

    def orders(node: int) -> list[list[int]]:
        if node < 7:
            return [[node]]
        left, right = (orders(int(child)) for child in found.linkage[node - 7, :2])
        return [x + y for a in left for b in right for x, y in ((a, b), (b, a))]

    def length(order: list[int]) -> float:
        return sum(1 - made.matrix[a, b] for a, b in pairwise(order))

    assert length(found.places.tolist()) == pytest.approx(min(map(length, orders(12))))


def test_one_name_is_a_cluster_of_its_own() -> None:
    found = cluster(correlation(np.ones((1, 1))))
    assert found.order == ["c0"]
    assert found.linkage.shape == (0, 4)
    assert found.groups() == [["c0"]]


def test_too_little_to_correlate_is_refused_in_words() -> None:
    made = outcomes(tickets=3)
    with pytest.raises(UserError, match="at least 4 of them, and 3 are chosen"):
        corruptions_over_tickets(made)
    with pytest.raises(UserError, match="at least 4 of them, and 3 are measured"):
        methods_over_conditions(Outcomes(CONDITIONS[:4], {name: each[:, :4] for name, each in made.right.items()}))
    with pytest.raises(UserError, match="three tickets"):
        methods_over_conditions(outcomes(tickets=2), centred=True)
    with pytest.raises(UserError, match="clean images"):
        corruptions_over_samples(Outcomes(CONDITIONS[1:], {"a": made.right["t0"][:, 1:]}), beyond_clean=True)
    with pytest.raises(UserError, match="No ticket chosen"):
        corruptions_over_samples(Outcomes(CONDITIONS, {}))
    with pytest.raises(UserError, match="No ticket chosen"):
        corruptions_over_samples(Outcomes(CONDITIONS[:1], {"a": made.right["t0"][:, :1]}))
    few = corruptions_over_samples(outcomes(images=4, tickets=8), beyond_clean=True)
    assert few.low[0].tolist() == pytest.approx([1, -1, -1][: len(few.names)])


def test_pairs_and_the_one_in_the_middle() -> None:
    found = corruptions_over_samples(outcomes(tickets=3))
    pairs = found.pairs
    assert len(pairs) == len(found.names) * (len(found.names) - 1) // 2
    for row in pairs.itertuples():
        at = found.names.index(row.first), found.names.index(row.second)
        assert (row.r, row.low, row.high) == (found.matrix[at], found.low[at], found.high[at])
        assert found.within_noise[at] == (row.low <= 0 <= row.high)
    assert found.middle is not None
    assert found.middle[0] == sorted(pairs["r"])[len(pairs) // 2]
    assert correlation(np.eye(1)).middle is None
    assert not found.within_noise.diagonal().any()


def test_a_tree_can_be_numbered_in_another_order() -> None:
    matrix = np.array([[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]])
    tree = linkage_of(correlation(matrix), ["c2", "c0", "c1"])
    assert tree is not None
    assert sorted(tree[0, :2]) == [1, 2]  # c0 and c1 are joined first
    assert linkage_of(correlation(matrix), ["c0", "c1"]) is None
