"""Correlates of robustness: the partial correlation by regression, the null over methods, and a real study."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.comparisons.geometry_robustness import (
    GEOMETRY,
    clean_geometry,
    flipped,
    goes_with_robustness,
    partial_rank_correlation,
)
from analysis.results.store import Results
from pruning.study.folder import Study


def study(rng: np.random.Generator, methods: int, each: int, link: float = 0.0) -> pd.DataFrame:
    """Tickets whose methods differ in everything; geometry goes with robustness as far as `link`."""
    method = np.repeat(np.arange(methods), each)

    def varied() -> np.ndarray:
        return rng.normal(size=methods)[method] + rng.normal(size=len(method))

    clean, own = varied(), varied()
    rows = pd.DataFrame({"method": method.astype(str), "accuracy": clean, "corrupted": clean + varied() + link * own})
    for name in GEOMETRY:
        rows[name] = 0.5 * clean + (own if name == "gap" else varied())
    return rows


@pytest.mark.parametrize("seed", range(5))
def test_the_partial_correlation_is_that_of_what_a_regression_leaves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=40)
    x, y = z + rng.normal(size=40), rng.integers(0, 5, size=40) - z
    a, b, c = (stats.rankdata(each) for each in (x, y, z))
    rest = [each - np.polyval(np.polyfit(c, each, 1), c) for each in (a, b)]
    assert partial_rank_correlation(x, y, z) == pytest.approx(np.corrcoef(*rest)[0, 1])
    assert np.isnan(partial_rank_correlation(z, y, z))
    assert partial_rank_correlation(x, y, np.ones(40)) == pytest.approx(stats.spearmanr(x, y).statistic)


def test_methods_that_differ_for_nothing_are_seldom_claimed_and_a_link_is() -> None:
    rng = np.random.default_rng(0)
    claims = [goes_with_robustness(study(rng, 8, 12))["claimed"].any() for _ in range(120)]
    assert np.mean(claims) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 120)
    found = goes_with_robustness(study(rng, 12, 12, link=3.0)).set_index("measure")
    assert found.loc["gap", "claimed"]
    assert 0 < found.loc["gap", "low"] < found.loc["gap", "rho"] < found.loc["gap", "high"] <= 1


def test_few_methods_say_nothing() -> None:
    found = goes_with_robustness(study(np.random.default_rng(1), 4, 30, link=3.0))
    assert found["p"].isna().all()
    assert not found["claimed"].any()


def test_signs_that_flip_are_named() -> None:
    def table(rho: float, claimed: bool = True) -> pd.DataFrame:
        return pd.DataFrame({"measure": ["gap"], "rho": [rho], "claimed": [claimed]})

    assert flipped({"a": table(0.5), "b": table(-0.5)}) == ["gap"]
    assert flipped({"a": table(0.5), "b": table(-0.5, claimed=False)}) == []
    assert flipped({}) == []


def test_the_geometry_of_a_measured_study(tiny_study: Path) -> None:
    opened = Study.open(tiny_study)
    found = clean_geometry(opened).set_index("ticket_id")
    assert len(found) == len(opened.entries())
    entry = opened.entries()[3]
    rows = Results(tiny_study).table("geometry", ids=[entry.id])
    assert found.loc[entry.id, "gap"] == pytest.approx(rows["gap"].mean(), rel=1e-6)
    shares = (rows["nearest_margin"] / rows["centred_length"]).quantile(0.1)
    assert found.loc[entry.id, "relative_margin"] == pytest.approx(shares, rel=1e-5)
    bias = opened.load(entry.id).state["fc3.bias"]
    assert found.loc[entry.id, "bias_range"] == pytest.approx(float(bias.max() - bias.min()))
