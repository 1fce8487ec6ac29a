import numpy as np
import pytest
import scipy.stats

from analysis.comparisons.classes import class_costs
from analysis.comparisons.outcomes import Outcomes
from analysis.statistics.multiple_testing import holm
from pruning.errors import UserError

LABELS = np.array([0, 1, 2, 0] * 50)


def outcomes(shares: dict[str, np.ndarray | float], seeds: int = 1, conditions: int = 1, seed: int = 0) -> Outcomes:
    rng = np.random.default_rng(seed)
    names = [("fog", severity + 1) for severity in range(conditions)]
    shape = (seeds, conditions, len(LABELS))
    return Outcomes(names, {name: rng.random(shape) < share for name, share in shares.items()})


def brute_force(change: np.ndarray, labels: np.ndarray, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Spreads and most extreme classes under permuted labels, one by one."""
    rng = np.random.default_rng(77)
    spreads, extremes = [], []
    for _ in range(draws):
        given = rng.permutation(labels)
        means = [change[given == label].mean() for label in np.unique(labels)]
        errors = [np.sqrt(1 / (labels == label).sum() - 1 / len(labels)) for label in np.unique(labels)]
        spreads.append(np.std(means, ddof=1))
        extremes.append(max(abs(mean - change.mean()) / error for mean, error in zip(means, errors, strict=True)))
    return np.array(spreads), np.array(extremes)


def test_the_permutation_test_is_that_of_permuting_labels_one_by_one() -> None:
    hit = np.where(LABELS == 1, 0.75, 0.85)
    made = outcomes({"dense": 0.92, "a": hit}, seeds=2, conditions=3, seed=4)
    costs = class_costs(made, LABELS, "dense", permutations=4000)
    row = costs.by_ticket.iloc[0]
    change = (made.right["a"].mean(axis=1) - made.right["dense"].mean(axis=1)).mean(axis=0)
    means = np.array([change[np.equal(LABELS, label)].mean() for label in range(3)])
    assert row.change == pytest.approx(change.mean())
    assert row.spread == pytest.approx(means.std(ddof=1))
    np.testing.assert_allclose(costs.by_class["change"], means)
    spreads, extremes = brute_force(change, LABELS, 4000)
    assert row.p == pytest.approx((spreads >= row.spread).mean(), abs=0.03)
    assert row.by_chance == pytest.approx(spreads.mean(), rel=0.05)
    assert row.ceiling == pytest.approx(np.quantile(spreads, 0.95), rel=0.05)
    far = np.abs(means - change.mean()) / np.sqrt(1 / np.array([100, 50, 50]) - 1 / 200)
    expected = [(extremes >= value - 1e-12).mean() for value in far]
    np.testing.assert_allclose(costs.by_class["p"], expected, atol=0.03)


def test_two_classes_are_scipys_permutation_test() -> None:
    labels = np.arange(60) % 2
    rng = np.random.default_rng(2)
    dense, pruned = np.ones((1, 1, 60), dtype=bool), (rng.random((1, 1, 60)) < np.where(labels, 0.6, 0.85))
    change = pruned[0, 0].astype(float) - 1
    expected = scipy.stats.permutation_test(
        (change[labels == 0], change[labels == 1]),
        lambda x, y, axis: np.abs(x.mean(axis=axis) - y.mean(axis=axis)),
        n_resamples=9999,
        vectorized=True,
        alternative="greater",
        rng=np.random.default_rng(0),
    ).pvalue
    costs = class_costs(Outcomes([("fog", 1)], {"dense": dense, "a": pruned}), labels, "dense", permutations=9999)
    assert 0.01 < expected < 0.5
    assert costs.by_ticket["p"][0] == pytest.approx(expected, abs=0.015)
    assert costs.by_class["p"].tolist() == pytest.approx([expected] * 2, abs=0.015)


def test_one_class_that_pays_is_found_and_named() -> None:
    hit = np.where(LABELS == 1, 0.5, 0.95)
    costs = class_costs(outcomes({"dense": 0.95, "a": hit, "b": 0.9}), LABELS, "dense")
    assert costs.by_ticket["key"].tolist() == ["a", "b"]
    assert costs.by_ticket["within_noise"].tolist() == [False, True]
    assert costs.by_ticket["p"][0] == pytest.approx(1 / 5001)
    np.testing.assert_allclose(costs.by_ticket["p_holm"], holm(costs.by_ticket["p"]))
    rows = costs.by_class[costs.by_class["key"] == "a"].set_index("class")
    assert rows["beyond_chance"][1]
    assert rows["low"][1] < rows["change"][1] < rows["high"][1] < 0
    assert rows["within_noise"].tolist() == ((rows["low"] <= 0) & (rows["high"] >= 0)).tolist()
    assert not rows["within_noise"][1]
    assert not costs.by_class[costs.by_class["key"] == "b"]["beyond_chance"].any()


def test_classes_that_pay_alike_are_called_so() -> None:
    wrong = [
        not class_costs(
            outcomes({"dense": 0.95, "a": 0.8}, conditions=2, seed=seed), LABELS, "dense", permutations=199
        ).by_ticket["within_noise"][0]
        for seed in range(200)
    ]
    assert scipy.stats.binomtest(sum(wrong), 200, 0.05).pvalue > 0.001


def test_without_a_change_nothing_is_claimed() -> None:
    made = outcomes({"dense": 0.9})
    costs = class_costs(
        Outcomes(made.conditions, {"dense": made.right["dense"], "a": made.right["dense"]}), LABELS, "dense"
    )
    assert costs.by_ticket[["spread", "p"]].to_numpy().tolist() == [[0, 1]]
    assert (costs.by_class["p"] == 1).all()


def test_shuffling_in_several_goes_changes_only_the_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    made = outcomes({"dense": 0.95, "a": np.where(LABELS == 1, 0.8, 0.9)})
    whole = class_costs(made, LABELS, "dense").by_ticket
    assert class_costs(made, LABELS, "dense").by_ticket.equals(whole)
    assert not class_costs(made, LABELS, "dense", seed=1).by_ticket.equals(whole)
    monkeypatch.setattr("analysis.comparisons.classes.AT_ONCE", 7 * len(LABELS))
    assert class_costs(made, LABELS, "dense").by_ticket["p"][0] == pytest.approx(whole["p"][0], abs=0.03)


def test_what_cannot_be_compared_is_refused() -> None:
    made = outcomes({"dense": 0.9, "a": 0.8})
    with pytest.raises(UserError, match="baseline has no results"):
        class_costs(made, LABELS, "b")
    with pytest.raises(UserError, match="200 images, but there are labels of 199"):
        class_costs(made, LABELS[1:], "dense")
    with pytest.raises(UserError, match="at least two classes"):
        class_costs(made, np.zeros(200, dtype=int), "dense")
    assert class_costs(outcomes({"dense": 0.9}), LABELS, "dense").by_ticket.empty
