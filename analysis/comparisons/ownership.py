"""Whose a ticket is, from the table `ownership`: claims, what they outlive, and the picture in the mask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measures.ownership import CODE, COPY, INNOCENT, KEY, OWN, TRIGGERS
from analysis.metrics.attacks_on_marks import (
    ADD_ON,
    BOTH,
    FITTED,
    FORGED,
    FORGED_KEY,
    MAGNITUDE,
    NONE,
    PERMUTED,
    RANDOM,
    REALIGNED,
    TUNED,
)
from analysis.statistics.replication import mean_share
from pruning.masks import Masks
from pruning.ownership.code import Code
from pruning.ownership.mark import CLAIM, Evidence, evidence, kernel_map, window
from pruning.study.folder import Entry

__all__ = [
    "ADD_ON", "BOTH", "CLAIM", "CODE", "COPY", "FITTED", "FORGED", "INNOCENT", "KEY", "MAGNITUDE", "NONE", "OWN",
    "PERMUTED", "RANDOM", "REALIGNED", "TRIGGERS", "TUNED", "Picture", "Search", "by_attack", "keys", "outlived",
    "picture", "reads_up_to", "searched", "verdict",
]  # fmt: skip

SIGNED, UNSIGNED, UNSURE = "signed", "not signed", "signed in some seeds"
VALUES = ("accuracy", "retrained", "ber", "retrained_ber")


SUMS = (
    "p_value", "undated", "claimed", "retrained_claimed", "undated_claimed", "decoded", "limit", "limit_undated"
)  # fmt: skip


def by_attack(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum up what each attack leaves of a mark, over seeds.

    Args:
        rows: of the table `ownership`, of one mark at several seeds.

    Returns:
        a row an attack and strength, as they come: attack, strength, seeds; accuracy, retrained, ber and retrained_ber
        (fractions, means with _low and _high: Student's 95 % intervals within 0 and 1, NaN for one seed, or seeds that
        agree), p_value and undated (the largest of the seeds), claimed, retrained_claimed, undated_claimed and decoded
        (in how many seeds the claim holds, after training again, and of a text without a date, and the code is read),
        limit and limit_undated (smallest of the seeds).
    """
    found = []
    for (attack, strength), own in rows.groupby(["attack", "strength"], sort=False):
        row: dict[str, object] = {"attack": attack, "strength": strength, "seeds": len(own)}
        for name in VALUES:
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), mean_share(own[name]), strict=True))
        row |= {
            "p_value": own["p_value"].max(),
            "undated": own["undated"].max(),
            "claimed": int((own["p_value"] < CLAIM).sum()),
            "retrained_claimed": int((own["retrained_p_value"] < CLAIM).sum()),
            "undated_claimed": int((own["undated"] < CLAIM).sum()),
            "decoded": int(own["decoded"].sum()),
            "limit": own["limit"].min(),
            "limit_undated": own["limit_undated"].min(),
        }
        found.append(row)
    ends = [f"{name}{end}" for name in VALUES for end in ("", "_low", "_high")]
    return pd.DataFrame(found, columns=["attack", "strength", "seeds", *ends, *SUMS])


def verdict(rows: pd.DataFrame, claim: float = CLAIM) -> str:
    """Whether tickets carry a mark: "signed" where every p value is below `claim`, "not signed" where none is."""
    claimed = rows["p_value"] < claim
    if claimed.all() and len(rows):
        return SIGNED
    return UNSURE if claimed.any() else UNSIGNED


def outlived(attacks: pd.DataFrame, attack: str, claimed: str = "claimed") -> pd.Series | None:
    """The strongest form of an attack that the claim outlives in every seed, as do all weaker ones; None for none.

    Args:
        attacks: as of `by_attack`.
        attack: one of them.
        claimed: the column that says in how many seeds the claim holds.
    """
    own = attacks[attacks["attack"] == attack].sort_values("strength")
    holds = (own[claimed] == own["seeds"]).to_numpy()
    count = int(np.argmin(holds)) if not holds.all() else len(own)
    return own.iloc[count - 1] if count else None


@dataclass(frozen=True)
class Search:
    """What a forger reaches who tries texts of his own on a signed ticket.

    Attributes:
        tried: texts, in all tickets together. smallest: their smallest p value.
        below: share of them whose p value is below .05, which is as much as chance has, at most.
        claimed: how many pass.
    """

    tried: int
    smallest: float
    below: float
    claimed: int


def searched(forged: pd.DataFrame) -> Search | None:
    """Sum up forged codes, rows of the table `ownership`; None where none was tried."""
    p_values = forged["p_value"]
    if p_values.empty:
        return None
    return Search(len(p_values), float(p_values.min()), float((p_values < 0.05).mean()), int((p_values < CLAIM).sum()))


def forged_keys(rows: pd.DataFrame, entries: Iterable[Entry]) -> pd.DataFrame:
    """Sum up what a forger gets who guesses the key that a ticket lacks, over seeds.

    Args:
        rows: of the scheme "key" of the table `ownership`.
        entries: of the study.

    Returns:
        a row a kind of key, as they come: by, share (as in `keys`), seeds; forged, forged_retrained and guessed
        (accuracy with the forged key, the same trained again, and the share of the key that it holds: fractions, means
        with _low and _high as in `by_attack`), chance (the share that as many drawn weights would hold).
    """
    kinds = {entry.id: (entry.recipe.option("by"), entry.recipe.option("key")) for entry in entries}
    own = rows[rows["attack"] == FORGED_KEY].assign(kind=lambda each: each["ticket_id"].map(kinds))
    found = []
    for (by, share), each in own.groupby("kind", sort=False):
        row: dict[str, object] = {"by": by, "share": share, "seeds": len(each), "chance": 1 - each["limit"].mean()}
        values = {"forged": each["accuracy"], "forged_retrained": each["retrained"], "guessed": 1 - each["ber"]}
        for name, of in values.items():
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), mean_share(of), strict=True))
        found.append(row)
    names = ("forged", "forged_retrained", "guessed")
    ends = [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    return pd.DataFrame(found, columns=["by", "share", "seeds", "chance", *ends])


def keys(entries: Iterable[Entry]) -> tuple[pd.DataFrame, float]:
    """Sum up what tickets are worth without their key, over seeds.

    Args:
        entries: of a study.

    Returns:
        a row a kind of key, as they come: by (how it was chosen), share (of the kept weights), seeds; locked and
        retrained (fractions: means with _low and _high as in `by_attack`, NaN where there is no such ticket). And the
        mean accuracy of the tickets that have their keys, NaN where none is there.
    """
    entries = list(entries)
    without = [entry for entry in entries if entry.recipe.option("key") is not None]
    originals = {entry.recipe.of.id for entry in without if entry.recipe.of is not None}
    whole = [entry.info.accuracy for entry in entries if entry.id in originals]
    kinds: dict[tuple[str, float], dict[bool, list[float]]] = {}
    for entry in without:
        by, share, again = (entry.recipe.option(name) for name in ("by", "key", "retrain"))
        kinds.setdefault((by, share), {False: [], True: []})[again].append(entry.info.accuracy)
    found = []
    for (by, share), reached in kinds.items():
        row: dict[str, object] = {"by": by, "share": share, "seeds": max(map(len, reached.values()))}
        for again, name in ((False, "locked"), (True, "retrained")):
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), mean_share(reached[again]), strict=True))
        found.append(row)
    ends = [f"{name}{end}" for name in ("locked", "retrained") for end in ("", "_low", "_high")]
    return pd.DataFrame(found, columns=["by", "share", "seeds", *ends]), float(np.mean(whole)) if whole else np.nan


@dataclass(frozen=True)
class Picture:
    """A code in the kernel map of a mask.

    Attributes:
        code, there: what the owner put there and what is there now, bool [s, s], True = dark and alive.
        shared: what any code of this size and length has, which is no evidence, bool [s, s].
        kernels: the whole layer, bool [out, in].
        evidence: of the window.
    """

    code: np.ndarray
    there: np.ndarray
    shared: np.ndarray
    kernels: np.ndarray
    evidence: Evidence

    @property
    def lost(self) -> np.ndarray:
        """Modules that should be alive and are not, bool [s, s]."""
        return np.asarray(self.code & ~self.there & ~self.shared)

    @property
    def extra(self) -> np.ndarray:
        """Modules that should be dead and are not, bool [s, s]."""
        return np.asarray(~self.code & self.there & ~self.shared)


def picture(masks: Masks, code: Code) -> Picture:
    """Look for a code in masks. Raises UserError when no layer is large enough for it."""
    found = evidence(masks, code)
    layer = kernel_map(masks[found.place.layer]).cpu().numpy()
    return Picture(code.modules, window(masks, found.place, code.side), code.shared, layer, found)


READS = 0.31
"""Share of the codewords that level H puts right: 8 of 26 of the smallest code, 14 of 44, 22 of 70, ..."""


def reads_up_to() -> float:
    """The bit error rate up to which a QR code of level H is read, where errors lie anywhere.

    A codeword of eight modules is wrong when any of them is.
    """
    return float(1 - (1 - READS) ** (1 / 8))
