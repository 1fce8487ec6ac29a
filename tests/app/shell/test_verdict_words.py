"""What pages say of verdicts: three of them, whom they are about, and how small a difference would have shown."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.verdicts import verdicts
from analysis.statistics.verdicts import Gap, judge
from app.shell.score import points
from app.shell.verdicts import counted, speak_of, words


def table(seeds: int, *differences: float, error: float = 0.001) -> pd.DataFrame:
    gaps = np.array(differences)
    freedom = 30.0 if seeds > 1 else np.inf
    return judge([Gap(gaps, gaps, np.full(len(gaps), error), seeds, freedom)])


def test_the_three_verdicts_in_words() -> None:
    near, far, small, unknown = table(3, 0.0005, 0.05, 0.007), None, None, table(3, 0.005, error=0.01)
    far, small = near.iloc[1], near.iloc[2]
    assert words(near.iloc[0], 0.01) == "equivalent within 1 point"
    assert words(far, 0.01) == "differs"
    assert words(small, 0.01) == "differs, by less than 1 point"
    assert words(unknown.iloc[0], 0.01) == f"cannot tell (could have shown {points(unknown['detectable'][0])})"
    assert words(unknown.iloc[0], 0.01, brief=True) == "cannot tell"


def test_pairs_are_counted_by_verdict_and_called_networks_where_they_are() -> None:
    assert counted(table(3, 0.05, -0.05, 0.0005), 0.01) == "2 of 3 pairs differ, 1 is equivalent within 1 point"
    assert counted(table(1, 0.05), 0.01) == "The pair of networks differs"
    assert counted(table(3, 0.005, error=0.01), 0.01) == "The pair cannot be told apart"
    assert counted(table(3, 0.0005), 0.01) == "The pair is equivalent within 1 point"


@pytest.mark.parametrize(
    ("seeds", "why"),
    [
        ({0: 1, 1: 2}, "one seed in common for some"),
        ({1: 1, 2: 1}, "no seed in common for some"),
        ({0: 1, 1: 1, 2: 1}, "the same predictions under every seed for some"),
    ],
)
def test_why_verdicts_speak_of_these_networks(seeds: dict[int, int], why: str) -> None:
    """Trainings that differ; of the tickets a and b, those of `seeds`, which may be one network."""
    rng = np.random.default_rng(0)
    runs = [(rng.random(50) < 0.8).astype(float) for _ in range(9)]
    a = {0: runs[0], 1: runs[0], 2: runs[0]} if len(seeds) == 3 else {0: runs[0], 9: runs[1]}
    b = dict.fromkeys(seeds, runs[2]) if len(seeds) == 3 else {seed: runs[2 + seed] for seed in seeds}
    others = {key: {seed: runs[place] for seed, place in zip((0, 9), own, strict=True)} for key, own in
              (("c", (5, 6)), ("d", (7, 8)))}  # fmt: skip
    told = pd.concat([verdicts({"a": a, "b": b}), verdicts(others)])
    assert f"with {why}; " in speak_of(told)
    assert f"with {why.removesuffix(' for some')}" in speak_of(told.iloc[:1]) or "with one seed; " in speak_of(told[:1])


def test_one_seed_speaks_of_these_networks() -> None:
    assert "these networks" in speak_of(table(1, 0.05, 0.01))
    assert "these networks" in speak_of(pd.concat([table(1, 0.05), table(3, 0.05)]))
    assert "these networks" not in speak_of(table(3, 0.05, 0.01))
    assert "with one seed; " in speak_of(table(1, 0.05, 0.01))
    assert "interval" not in speak_of(table(3, 0.05), drawn=False)
    assert speak_of(table(3)) == ""
    fractions = table(3, 0.05, 0.01).astype({"seeds": float})
    assert "Paired over 3 seeds" in speak_of(fractions)
