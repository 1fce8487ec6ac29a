"""Mask evolution: when a dense network's masks settle (early birds), and how a searched mask moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import dynamics, mask_distances, swaps
from app import load
from app.charts.texts import bracket
from app.shell import elsewhere, families, layout
from app.shell.families import dense_keys, entries_of, ordered, styles
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.theme import Style
from app.views.masks import spared
from app.views.masks.charts import distances as charts
from app.views.masks.charts import swaps as swap_charts
from pruning.recipe import percent
from pruning.study.folder import Entry

MOST = 3
"""Searches that the sentence names."""
SWAPS = {"each": "Per iteration", "summed": "Cumulative"}


def show(selection: Selection) -> None:
    """Draw the section."""
    _birds(selection)
    spared.show(selection)
    _swaps(selection)


def _birds(selection: Selection) -> None:
    watched = _watched(selection)
    if not watched:
        _not_noted()
        return
    labels = {key: style.label for key, style in styles(selection, list(watched)).items()}
    with st.container(horizontal=True, vertical_alignment="top", gap="large"):
        key = next(iter(labels))
        if len(labels) > 1:
            key = selection.pick("watched", "Training of", labels, kind="select", width=240)
        levels = {entry.id: dynamics.mask_distances(entry)[1].keys() for entry in watched[key]}
        there = sorted({level for each in levels.values() for level in each})
        texts = {f"{100 * level:g}": percent(level) for level in there}
        default = f"{100 * min(there, key=lambda level: abs(level - 0.9)):g}"
        level = float(selection.pick("bird", "Masks of sparsity", texts, default=default, width="content")) / 100
    sparsity = min(there, key=lambda each: abs(each - level))
    entries = [entry for entry in watched[key] if sparsity in levels[entry.id]]
    st.markdown(verdict(mask_distances.settling(entries, sparsity), sparsity))
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        _heat_card(selection, entries, sparsity)
    with right:
        _lines_card(selection, entries, sparsity)


def _watched(selection: Selection) -> dict[str, list[Entry]]:
    """Key -> tickets that noted their masks: the dense network's, and those of chosen early birds, at every seed."""
    keys = ordered(selection.study, [*dense_keys(selection.study), *selection.keys])
    there = {
        key: [entry for entry in found if _noted(entry)] for key, found in entries_of(selection.study, keys).items()
    }
    return {key: entries for key, entries in there.items() if entries}


def _not_noted() -> None:
    layout.empty(
        "How the masks moved while the dense network was trained was not noted.",
        "It was found by an earlier version, or imported. Dense networks that are found today note it.",
    )
    elsewhere.offer(lambda study: any(map(_noted, families.entries(study).values())), "masks")


def _noted(entry: Entry) -> bool:
    return len(dynamics.mask_distances(entry)[0]) > 1


def verdict(settling: pd.DataFrame, sparsity: float) -> str:
    """When the masks settled, in a sentence, from rows of `mask_distances.settling`."""
    rule = f"five masks in a row lie within {100 * mask_distances.LEVEL:g} % of the last of them"
    met = settling["epoch"].dropna()
    if met.empty:
        return f"**Masks of sparsity {percent(sparsity)} never settle** by the rule that {rule}."
    when = f"{met.min():g}" if met.min() == met.max() else f"{met.min():g} to {met.max():g}"
    seeds = f"{len(met)} of {len(settling)} seeds" if len(settling) > 1 else "one seed"
    text = f"**Masks of sparsity {percent(sparsity)} settle at epoch {when}** ({seeds}): {rule}."
    by_chance = mask_distances.chance(sparsity)
    if by_chance < mask_distances.LEVEL:
        text += (
            f" That says little here: two independent masks of this sparsity differ in only {100 * by_chance:.3g} % of "
            "the weights."
        )
    return text


def _heat_card(selection: Selection, entries: Sequence[Entry], sparsity: float) -> None:
    entry = next((each for each in entries if each.recipe.seed == selection.seed), entries[0])
    epochs, tables = dynamics.mask_distances(entry)
    table = tables[sparsity]
    window = mask_distances.settled(epochs, table)
    layout.card(
        "Mask distance between epochs",
        charts.heat(epochs, table, window, mask_distances.LEVEL, selection.theme),
        lambda: mask_distances.as_table(epochs, table),
        "heat",
        config=layout.QUIET,
        help="Each cell: the fraction of prunable weights in which the magnitude masks of two epochs differ. "
        "Purple line: 10 %. Orange frame: the first five epochs whose masks lie within 10 % of the last one.",
        caption=f"Seed {entry.recipe.seed}, one training: no intervals."
        + ("" if np.allclose(np.diff(epochs), epochs[1] - epochs[0]) else " Epochs are thinned to 40."),
    )


def _lines_card(selection: Selection, entries: Sequence[Entry], sparsity: float) -> None:
    rows = mask_distances.over_seeds(entries, sparsity)
    draws = _draws(selection, sparsity)
    layout.card(
        "Mask distance to previous epochs and to the final mask",
        charts.lines(rows, mask_distances.LEVEL, mask_distances.chance(sparsity), draws, selection.theme),
        rows,
        "distances",
        config=layout.QUIET,
        help="The early-bird rule looks at the farthest of the four previous masks. Two independent masks differ in "
        "2 s (1 - s) of the weights at sparsity s.",
        caption="Small distances to the previous mask may add up, so the distance to the final mask is drawn beside. "
        + families.mean_words(int(rows["n"].max())),
    )


def _draws(selection: Selection, sparsity: float) -> dict[float, Style]:
    """Epoch -> the chosen early-bird ticket of this sparsity that was drawn there, at the selected seed."""
    at = [ticket for ticket in selection.tickets if np.isclose(ticket.sparsity, sparsity)]
    drawn: dict[float, Style] = {}
    for key, entries in entries_of(selection.study, [ticket.key for ticket in at]).items():
        for entry in entries:
            epoch = dynamics.drawn_at(entry)
            if epoch is not None and entry.recipe.seed == selection.seed:
                drawn[epoch] = next(ticket.style for ticket in at if ticket.key == key)
    return drawn


def _swaps(selection: Selection) -> None:
    there = entries_of(selection.study, selection.keys)
    entries = {key: each for key, each in there.items() if len(swaps.swaps(each))}
    if not entries:
        if selection.keys:
            layout.notes(["No chosen ticket noted how its mask moved; searches for a mask and sparse training do."])
        return
    summed = selection.option("swaps", "each", list(SWAPS)) == "summed"
    rows = _swap_rates(selection.study.path, selection.study.stamp, selection.study.name, tuple(entries), summed)
    looks = styles(selection, list(entries))
    seeds = max(len(each) for each in entries.values())
    st.markdown(moved(swaps.in_all(entries), {key: style.label for key, style in looks.items()}))
    layout.card(
        "Mask updates during the search",
        swap_charts.swaps(rows, looks, summed, selection.theme),
        rows.assign(ticket=rows["key"].map({key: style.label for key, style in looks.items()})).drop(columns="key"),
        "swaps",
        config=layout.QUIET,
        help="A swap brings one weight into the mask and takes another out; where signs are searched for, it turns a "
        "sign. Full lines: swaps carried out; dotted: those that were possible, of which a jackpot search carries out "
        "fewer and fewer; RigL and SET grow a part of what they dropped at once.",
        caption=("Summed up from the start. " if summed else f"Means over {swaps.STRETCHES} stretches of each search. ")
        + families.mean_words(seeds),
        controls=lambda: selection.pick("swaps", "Swaps", SWAPS, label_visibility="collapsed", width="content"),
    )


def moved(found: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """How far masks moved while they were searched for, in a sentence, from rows of `swaps.in_all`."""
    parts = []
    for key, own in found.groupby("key", sort=False):
        each = {row.measure: row for row in own.itertuples()}
        whole, late = each["all"], each.get("late")
        said = f"**{layout.plain(labels[str(key)])}** by **{whole.mean:.3g} %** of the weights that it keeps"
        said += f"{bracket(whole.low / 100, whole.high / 100)}"
        if late is not None:
            said += f", **{late.mean:.2g} %** of that{bracket(late.low / 100, late.high / 100)} in the last tenth"
        parts.append(said)
    more = f"; {len(parts) - MOST} more in the chart" if len(parts) > MOST else ""
    seeds = int(found["n"].max())
    over = f"means of {seeds} seeds" if seeds > 1 else "one seed, so no intervals"
    return f"While they were searched for, masks moved, all swaps together: {'; '.join(parts[:MOST])}{more} ({over})."


@st.cache_data(max_entries=16, show_spinner=False)
def _swap_rates(path: Path, stamp: str, name: str, keys: tuple[str, ...], summed: bool) -> pd.DataFrame:
    return swaps.swap_rates(entries_of(load.open_study(name, path), keys), summed)


SECTION = Section(
    "masks", "training", "Mask evolution", 30, show, "When does a mask settle, and how does it move before?"
)
