"""Which weights the tickets keep, in words: whether their masks have more in common than chance would give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons import mask_pairs
from analysis.metrics.overlap import Counts
from analysis.statistics.verdicts import DIFFERS
from app import load
from app.answers.listed import listed
from app.shell.selection import Selection
from app.shell.theme import DENSE


def counts_of(selection: Selection) -> list[Counts]:
    """What every two chosen tickets have in common, seed by seed, tickets named by key.

    Dense ones, which keep all, are left out.

    Raises:
        UserError: a ticket's masks cannot be read.
    """
    rows = selection.all_seeds()
    found = []
    for _, group in rows[rows["method"] != DENSE].groupby("seed", sort=True):
        counts = load.overlaps(selection.study, list(group["ticket_id"]))
        found.append(replace(counts, names=list(group["key"])))
    return found


def pairs(selection: Selection) -> pd.DataFrame:
    """Rows of `mask_pairs.beyond_chance` of the chosen tickets, those left out that keep what an earlier one keeps.

    Raises:
        UserError: a ticket's masks cannot be read.
    """
    return _of(selection)[0]


def twins(selection: Selection) -> dict[str, str]:
    """Who of the chosen tickets keeps the very weights of an earlier one: its key -> that one's."""
    return _of(selection)[1]


def _of(selection: Selection) -> tuple[pd.DataFrame, dict[str, str]]:
    study = selection.study
    return _pairs(study.path, study.stamp, tuple(selection.keys), selection)


@st.cache_data(max_entries=32, show_spinner=False)
def _pairs(path: Path, stamp: str, keys: tuple[str, ...], _selection: Selection) -> tuple[pd.DataFrame, dict[str, str]]:
    counts = counts_of(_selection)
    alike = mask_pairs.twins(counts)
    return mask_pairs.beyond_chance([_without(each, set(alike)) for each in counts]), alike


def _without(counts: Counts, names: set[str]) -> Counts:
    at = [place for place, name in enumerate(counts.names) if name not in names]
    return Counts([counts.names[place] for place in at], counts.layers, counts.sizes, counts.both[:, at][:, :, at])


def said(selection: Selection, labels: Mapping[str, str]) -> str:
    """`answer` about the chosen tickets, and which of them have one mask and count once.

    Raises:
        UserError: a ticket's masks cannot be read.
    """
    alike = twins(selection)
    once = [
        f"{listed([labels[key] for key in alike if alike[key] == original])} with {labels[original]}"
        for original in dict.fromkeys(alike.values())
    ]
    told = answer(pairs(selection), labels)
    return f"{told} One mask, counted once: {'; '.join(once)}.".strip() if once else told


def answer(table: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """A sentence or two, as markdown, that claim what the intervals say and no more; "" without a pair.

    Args:
        table: rows of `mask_pairs.beyond_chance`.
        labels: ticket's key -> its name.
    """
    if table.empty:
        return ""
    shown = table["verdict"] == DIFFERS
    more, fewer = (int((shown & (sign * table["difference"] > 0)).sum()) for sign in (1, -1))
    parts = [f"{_many(more, len(table))} more weights in common than chance gives"] if more else []
    fewest = f"**{fewer}** fewer" if more else f"{_many(fewer, len(table))} fewer weights in common than chance gives"
    parts += [fewest] if fewer else []
    unknown = len(table) - more - fewer
    if unknown and parts:
        parts.append(f"of **{unknown}** that is not shown")
    if not parts:
        return (
            f"{_pairs_of(len(table))} of tickets {'is' if len(table) == 1 else 'are'} **not shown** to have more or "
            "fewer weights in common than chance gives."
        )
    furthest = ""
    if more:
        first = table[shown & (table["difference"] > 0)].iloc[0]
        low, high = (100 * first[end] for end in ("low", "high"))
        furthest = (
            f" Furthest beyond it: **{labels[first['a']]}** and **{labels[first['b']]}**, {100 * first['overlap']:.0f} "
            f"% where chance gives {100 * first['chance']:.0f} % ({low:.0f} to {high:.0f} points more)."
        )
    return "; ".join(parts) + "." + furthest


def _many(count: int, total: int) -> str:
    if total == 1:
        return "The two tickets have"
    if count == total:
        return f"**All {total}** pairs of tickets have"
    return f"**{count}** of {total} pairs of tickets {'has' if count == 1 else 'have'}"


def _pairs_of(count: int) -> str:
    return "The one pair" if count == 1 else f"The {count} pairs"
