import pandas as pd
import pytest

from analysis.comparisons.seed_noise import seed_noise


def rows(accuracies: dict[str, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"key": key, "seed": seed, "accuracy": value, "corrupted": value / 2, "mean_angle": 1.0}
            for key, values in accuracies.items()
            for seed, value in enumerate(values)
        ]
    )


def test_the_floor_is_what_two_trainings_of_one_ticket_differ_by() -> None:
    found = seed_noise(rows({"a": [0.9, 0.92, 0.95], "b": [0.8, 0.8001], "once": [0.1]}), "accuracy")
    assert found is not None
    assert (found.pairs, found.methods) == (4, 2)
    # of .0001, .02, .03, .05 the 95 % quantile: .85 of the way from the third to the last
    assert found.floor == pytest.approx(0.03 + 0.85 * 0.02)
    half = seed_noise(rows({"a": [0.9, 0.92, 0.95], "b": [0.8, 0.8001]}), "corrupted")
    assert half is not None
    assert half.floor == pytest.approx(found.floor / 2)


def test_what_was_trained_once_has_none() -> None:
    assert seed_noise(rows({"a": [0.9], "b": [0.8]}), "accuracy") is None
    assert seed_noise(rows({"imported": [0.9, 0.9, 0.9]}), "accuracy") is None  # the same network under every seed
    assert seed_noise(rows({"a": [0.9, 0.8]}).assign(accuracy=float("nan")), "accuracy") is None
