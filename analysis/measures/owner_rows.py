"""What stands in a row of the table `ownership`: of a code, of trigger images, and of a key."""

from __future__ import annotations

import numpy as np

from analysis.metrics.attacks_on_marks import known_from, sure_up_to
from pruning.masks import Masks
from pruning.ownership.code import Code
from pruning.ownership.mark import Evidence
from pruning.ownership.triggers import Answers

Row = dict[str, object]

UNTRAINED: Row = {
    "strength": 0.0, "accuracy": np.nan, "retrained": np.nan, "retrained_ber": np.nan, "retrained_p_value": np.nan
}  # fmt: skip
"""What a row says of training where nobody trained."""


def guessed(shipped: Masks, whole: Masks, seen: Masks, count: int) -> Row:
    """How many weights of the key are back, against as many that are drawn from all that were pruned."""
    pruned = sum(int((~mask).sum()) for mask in shipped.values())
    hits = sum(int((seen[name] & whole[name] & ~mask).sum()) for name, mask in shipped.items())
    given = sum(int((seen[name] & ~mask).sum()) for name, mask in shipped.items())
    from scipy.stats import hypergeom

    chance = float(hypergeom.sf(hits - 1, pruned, count, given)) if given else 1.0
    row: Row = {"n": count, "matches": hits, "windows": 1, "ber": 1 - hits / count, "limit": 1 - count / pruned}
    return {**row, "p_value": chance, "undated": np.nan, "limit_undated": np.nan, "decoded": False}


def row_of(found: Evidence, code: Code) -> Row:
    """What was found of a code."""
    searched = found.bits, code.dark, found.windows
    return {
        "n": found.bits,
        "matches": found.matches,
        "windows": found.windows,
        "ber": found.ber,
        "limit": sure_up_to(*searched),
        "limit_undated": sure_up_to(*searched, code.capacity),
        "p_value": found.p_value,
        "undated": found.undated,
        "decoded": found.text == code.text,
    }


def answered(found: Answers) -> Row:
    """What was answered to trigger images."""
    return {
        "n": found.count,
        "matches": found.hits,
        "windows": 1,
        "ber": 1 - found.hits / found.count,
        "limit": known_from(found.count, found.classes),
        "limit_undated": np.nan,
        "p_value": found.p_value,
        "undated": np.nan,
        "decoded": False,
    }
