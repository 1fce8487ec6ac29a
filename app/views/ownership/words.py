"""What the page says in sentences: whose ticket it is, what the claim outlives, and what a thief pays."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.comparisons import ownership
from app.charts.texts import bracket
from app.shell.layout import plain
from app.views.ownership.facts import View

NAMES = {
    ownership.NONE: "as it was signed",
    ownership.TUNED: "fine-tuned",
    ownership.MAGNITUDE: "pruned by magnitude",
    ownership.RANDOM: "pruned at random",
    ownership.ADD_ON: "weights added",
    ownership.PERMUTED: "channels permuted",
    ownership.REALIGNED: "permuted, realigned by the rest of the mask",
    ownership.FITTED: "permuted, realigned by all of the mask",
    ownership.BOTH: "pruned and permuted, realigned",
}
"""Attack -> what was done to the ticket."""


def p_value(value: float) -> str:
    """A p value for people: `2e-13`, `0.04`, `< 1e-300`."""
    if value < 1e-300:
        return "< 1e-300"
    return f"{value:.0e}".replace("e-0", "e-") if value < 1e-3 else f"{value:.2g}"


def attack(name: str, strength: float) -> str:
    """An attack and its strength: `pruned by magnitude, 20 %`."""
    return f"{NAMES[name]}, {how_strong(name, strength)}" if strength > 0 and name != ownership.TUNED else NAMES[name]


def how_strong(name: str, strength: float) -> str:
    """How strong an attack is: `20 %` of the weights, or `2 epochs` of fine-tuning; "" where it has no strength."""
    if name == ownership.TUNED:
        return f"{strength:.3g} epoch{'' if strength == 1 else 's'}"
    return f"{100 * strength:.3g} %" if strength > 0 else ""


def answer(view: View, attacks: pd.DataFrame) -> str:
    """Whose the ticket is, who else has the mark, and what it outlives, as markdown.

    Args:
        view: the signed ticket.
        attacks: of `comparisons.ownership.by_attack`.
    """
    first = " ".join(filter(None, [_whose(view), _others(view)]))
    limits = filter(None, [_pruning(attacks), _date(view, attacks), _permutation(attacks)])
    return "\n".join([first, "", *(f"- {each}" for each in limits)])


def _whose(view: View) -> str:
    shipped, label = view.shipped, plain(view.label)
    found, seeds = ownership.verdict(shipped), view.seeds
    of = "its one seed" if seeds == 1 else f"all {seeds} seeds" if found == ownership.SIGNED else f"{seeds} seeds"
    if found != ownership.SIGNED:
        worst = p_value(shipped["p_value"].max())
        return f"**Whether {label} carries the owner's code is not shown** in {of}: p is up to {worst}."
    row = shipped.iloc[0]
    wrong = 100 * shipped["ber"].max()
    agree = (
        f"every one of its {row['n']} modules agrees"
        if wrong == 0
        else f"at most {wrong:.1f} % of its {row['n']} modules are wrong"
    )
    read = int(shipped["decoded"].sum())
    reader = "a QR reader reads it" if read == seeds else f"a QR reader reads it in {read} of {seeds}"
    return (
        f"**{label} carries the owner's code** in {of}: {agree}, in the best of {row['windows']} windows "
        f"(p ≤ {p_value(shipped['p_value'].max())}, corrected for all windows), and {reader}."
    )


def _others(view: View) -> str:
    own = view.innocent
    if own.empty:
        return ""
    claimed = own[own["p_value"] < ownership.CLAIM]
    smallest = f"the smallest p is {p_value(own['p_value'].min())}"
    if claimed.empty:
        return f"None of {len(own)} unsigned tickets does: {smallest}."
    return f"**{len(claimed)} of {len(own)} unsigned tickets pass for signed**: {smallest}."


def _pruning(attacks: pd.DataFrame) -> str:
    """What pruning leaves, and what it costs a thief who trains again."""
    row = ownership.outlived(attacks, ownership.MAGNITUDE)
    if row is None:
        return ""
    most = attacks.loc[attacks["attack"] == ownership.MAGNITUDE, "strength"].max()
    as_far = ", the most that was tried" if row["strength"] == most else ""
    again = ""
    if np.isfinite(row["retrained"]):
        again = (
            f", at an accuracy of {_percent(row, 'accuracy')}; a thief who trains it again gets back to "
            f"**{_percent(row, 'retrained')}**"
        )
    said = f"The proof outlives pruning by magnitude up to **{100 * row['strength']:.3g} %**{as_far}{again}."
    more = attacks[(attacks["attack"] == ownership.MAGNITUDE) & (attacks["strength"] > row["strength"])]
    return f"{said} {_broken(more.sort_values('strength').iloc[0])}" if len(more) else said


def _date(view: View, attacks: pd.DataFrame) -> str:
    """What a forger reaches who searches for a text, and up to where the claim needs no date."""
    found = ownership.searched(view.forged)
    if found is None:
        return ""
    passed = f", and {found.claimed} pass" if found.claimed else "; one who tries millions finds one that passes"
    said = (
        f"**The date decides**: of {found.tried:,} other texts that a forger may try, the best reaches "
        f"p = {p_value(found.smallest)}{passed}. So a claim counts if the text's SHA-256, which the ticket holds, was "
        "deposited before anybody could look"
    )
    shipped = view.shipped["undated"]
    if not (shipped < ownership.CLAIM).all():
        return said + "."
    row = ownership.outlived(attacks, ownership.RANDOM, "undated_claimed")
    until = "" if row is None else f", and until {100 * row['strength']:.3g} % are pruned at random"
    return f"{said}; only as it was signed{until} is the proof below 1e-6 whatever texts were tried."


def search(view: View) -> str:
    """How often codes of other texts agree, in a sentence; nothing where none was tried."""
    found = ownership.searched(view.forged)
    if found is None:
        return ""
    return f"{100 * found.below:.1f} % of the forged codes have p < .05, which 5 % have by chance at most."


def _broken(row: pd.Series) -> str:
    """The first pruning after which the claim does not hold, and what that costs a thief."""
    lost = row["seeds"] - row["claimed"]
    fails = f"it fails in {lost} of {row['seeds']} seeds" if row["claimed"] else "it fails"
    cost = f", which leaves a thief who trains again {_percent(row, 'retrained')}" if pd.notna(row["retrained"]) else ""
    return f"At {100 * row['strength']:.3g} % {fails}{cost}."


def _permutation(attacks: pd.DataFrame) -> str:
    rows = attacks.set_index("attack")
    if ownership.PERMUTED not in rows.index or ownership.REALIGNED not in rows.index:
        return ""
    lost, back = rows.loc[ownership.PERMUTED], rows.loc[ownership.REALIGNED]
    hidden = (
        "hides the mark"
        if lost["claimed"] == 0
        else f"hides the mark in {lost['seeds'] - lost['claimed']} of {lost['seeds']} seeds"
    )
    return (
        f"**Permuting channels costs a thief nothing and {hidden}** ({100 * lost['ber']:.0f} % wrong); when the owner "
        f"realigns them, {100 * back['ber']:.1f} % are wrong (p ≤ {p_value(back['p_value'])}). That counts where the "
        "owner's ticket was deposited before the dispute: who may choose it later can choose channels that fit."
    )


def _percent(row: pd.Series, name: str) -> str:
    return f"{100 * row[name]:.1f} %" + bracket(row[f"{name}_low"], row[f"{name}_high"])


def tiles(view: View) -> list[tuple[str, str, str]]:
    """The verdict in numbers, of the worst seed: (label, value, note)."""
    own = view.shipped
    row = own.sort_values("p_value").iloc[-1]
    read = int(own["decoded"].sum())
    verdict = {ownership.SIGNED: "the owner's", ownership.UNSIGNED: "not shown"}
    of = f"{view.seeds} seeds" if view.seeds > 1 else "one seed"
    return [
        (
            "Whose ticket",
            verdict.get(ownership.verdict(own), "unclear"),
            f"p below 1e-6 in {int((own['p_value'] < ownership.CLAIM).sum())} of {of}",
        ),
        ("Wrong modules", f"{100 * row['ber']:.1f} %", f"{row['matches']} of {row['n']} agree; half do by chance"),
        ("p value, at most", p_value(row["p_value"]), f"corrected for {row['windows']} windows searched"),
        ("QR reader", f"reads it in {read} of {view.seeds}", "with no help but what every code of its size has"),
    ]


KEYS = {
    "paths": "strong paths",
    "random_paths": "random paths",
    "betweenness": "betweenness",
    "magnitude": "the largest",
    "random": "by chance",
}
"""How a key was chosen."""


def key(by: str, share: float) -> str:
    """A kind of key: `strong paths, 5 %`."""
    return f"{KEYS.get(by, by)}, {100 * share:.3g} %"


def keys(rows: pd.DataFrame, whole: float) -> str:
    """What the missing key costs, before and after a thief trains again.

    Args:
        rows: name, locked, retrained, guessed and chance (fractions), share, with intervals.
        whole: accuracy with the key.
    """
    if rows.empty:
        return ""
    worst, best = rows.sort_values("locked").iloc[0], rows.sort_values("retrained").iloc[-1]
    if not np.isfinite(best["retrained"]):
        return f"Without its key the ticket falls from {100 * whole:.1f} % to {_percent(worst, 'locked')}."
    said = (
        f"Without its key the ticket falls from {100 * whole:.1f} % to {_percent(worst, 'locked')} "
        f"({plain(str(worst['name']))}), but a thief who trains it again gets {_percent(best, 'retrained')} "
        f"({plain(str(best['name']))})."
    )
    if rows["guessed"].isna().all():
        return said
    known = rows.sort_values("guessed").iloc[-1]
    return (
        f"{said} A forger's own key has at most {100 * known['guessed']:.0f} % of the owner's "
        f"({plain(str(known['name']))}; {100 * known['chance']:.1f} % by chance)."
    )
