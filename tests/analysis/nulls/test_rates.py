"""No verdict claims more than it may where there is nothing; `make bench` does the same at length."""

import pytest

from analysis.comparisons.verdicts import verdicts
from analysis.statistics.verdicts import DIFFERS
from tests.analysis.nulls.claims import CLAIMS
from tests.analysis.nulls.rates import rates
from tests.analysis.nulls.studies import Null, shipped_repetitions, shipped_seeds


@pytest.mark.parametrize("seeds", [1, 3])  # two are among those of `make bench`
def test_no_verdict_claims_more_than_it_may(seeds: int) -> None:
    found = rates(CLAIMS, Null(seeds, images=150, tickets=6, corruptions=5, severities=(3,)), studies=24)
    above = {rate.claim.verdict: rate.rate for rate in found if not rate.met}
    assert not above


@pytest.mark.parametrize("name", ["digits-lottery", "mnist5k-lenet5"])
def test_one_seed_of_a_shipped_study_speaks_of_networks_alone(name: str) -> None:
    """Three seeds of one method, taken for three tickets, were said to differ in 32 and 80 % of the methods."""
    for predictions in shipped_seeds(name):
        assert set(verdicts(predictions.outcomes.per_image([0]))["over"]) == {"images"}


def test_what_was_trained_again_under_another_order_does_not_differ() -> None:
    """Fifteen pairs of three seeds, on clean and on corrupted images: one in twenty may."""
    false = pairs = 0
    for predictions in shipped_repetitions():
        for places in ([0], range(1, len(predictions.conditions))):
            table = verdicts(predictions.outcomes.per_image(list(places)))
            false, pairs = false + int((table["verdict"] == DIFFERS).sum()), pairs + len(table)
    assert pairs == 30
    assert false <= 2
