"""Means of marked samples against the rest, by hand."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.marked_samples import compare_marked, correct


def samples() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame(
            {
                "ticket_id": ticket, "sample": np.arange(60), "label": np.arange(60) % 3,
                "prediction": rng.integers(0, 3, 60), **{name: rng.random(60) for name in NAMES},
            }
        )
        for ticket in ("a", "b")
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


NAMES = ("confidence", "gap", "length")
MEASURES = ("accuracy", *NAMES)


def test_marked_samples_against_the_rest() -> None:
    frame = samples()
    table = compare_marked(frame, ["b", "a", "never measured"], [0, 7, 1000], MEASURES).set_index("ticket_id")
    assert table.index.tolist() == ["b", "a", "never measured"]
    own = frame[frame["ticket_id"] == "b"]
    chosen = own["sample"].isin([0, 7])
    for name in NAMES:
        assert table.at["b", name] == pytest.approx(own.loc[chosen, name].mean())
        assert table.at["b", f"{name}_rest"] == pytest.approx(own.loc[~chosen, name].mean())
    assert table.at["b", "accuracy"] == pytest.approx((own["label"] == own["prediction"])[chosen].mean())
    assert table.loc["never measured"].isna().all()


def test_nothing_marked_has_no_mean() -> None:
    frame = samples()
    table = compare_marked(frame, ["a"], [], MEASURES)
    assert table["gap"].isna().all()
    assert table["accuracy_rest"][0] == pytest.approx(correct(frame[frame["ticket_id"] == "a"]).mean())
