"""How often verdicts claim something in null studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tests.analysis.nulls.claims import NOMINAL, Claim
from tests.analysis.nulls.studies import Null, simulate


@dataclass(frozen=True)
class Rate:
    """A rate of false claims, with its Monte Carlo standard error; NaN where nothing was claimed by design."""

    claim: Claim
    null: Null
    rate: float
    error: float
    studies: int

    @property
    def met(self) -> bool:
        """Whether it is not above the nominal one beyond chance."""
        return not self.rate > NOMINAL + 3 * max(self.error, np.sqrt(NOMINAL * (1 - NOMINAL) / self.studies))


def rates(claims: Sequence[Claim], null: Null, studies: int, seed: int = 0) -> list[Rate]:
    """The rate of each claim over so many studies of this kind, the same studies for all.

    Of one seed a verdict is about networks on other images, so there the null is of networks that are equally good:
    `luck` is 0.
    """
    null = replace(null, luck=0.0) if null.seeds == 1 else null
    asked = [claim for claim in claims if null.seeds >= claim.fewest]
    found: dict[str, list[float]] = {claim.verdict: [] for claim in asked}
    for number in range(studies):
        drawn = {}
        for claim in asked:
            if claim.loss not in drawn:
                rng = np.random.default_rng([seed, null.seeds, null.images, number])
                drawn[claim.loss] = simulate(replace(null, behind=claim.loss), rng)
            found[claim.verdict].append(claim.claims(drawn[claim.loss]))
    return [
        Rate(claim, null, float(np.mean(each)), float(np.std(each) / np.sqrt(len(each))), studies)
        for claim, each in ((claim, found[claim.verdict]) for claim in asked)
    ]
