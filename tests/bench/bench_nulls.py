"""False claims: how often each verdict of a page claims something in studies where nothing differs."""

from tests.analysis.nulls.claims import CLAIMS
from tests.analysis.nulls.rates import Rate, rates
from tests.analysis.nulls.studies import Null

SETTINGS = ((1, 400), (2, 400), (3, 400), (5, 400), (1, 10_000), (2, 10_000), (3, 10_000), (5, 10_000))
STUDIES = {400: 200, 10_000: 60}


def run(quick: bool) -> list[Rate]:
    """A row for each verdict, number of seeds and of images."""
    if quick:
        return rates(CLAIMS, Null(2, 400), 2)
    return [rate for seeds, images in SETTINGS for rate in rates(CLAIMS, Null(seeds, images), STUDIES[images])]
