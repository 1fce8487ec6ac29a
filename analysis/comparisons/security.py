"""Accuracy over the size of an attack, and which tickets are shown to withstand less or more than another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons import condition_cells
from analysis.comparisons.outcomes import Outcomes
from analysis.corruptions.conditions import Condition
from analysis.measures.security import UNBOUNDED
from analysis.results.offsets import unpack_bits
from analysis.statistics.verdicts import COLUMNS as OF_A_PAIR
from analysis.statistics.verdicts import EQUIVALENCE

CLEAN = "clean"
PLACE = ["attack", "norm", "size"]
ATTACKS = {
    "steps": "20 gradient steps",
    "one_step": "one gradient step",
    "autoattack": "AutoAttack",
    "white": "its APGD and FAB-T alone",
    "apgd": "its APGD alone",
    "apgd_ce": "its APGD on cross-entropy alone",
    "square": "its Square alone (black box)",
}
"""In words, as they are chosen."""
NORMS = {"linf": "L-inf", "l2": "L2"}


def of_results(rows: pd.DataFrame, tickets: Mapping[str, Sequence[str]], seeds: Mapping[str, int]) -> Outcomes:
    """Who is right under each attack, from rows of the tables `security` or `autoattack`.

    Args:
        rows: of one of the two, with ticket_id.
        tickets: key -> ids of its seeds.
        seeds: id -> seed.

    Returns:
        the outcomes, whose conditions are ("ATTACK NORM SIZE", 0), clean ones among them, under all that any ticket was
        measured under on as many images as most; a ticket that lacks one is left out.
    """
    if rows.empty:
        return Outcomes([], {})
    rows = rows[rows["n"] == rows["n"].mode().iloc[0]]
    names = [named(*place) for place in rows[PLACE].itertuples(index=False, name=None)]
    own = {
        (ticket, name): unpack_bits(packed, n)
        for ticket, name, packed, n in zip(rows["ticket_id"], names, rows["right"], rows["n"], strict=True)
    }
    conditions = list(dict.fromkeys(names))
    right, kept = {}, {}
    for key, ids in tickets.items():
        there = [each for each in ids if all((each, name) in own for name in conditions)]
        if there:
            right[key] = np.stack([[own[each, name] for name in conditions] for each in there])
            kept[key] = [seeds[each] for each in there]
    return Outcomes([(name, 0) for name in conditions], right, kept)


def named(attack: str, norm: str, size: float) -> str:
    """The name of an attack of a size among the conditions."""
    return f"{attack} {norm} {size:g}"


def attack_of(condition: Condition) -> tuple[str, str, float]:
    """Attack, norm and size of a condition."""
    attack, norm, size = condition[0].split()
    return attack, norm, float(size)


def asked(outcomes: Outcomes, attack: str, norm: str = "") -> dict[Condition, list[int]]:
    """The places of an attack's conditions, of both norms or of one, rising; without the one that has no bounds."""
    found = {condition: [place] for place, condition in enumerate(outcomes.conditions)}
    wanted = [each for each in found if attack_of(each)[0] == attack and norm in ("", attack_of(each)[1])]
    bounded = [each for each in wanted if attack_of(each)[1:] != (UNBOUNDED.norm, UNBOUNDED.size)]
    return {each: found[each] for each in sorted(bounded, key=lambda each: attack_of(each)[1:])}


def curves(outcomes: Outcomes, attack: str, norm: str) -> pd.DataFrame:
    """key, size (0: clean), accuracy, low, high: the mean over seeds with its 95 % interval.

    Over seeds where there are several, else over images, as `condition_cells.accuracies` has it.
    """
    groups = asked(outcomes, attack, norm)
    clean = {(f"{CLEAN} {norm} 0", 0): next(iter(asked(outcomes, CLEAN, norm).values()))} if groups else {}
    return _placed(condition_cells.accuracies(outcomes, clean | groups))[["key", "size", "accuracy", "low", "high"]]


def apart(outcomes: Outcomes, attack: str, baseline: str, equivalence: float = EQUIVALENCE) -> pd.DataFrame:
    """How much more each ticket withstands than the baseline, on the same images, at each size in both norms.

    Returns:
        key, attack, norm, size and the columns of `statistics.verdicts.judge`: all sizes and tickets are one family.
    """
    if baseline not in outcomes.right:
        return pd.DataFrame(columns=["key", *PLACE, *OF_A_PAIR])
    table = _placed(condition_cells.apart(outcomes, baseline, asked(outcomes, attack), equivalence))
    return table[["key", *PLACE, *OF_A_PAIR]]


def _placed(table: pd.DataFrame) -> pd.DataFrame:
    """With attack, norm and size in place of the condition."""
    places = pd.DataFrame([attack_of((name, 0)) for name in table["corruption"]], columns=PLACE, index=table.index)
    return pd.concat([table, places], axis=1)
