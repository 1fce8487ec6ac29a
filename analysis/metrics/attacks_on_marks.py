"""The attacks on an owner's mark, by name and strength: what a thief does, and what the owner then looks at."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np

from analysis.metrics.theft import Loot
from pruning.masks import Masks
from pruning.ownership.code import Code
from pruning.ownership.mark import CLAIM, Evidence, evidence
from pruning.ownership.permutation import realigned

NONE, TUNED, MAGNITUDE, RANDOM, ADD_ON = "none", "fine-tuning", "magnitude", "random", "add-on"
PERMUTED, REALIGNED, FITTED, BOTH = "permutation", "realigned", "fitted", "realigned, magnitude"
FORGED, FORGED_KEY, TRUE_KEY = "forged code", "forged key", "true key"
THIEF = 0  # seed of all that a thief draws

STEPS = (0.05, 0.1, *(round(1 - 0.8**step, 4) for step in range(1, 8)))
"""Shares of the kept weights that a thief prunes: two small ones, then in steps of a fifth of what is left."""

ADDED = (0.005, 0.01, 0.02, 0.05, 0.1)
"""Shares of the pruned weights that a thief gives back."""


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes:
        name, strength: what it is, and how much of it: a share of the weights, 0 where it has no strength.
        make: what a thief makes of a network.
        realign: whether the owner brings the channels into the order of the own network before looking for the mark,
            the window of the mark having no say in it ("blind"), or a say as all others have ("fitted"): then the
            picture is sharper, and proves nothing, as the order was chosen so that the window agrees.
    """

    name: str
    strength: float
    make: Callable[[Loot], Loot]
    realign: Literal["", "blind", "fitted"] = ""

    def evidence(self, stolen: Loot, reference: Masks, code: Code) -> Evidence:
        """What the owner then finds; its p value is NaN where it proves nothing.

        Args:
            stolen: what `make` gave.
            reference: the owner's own masks.
            code: the owner's.
        """
        found = evidence(self.seen(stolen, reference, code), code)
        return replace(found, p_value=math.nan, undated=math.nan) if self.realign == "fitted" else found

    def seen(self, stolen: Loot, reference: Masks, code: Code) -> Masks:
        """The masks that the owner looks at."""
        if not self.realign:
            return stolen.masks
        held_out = (code, evidence(reference, code).place) if self.realign == "blind" else None
        return realigned(stolen.model, stolen.masks, stolen.shape, reference, held_out)[1]


def _permuted(loot: Loot) -> Loot:
    return loot.permuted(THIEF)


def _same(loot: Loot) -> Loot:
    return loot


def _magnitude(share: float) -> Callable[[Loot], Loot]:
    return lambda loot: loot.pruned_by_magnitude(share)


def _random(share: float) -> Callable[[Loot], Loot]:
    return lambda loot: loot.pruned_at_random(share, THIEF)


def _added(share: float) -> Callable[[Loot], Loot]:
    return lambda loot: loot.added_to(share, THIEF)


def _both(share: float) -> Callable[[Loot], Loot]:
    return lambda loot: loot.pruned_by_magnitude(share).permuted(THIEF)


ATTACKS = (
    Attack(NONE, 0.0, _same),
    *(Attack(MAGNITUDE, share, _magnitude(share)) for share in STEPS),
    *(Attack(RANDOM, share, _random(share)) for share in STEPS),
    *(Attack(ADD_ON, share, _added(share)) for share in ADDED),
    Attack(PERMUTED, 0.0, _permuted),
    Attack(REALIGNED, 0.0, _permuted, realign="blind"),
    Attack(FITTED, 0.0, _permuted, realign="fitted"),
    *(Attack(BOTH, share, _both(share), realign="blind") for share in STEPS[2:4]),
)
"""All of them. A fine-tuned ticket is the first one trained again, as no mask of it can change."""


def attack_of(name: str, strength: float) -> Attack:
    """The attack of a name with a strength; there must be one."""
    return next(each for each in ATTACKS if each.name == name and abs(each.strength - strength) < 1e-9)


@cache
def sure_up_to(bits: int, dark: int, windows: int, capacity: int = 0) -> float:
    """The bit error rate up to which a claim holds, whichever of the modules are wrong.

    Args:
        bits: modules compared.
        dark: those of them that are dark.
        windows: how many are searched.
        capacity: bits of data that the code holds, where all texts are corrected for as well.
    """
    from scipy.stats import hypergeom  # not before it is needed: it takes half a second

    tries = np.log(windows) + capacity * np.log(2)
    for wrong in range(bits + 1):
        lost = np.arange(max(0, wrong - (bits - dark)), min(wrong, dark) + 1)
        hits, alive = dark - lost, dark - lost + (wrong - lost)
        if (tries + hypergeom.logsf(hits - 1, bits, dark, alive)).max() >= np.log(CLAIM):
            return (wrong - 1) / bits if wrong else 0.0
    return 1.0


@cache
def known_from(count: int, classes: int) -> float:
    """The share of wrong labels of trigger images up to which a claim holds, below 0 where none does.

    Args:
        count: images shown.
        classes: there are.
    """
    from scipy.stats import binom

    hits = np.arange(count + 2)
    needed = int((binom.sf(hits - 1, count, 1 / classes) < CLAIM).argmax())
    return 1 - needed / count
