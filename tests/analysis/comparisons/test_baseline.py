"""Who differs from the baseline, against plain arithmetic."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import baseline
from analysis.comparisons.baseline import Difference
from analysis.statistics.intervals import mean_interval


def correct(rate: float, seed: int, n: int = 1000) -> np.ndarray:
    return (np.random.default_rng(seed).random(n) < rate).astype(float)


def test_a_large_difference_is_real_and_none_is_not() -> None:
    reference = {seed: correct(0.95, seed) for seed in range(3)}
    worse = {seed: reference[seed] * correct(0.9, 10 + seed) for seed in range(3)}
    found = baseline.against_baseline("a", worse, reference, comparisons=9)
    assert found is not None
    assert found.real
    assert found.difference == pytest.approx(np.mean([worse[s].mean() - reference[s].mean() for s in range(3)]))
    assert found.interval == found.seeds
    same = baseline.against_baseline("a", reference, reference)
    assert same is not None
    assert not same.real


def test_seeds_that_contradict_each_other_are_noise() -> None:
    reference = {seed: correct(0.9, seed) for seed in range(2)}
    mixed = {0: reference[0] * correct(0.8, 5), 1: np.maximum(reference[1], correct(0.1, 6))}
    found = baseline.against_baseline("a", mixed, reference)
    assert found is not None
    assert found.images[1] < 0  # over images alone it would seem real
    assert not found.real


def test_more_comparisons_widen_the_interval() -> None:
    reference, other = {0: correct(0.9, 1)}, {0: correct(0.88, 2)}
    one, many = (baseline.against_baseline("a", other, reference, comparisons) for comparisons in (1, 20))
    assert one is not None
    assert many is not None
    assert many.images[0] < one.images[0] < one.images[1] < many.images[1]
    assert np.isnan(one.seeds[0])
    assert one.interval == one.images
    assert baseline.against_baseline("a", {1: correct(0.5, 1)}, reference) is None


def test_each_family_is_compared_with_the_baseline_as_one_of_all() -> None:
    outcomes = {
        key: {0: correct(rate, place)} for place, (key, rate) in enumerate([("a", 0.9), ("b", 0.8), ("c", 0.5)])
    }
    found = baseline.differences(outcomes, "a", ["b", "c", "unmeasured"])
    assert found == [baseline.against_baseline(key, outcomes[key], outcomes["a"], 3) for key in "bc"]
    assert baseline.differences(outcomes, "unmeasured", ["b"]) == []


def rows() -> pd.DataFrame:
    """The table `conditions` of four images, two classes: `one` of key a, `gone` without a ticket."""
    answers: dict[tuple[str, str, int], list[int]] = {
        ("one", "clean", 0): [0, 0, 0, 1],
        ("one", "fog", 1): [0, 0, 1, 1],
        ("one", "fog", 3): [0, 1, 1, 1],
        ("one", "gaussian_blur", 1): [1, 1, 1, 1],
    }
    answers |= {("gone", name, severity): offsets for (_, name, severity), offsets in list(answers.items())}
    return pd.DataFrame(
        [
            {"ticket_id": ticket, "corruption": name, "severity": severity, "n": 4, "offsets": bytes(offsets)}
            for (ticket, name, severity), offsets in answers.items()
        ]
    )


def test_each_image_has_its_share_of_conditions_and_results_without_a_ticket_are_passed_over() -> None:
    tickets = pd.DataFrame({"ticket_id": ["one", "unmeasured"], "key": ["a", "b"], "seed": [7, 7]})
    clean, corrupted = (baseline.per_image(tickets, rows(), images) for images in ("accuracy", "corrupted"))
    assert list(clean) == list(corrupted) == ["a"]
    assert clean["a"][7].tolist() == [1, 1, 1, 0]
    assert corrupted["a"][7].tolist() == [1, 0.5, 0, 0]  # clean images and extra corruptions do not count


def test_the_verdicts_name_each_family_once_largest_first() -> None:
    nowhere = (float("nan"), float("nan"))
    found = [
        Difference("a", -0.01, (-0.02, 0.01), nowhere),
        Difference("b", -0.05, (-0.06, -0.04), nowhere),
        Difference("c", -0.20, (-0.21, -0.19), (-0.3, -0.1)),
        Difference("d", 0.03, (0.02, 0.04), (0.01, 0.05)),
        Difference("e", 0.002, (-0.02, 0.01), nowhere),
    ]
    groups: dict[Any, list[str]] = {
        name: [each.key for each in group] for name, group in baseline.verdicts(found).items()
    }
    assert groups == {"worse": ["c", "b"], "better": ["d"], "alike": ["e", "a"]}
    assert baseline.as_good(found) == ["a", "d", "e"]
    assert "better" not in baseline.verdicts(found[:1])


def test_methods_are_compared_where_both_were_pruned_alike() -> None:
    families = pd.DataFrame(
        [(f"{method}-{level}", method, level) for method, level in [("imp", 0.5), ("imp", 0.9), ("snip", 0.9)]],
        columns=["key", "method", "sparsity"],
    )
    outcomes = {key: {seed: correct(rate, seed) for seed in range(3)} for key, rate in
                {"imp-0.5": 0.95, "imp-0.9": 0.9, "snip-0.9": 0.6}.items()}  # fmt: skip
    found = baseline.by_sparsity(families, outcomes, "imp", ["snip", "absent"])
    assert found[["method", "sparsity", "real"]].values.tolist() == [["snip", 0.9, True]]
    each = [outcomes["snip-0.9"][seed].mean() - outcomes["imp-0.9"][seed].mean() for seed in range(3)]
    assert found[["difference", "low", "high"]].iloc[0].tolist() == pytest.approx(mean_interval(each))
