"""Masks over training: when a dense network's masks settle (early birds), and how a searched mask moves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import dynamics, mask_distances
from analysis.comparisons.replication import bands
from app.shell import layout, theme
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.theme import Style
from app.views.dynamics.view_data import found, ordered, styles
from app.views.masks.charts import distances as charts
from app.views.masks.charts import swaps as swap_charts
from pruning.recipe import FINDERS, percent
from pruning.study.folder import Entry

SWAPS = {"each": "An iteration", "summed": "Summed up"}
STRETCHES = 40


def show(selection: Selection) -> None:
    """Draw the view."""
    _birds(selection)
    _swaps(selection)


def _birds(selection: Selection) -> None:
    watched = _watched(selection)
    if not watched:
        _not_noted(selection)
        return
    labels = {key: style.label for key, style in styles(selection, list(watched)).items()}
    with st.container(horizontal=True, vertical_alignment="top", gap="large"):
        key = next(iter(labels))
        if len(labels) > 1:
            key = selection.pick("watched", "Training of", labels, kind="select", width=240)
        entries = watched[key]
        there = sorted({level for entry in entries for level in dynamics.mask_distances(entry)[1]})
        texts = {f"{100 * level:g}": percent(level) for level in there}
        default = f"{100 * min(there, key=lambda level: abs(level - 0.9)):g}"
        level = float(selection.pick("bird", "Masks of sparsity", texts, default=default, width="content")) / 100
    sparsity = min(there, key=lambda each: abs(each - level))
    entries = [entry for entry in entries if sparsity in dynamics.mask_distances(entry)[1]]
    st.markdown(verdict(entries, sparsity))
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        _heat_card(selection, entries, sparsity)
    with right:
        _lines_card(selection, key, entries, sparsity)


def _watched(selection: Selection) -> dict[str, list[Entry]]:
    """Key -> tickets that noted their masks: the dense network's, and those of chosen early birds, at every seed."""
    study = selection.study
    dense = list(study.tickets.loc[study.tickets["method"] == theme.DENSE, "key"])
    there = {
        key: [entry for entry in entries if len(dynamics.mask_distances(entry)[0]) > 1]
        for key, entries in found(study, ordered(study, [*dense, *selection.keys])).items()
    }
    return {key: entries for key, entries in there.items() if entries}


def _not_noted(selection: Selection) -> None:
    path, tickets = selection.study.path, selection.study.tickets
    dense = tickets[tickets["method"] == theme.DENSE]
    files = "\n".join(f"rm {path}/tickets/{ticket}.safetensors" for ticket in dense["ticket_id"])
    layout.empty(
        "How the masks moved while the dense network was trained was not noted.",
        "It was found by an earlier version, or imported. Find it anew: the same network, bit for bit, on the machine "
        "that found it.",
        f"{files}\npython -m pruning run {path}".lstrip(),
    )


def verdict(entries: Sequence[Entry], sparsity: float) -> str:
    """When the masks settled, seed by seed, in one sentence."""
    ends = []
    for entry in entries:
        epochs, tables = dynamics.mask_distances(entry)
        window = mask_distances.settled(epochs, tables[sparsity])
        ends.append((entry.recipe.seed, window[1] if window else None))
    rule = f"five masks in a row lie within {100 * mask_distances.LEVEL:g} % of the last of them"
    met = [epoch for _, epoch in ends if epoch is not None]
    if not met:
        return f"**Masks of sparsity {percent(sparsity)} never settle** by the rule that {rule}."
    when = f"{min(met):g}" if min(met) == max(met) else f"{min(met):g} to {max(met):g}"
    seeds = f"{len(met)} of {len(ends)} seeds" if len(ends) > 1 else "one seed"
    text = f"**Masks of sparsity {percent(sparsity)} settle at epoch {when}** ({seeds}): {rule}."
    if mask_distances.chance(sparsity) < mask_distances.LEVEL:
        text += (
            f" That says little here: two unrelated masks of this sparsity differ in only "
            f"{100 * mask_distances.chance(sparsity):.3g} % of the weights."
        )
    return text


def _heat_card(selection: Selection, entries: Sequence[Entry], sparsity: float) -> None:
    entry = next((each for each in entries if each.recipe.seed == selection.seed), entries[0])
    epochs, tables = dynamics.mask_distances(entry)
    table = tables[sparsity]
    window = mask_distances.settled(epochs, table)
    layout.card(
        "Distance between the masks of every two epochs",
        charts.heat(epochs, table, window, mask_distances.LEVEL, selection.theme),
        lambda: _long(epochs, table),
        "heat",
        config=layout.QUIET,
        help="Each cell: the share of all prunable weights that one epoch's magnitude mask keeps and the other's does "
        "not. Purple line: 10 %. Orange frame: the first five epochs whose masks lie within 10 % of the last one.",
        caption=f"Seed {entry.recipe.seed}, one training: no intervals."
        + ("" if np.allclose(np.diff(epochs), epochs[1] - epochs[0]) else " Epochs are thinned to 40."),
    )


def _long(epochs: np.ndarray, table: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "epoch": np.repeat(epochs, len(epochs)),
            "other epoch": np.tile(epochs, len(epochs)),
            "distance": table.reshape(-1),
        }
    )


def _lines_card(selection: Selection, key: str, entries: Sequence[Entry], sparsity: float) -> None:
    rows = mask_distances.over_seeds(entries, sparsity)
    draws = _draws(selection, sparsity)
    several = int(rows["n"].max()) > 1
    layout.card(
        "Distance to the epochs before, and to the end",
        charts.lines(rows, mask_distances.LEVEL, mask_distances.chance(sparsity), draws, selection.theme),
        rows,
        "distances",
        config=layout.QUIET,
        help="The farthest of the four masks before is what the rule looks at. Two unrelated masks differ in "
        "2 s (1 - s) of the weights at sparsity s.",
        caption="The distance to the mask before flatters: many small steps may add up, so the distance to the final "
        "mask is drawn beside it. "
        + (f"Means over {rows['n'].max()} seeds with 95 % intervals." if several else "One seed, so no intervals."),
    )


def _draws(selection: Selection, sparsity: float) -> dict[float, Style]:
    """Epoch -> the chosen early-bird ticket of this sparsity that was drawn there, at the selected seed."""
    at = [ticket for ticket in selection.tickets if np.isclose(ticket.sparsity, sparsity)]
    drawn: dict[float, Style] = {}
    for key, entries in found(selection.study, [ticket.key for ticket in at]).items():
        for entry in entries:
            birds = dynamics.birds(entry) if entry.recipe.seed == selection.seed else pd.DataFrame()
            if len(birds):
                style = next(ticket.style for ticket in at if ticket.key == key)
                drawn[float(birds["epoch"].iloc[0])] = style
    return drawn


def _swaps(selection: Selection) -> None:
    entries = {key: each for key, each in found(selection.study, selection.keys).items() if len(dynamics.swaps(each))}
    if not entries:
        if selection.keys:
            names = ", ".join(f'"{name}"' for name, finder in FINDERS.items() if finder.mask_moves)
            layout.notes(
                [f"How a mask moves while it is searched for is noted by the finders {names}; none is chosen."]
            )
        return
    summed = selection.option("swaps", "each", list(SWAPS)) == "summed"
    rows = swapped(entries, summed)
    looks = styles(selection, list(entries))
    several = max(len(each) for each in entries.values()) > 1
    layout.card(
        "Swaps while the mask was searched for",
        swap_charts.swaps(rows, looks, summed, selection.theme),
        rows.assign(ticket=rows["key"].map({key: style.label for key, style in looks.items()})).drop(columns="key"),
        "swaps",
        config=layout.QUIET,
        help="A swap brings one weight into the mask and takes another out; where signs are searched for, it turns a "
        "sign. Full lines: swaps carried out; dotted: those that were possible, of which a jackpot search carries out "
        "fewer and fewer.",
        caption=("Summed up from the start. " if summed else f"Means over {STRETCHES} stretches of each search. ")
        + ("Means over seeds with 95 % intervals." if several else "One seed, so no intervals."),
        controls=lambda: selection.pick("swaps", "Swaps", SWAPS, label_visibility="collapsed", width="content"),
    )


def swapped(entries: dict[str, list[Entry]], summed: bool) -> pd.DataFrame:
    """Swaps in per cent of the weights kept, an iteration or summed up from the start: key, measure ("carried" or
    "possible"), iteration, mean, low, high (95 % over seeds, NaN for one), n. "possible" is left out where it is the
    same as "carried"."""
    tables = []
    for key, each in entries.items():
        for entry in each:
            own = dynamics.swaps([entry])
            if own.empty:
                continue
            differ = not np.array_equal(own["carried"], own["possible"])
            for measure in ("carried", "possible") if differ else ("carried",):
                value = 100 / max(entry.kept, 1) * _stretches(own, measure, summed)
                tables.append(value.rename("value").reset_index().assign(key=key, measure=measure))
    found = bands(pd.concat(tables, ignore_index=True), ["key", "measure", "iteration"], "value")
    return found.assign(low=found["low"].clip(lower=0))


def _stretches(rows: pd.DataFrame, measure: str, summed: bool) -> pd.Series:
    """One column of swaps over iterations: summed up, or the mean an iteration over evenly long stretches."""
    total = rows.set_index("iteration")[measure].cumsum()
    total.index.name = "iteration"
    if summed:
        return total
    last = np.arange(1, STRETCHES + 1) * len(total) // STRETCHES - 1
    ends = total.iloc[np.unique(last[last >= 0])]
    ends.loc[0.0] = 0.0
    ends = ends.sort_index()
    since = np.diff(ends.index.to_numpy(dtype=float))
    return pd.Series(np.diff(ends) / np.maximum(since, 1), index=ends.index[1:], name=measure)


SECTION = Section(
    "masks",
    "training",
    "Over training",
    30,
    show,
    "When is it settled which weights a ticket keeps?",
)
