"""All findings as one family of tests: which of them count, and which hold when so many are asked about at once.

Each finding is tested by itself at 2.5 % on its side. Of some eighty, two would so hold by chance alone. Holm's
correction keeps the chance of a single false one to 2.5 %, that of Benjamini & Hochberg (1995) their share among those
that hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.reproductions.claims import Claim
from analysis.statistics.multiple_testing import holm

ALPHA = 0.025
DIGITS = 9
NO_SPREAD = "It is the same in every seed, so that there is no spread to test it by."


@dataclass(frozen=True)
class Finding:
    """A claim among all others.

    Attributes:
        claim: what it is.
        uncounted: why it does not count, "" where it does.
        holm: its p corrected after Holm, NaN where it does not count.
        share: the same after Benjamini & Hochberg.
    """

    claim: Claim
    uncounted: str
    holm: float
    share: float

    @property
    def counts(self) -> bool:
        """Whether it is counted."""
        return not self.uncounted

    @property
    def verdict(self) -> str:
        """What it comes out as by itself, "not counted" where it does not count."""
        return self.claim.verdict if self.counts else "not counted"

    @property
    def together(self) -> str:
        """By which corrections it holds: "Holm and BH", "BH", or "" where it holds by none."""
        return "Holm and BH" if self.holm < ALPHA else "BH" if self.share < ALPHA else ""


@dataclass(frozen=True)
class Count:
    """How many findings there are and hold: by themselves, and after each correction."""

    counted: int
    uncounted: int
    hold: int
    by_holm: int
    by_share: int
    fail: int
    fail_by_holm: int

    @property
    def noise(self) -> int:
        """How many cannot be told from noise."""
        return self.counted - self.hold - self.fail


def family(claims: Mapping[str, Sequence[Claim]]) -> dict[str, list[Finding]]:
    """Put the claims of all reproductions, by name, into one family."""
    reasons = {name: why_uncounted(own) for name, own in claims.items()}
    ps = np.array([claim.p for claim in _counted(claims, reasons)])
    corrected = iter(zip(holm(ps), stats.false_discovery_control(ps) if ps.size else ps, strict=True))
    return {
        name: [
            Finding(claim, reason, *((math.nan, math.nan) if reason else map(float, next(corrected))))
            for claim, reason in zip(own, reasons[name], strict=True)
        ]
        for name, own in claims.items()
    }


def count(findings: Iterable[Finding]) -> Count:
    """Count findings; those that do not hold are a family of their own, tested on the other side of their bounds."""
    findings = list(findings)
    counted = [finding for finding in findings if finding.counts]
    verdicts = [finding.claim.verdict for finding in counted]
    below = holm([1 - finding.claim.p for finding in counted])
    return Count(
        len(counted),
        len(findings) - len(counted),
        verdicts.count("holds"),
        sum(finding.holm < ALPHA for finding in counted),
        sum(finding.share < ALPHA for finding in counted),
        verdicts.count("does not hold"),
        int((below < ALPHA).sum()),
    )


def why_uncounted(claims: Sequence[Claim]) -> list[str]:
    """Why each claim of a reproduction does not count, "" where it does.

    Besides those that say so themselves, those without any spread do not count, and those that are a number for the
    second time.
    """
    found: list[str] = []
    known: dict[tuple[float, ...], Claim] = {}
    for claim in claims:
        number = _fingerprint(claim.number.values)
        twin = known.get(number) if number else None
        again = f"It is the number of another finding once more: {twin.finding}" if twin else ""
        found.append(claim.uncounted or _no_test(claim) or again)
        if not found[-1]:
            known[number] = claim
    return found


def _no_test(claim: Claim) -> str:
    values = claim.number.values
    if math.isnan(claim.p):
        return "Without several seeds there is nothing to test it by."
    return NO_SPREAD if values and not any(_fingerprint(values)) else ""


def _fingerprint(values: Sequence[float]) -> tuple[float, ...]:
    """What two numbers share that are the same in every seed, wherever their scales begin."""
    return tuple(np.round(np.diff(values), DIGITS).tolist())


def _counted(claims: Mapping[str, Sequence[Claim]], reasons: Mapping[str, Sequence[str]]) -> list[Claim]:
    return [
        claim for name, own in claims.items() for claim, reason in zip(own, reasons[name], strict=True) if not reason
    ]
