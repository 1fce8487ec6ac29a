import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.outcomes import MEAN, Outcomes, accuracies, collect, differences, overall, paired_interval
from analysis.statistics.intervals import mcnemar, mean_interval, paired_bootstrap, wilson
from pruning.errors import UserError

CONDITIONS = [("clean", 0), ("fog", 1), ("snow", 1), ("gaussian_blur", 1), ("fog", 3)]


def outcomes(seeds: int, images: int = 400, names: str = "ab") -> Outcomes:
    rng = np.random.default_rng(1)
    shares = {name: 0.9 - 0.1 * place for place, name in enumerate(names)}
    right = {name: rng.random((seeds, len(CONDITIONS), images)) < share for name, share in shares.items()}
    return Outcomes(CONDITIONS, right)


def cell(table: pd.DataFrame, key: str, corruption: str, severity: int) -> pd.Series:
    return table[(table.key == key) & (table.corruption == corruption) & (table.severity == severity)].iloc[0]


def test_outcomes_come_back_from_the_table() -> None:
    made = outcomes(seeds=2, images=13)
    rows = [
        (f"{name}{seed}", corruption, severity, 13, (~right[seed, place]).astype(np.uint8).tobytes())
        for name, right in made.right.items()
        for seed in range(2)
        for place, (corruption, severity) in enumerate(CONDITIONS)
    ]
    table = pd.DataFrame(rows, columns=["ticket_id", "corruption", "severity", "n", "offsets"])
    back = collect(table, {"a": ["a0", "a1", "never measured"], "b": ["b0", "b1"], "c": ["c0"]})
    assert back.conditions == CONDITIONS
    assert set(back.right) == {"a", "b"}
    for name in "ab":
        np.testing.assert_array_equal(back.right[name], made.right[name])


def test_nothing_measured_gives_nothing() -> None:
    columns = ["ticket_id", "corruption", "severity", "n", "offsets"]
    back = collect(pd.DataFrame(columns=columns), {"a": ["a0"]})
    assert accuracies(back).empty
    assert overall(back).empty


def test_one_seed_has_wilsons_interval() -> None:
    made = outcomes(seeds=1)
    found = cell(accuracies(made), "a", "snow", 1)
    right = made.right["a"][0, 2]
    assert found.accuracy == right.mean()
    assert (found.low, found.high) == pytest.approx([float(v) for v in wilson(right.sum(), right.size)])


def test_several_seeds_have_the_interval_of_their_mean() -> None:
    made = outcomes(seeds=3)
    found = cell(accuracies(made), "b", "fog", 3)
    assert (found.accuracy, found.low, found.high) == pytest.approx(mean_interval(made.right["b"][:, 4].mean(axis=1)))


def test_the_mean_leaves_clean_and_extra_out() -> None:
    made = outcomes(seeds=2)
    table = accuracies(made)
    assert cell(table, "a", MEAN, 1).accuracy == pytest.approx(made.right["a"][:, [1, 2]].mean())
    assert cell(table, "a", MEAN, 3).accuracy == pytest.approx(made.right["a"][:, 4].mean())
    assert overall(made).set_index("key").loc["b", "accuracy"] == pytest.approx(made.right["b"][:, [1, 2, 4]].mean())


def test_differences_are_paired_and_need_the_baseline() -> None:
    made = outcomes(seeds=2)
    found = differences(made, "a")
    assert set(found.key) == {"b"}
    gap = made.right["b"].mean(axis=(0, 2)) - made.right["a"].mean(axis=(0, 2))
    assert cell(found, "b", "gaussian_blur", 1).difference == pytest.approx(gap[3])
    assert cell(found, "b", MEAN, 1).difference == pytest.approx(gap[[1, 2]].mean())
    assert (found.low <= found.difference).all()
    assert (found.difference <= found.high).all()
    with pytest.raises(UserError):
        differences(made, "dense")


def test_the_paired_interval_is_that_of_the_bootstrap() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random((2, 6, 1500)) < np.array([0.8, 0.75])[:, None, None]
    difference, low, high = paired_bootstrap(a, b, resamples=4000)
    assert paired_interval(a.mean(axis=0) - b.mean(axis=0)) == pytest.approx((difference, low, high), abs=1.5e-3)


@pytest.mark.parametrize("only_a", range(12))
@pytest.mark.parametrize("only_b", [0, 1, 4])
def test_few_discordant_images_are_judged_as_mcnemar_does(only_a: int, only_b: int) -> None:
    a, b = np.zeros((2, 1000), dtype=bool)
    a[:only_a] = True
    b[500 : 500 + only_b] = True
    _, low, high = paired_interval(a.astype(float) - b)
    p = mcnemar(a, b)
    if not 0.02 < p < 0.12:  # near the limit the two may differ
        assert (low <= 0 <= high) == (p > 0.05)
