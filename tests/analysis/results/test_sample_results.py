"""The results that ship with the project are those of its tickets and of today's code."""

import numpy as np
import pytest

from analysis import robustness
from analysis.corruptions import NAMES, get_corruption
from analysis.engine.status import status
from analysis.results.store import Results
from pruning import Study
from pruning.data import load_data
from tests import ROOT

SAMPLE = ROOT / "sample_checkpoints" / "mnist5k-lenet5"
IMAGES = 300


@pytest.fixture(scope="module")
def study() -> Study:
    return Study.open(SAMPLE)


def test_everything_is_measured(study: Study) -> None:
    found = status(study)
    assert not found.sentences
    assert all(row.complete == row.tickets for row in found.rows)


def test_measured_again_it_is_the_same(study: Study) -> None:
    entry = next(e for e in study.entries() if (e.recipe.method, e.recipe.sparsity, e.recipe.seed) == ("snip", 0.9, 0))
    stored = Results(study.path).table("corrupted", ids=[entry.id], where="severity = 5")
    stored = stored[stored["sample"] < IMAGES].set_index(["corruption", "sample"]).sort_index()
    data = load_data(study.config.data)
    names = [name for name in NAMES if name in set(stored.index.get_level_values(0))]
    assert len(names) >= 10
    found = robustness.evaluate(
        {entry.id: study.load(entry.id)},
        data.test.images[:IMAGES],
        data.test.labels[:IMAGES],
        corruptions=names,
        severities=(5,),
    )
    found = found[found["corruption"] != "clean"].set_index(["corruption", "sample"]).sort_index()
    for name in names:
        old, new = stored.loc[name], found.loc[name]
        # stored values are rounded to 10 bits; another processor may add in another order
        np.testing.assert_allclose(old["confidence"], new["confidence"], rtol=2e-3, atol=2e-3, err_msg=name)
        assert (old["prediction"] == new["prediction"]).mean() > 0.99, get_corruption(name).label


def test_iterative_pruning_beats_its_controls(study: Study) -> None:
    """At 90 %: the claim that the project's notes make, from the shipped numbers, with the intervals over seeds."""
    from analysis.statistics.intervals import mean_interval

    rows = Results(study.path).table("summary").set_index("ticket_id")["accuracy"]
    at: dict[str, list[float]] = {}
    for entry in study.entries():
        if entry.recipe.sparsity == 0.9:
            at.setdefault(entry.recipe.method, []).append(rows[entry.id])
    for control in ("shuffled", "random_reinit"):
        mean, low, _ = mean_interval(np.array(at["imp"]) - np.array(at[control]))  # the same seed, paired
        assert mean > 0
        assert low > 0, control
