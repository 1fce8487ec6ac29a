"""Studies where nothing differs, many more of them than the tests draw: no verdict claims more often than it may."""

from tests.analysis.nulls.claims import CLAIMS
from tests.analysis.nulls.rates import rates
from tests.analysis.nulls.studies import Null
from tests.campaign.tally import SILENT, Tally

SEEDS = (1, 2, 3, 5)
IMAGES = 400
SHARE = 0.1


def run(count: int, seed: int, tally: Tally) -> None:
    """So many studies for each verdict, of one, two, three and five seeds each a quarter."""
    each = max(2, count // len(SEEDS))
    for seeds in SEEDS:
        for rate in rates(CLAIMS, Null(seeds, IMAGES), each, seed):
            tally.tried += each
            if not rate.met:
                words = f"'{rate.claim.verdict}' ({rate.claim.page}) with {seeds} seeds in {100 * rate.rate:.1f} %"
                tally.count(SILENT, f"{words} of {each} studies")
