"""Masks and norms: when the dense network's mask takes its shape, and how large what is kept becomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import dynamics, grokking, mask_distances, periodicity
from app.shell import families, layout
from app.shell.layout import plain
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.grokking import words
from app.views.grokking.charts import lines
from app.views.grokking.charts import masks as charts
from app.views.grokking.chosen import View, of_all, of_chosen
from pruning.recipe import percent
from pruning.study.folder import Entry

NORMS = {"l2": "L2 norm", "l1": "L1 norm"}
MEANINGS = {
    "step": "training steps so far [iterations]",
    "other step": "the step that its mask is held against [iterations]",
    "distance": "share of the prunable weights whose state differs between the two masks [fraction]",
    "measure": "final: to the last mask; before: to the mask noted before",
    "mean": "mean over seeds",
}


def show(selection: Selection) -> None:
    """Draw the section."""
    every = of_all(selection)
    if every is None:
        return
    watched = {
        key: [entry for entry in entries if len(dynamics.mask_distances(entry)[0]) > 1]
        for key, entries in every.found.items()
    }
    watched = {key: entries for key, entries in watched.items() if entries}
    if watched:
        _masks(every, watched)
    else:
        st.caption(":material/info: No training of this study noted its masks; a dense one that is found anew does.")
    view = of_chosen(selection)
    if view is not None:
        _norms_card(view)


def _masks(view: View, watched: dict[str, list[Entry]]) -> None:
    selection = view.selection
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        key = next(iter(watched))
        if len(watched) > 1:
            labels = {each: view.styles[each].label for each in watched}
            key = selection.pick("masks-of", "Training of", labels, kind="select", width=260)
        levels = sorted({level for entry in watched[key] for level in dynamics.mask_distances(entry)[1]})
        texts = {f"{100 * level:g}": percent(level) for level in levels}
        usual = selection.tickets[-1].sparsity if selection.tickets else 0.6
        default = min(texts, key=lambda text: abs(float(text) / 100 - (usual or 0.6)))
        asked = float(selection.pick("masks-at", "Masks of sparsity", texts, default=default, width="content")) / 100
    sparsity = min(levels, key=lambda level: abs(level - asked))
    entries = [entry for entry in watched[key] if sparsity in dynamics.mask_distances(entry)[1]]
    st.markdown(_answer(entries, sparsity, view.styles[key].label))
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        _distances_card(view, key, entries, sparsity)
    with right:
        _heat_card(view, entries, sparsity)


def _answer(entries: list[Entry], sparsity: float, label: str) -> str:
    table = grokking.mask_to_come(entries, sparsity).set_index("at")
    places = {"start": "at the start", "t_mem": "when it has memorised", "t_gen": "when it groks"}
    said = []
    for at, place in places.items():
        if at in table.index:
            row = table.loc[at]
            interval = f" ({100 * row['low']:.0f} to {100 * row['high']:.0f})" if np.isfinite(row["low"]) else ""
            said.append(f"**{100 * row['mean']:.0f} %**{interval} {place}")
    seeds = f" Means over {len(entries)} seeds." if len(entries) > 1 else " One seed."
    return (
        f"The mask of sparsity {percent(sparsity)} that pruning {plain(label)} would draw differs from its last one in "
        f"{', '.join(said)}, in shares of all weights.{seeds}"
    )


def _distances_card(view: View, key: str, entries: list[Entry], sparsity: float) -> None:
    rows = mask_distances.over_seeds(entries, sparsity)
    rows = rows[rows["measure"].isin(charts.LINES)]
    rows = rows.assign(step=rows["epoch"] * grokking.per_epoch(entries[0])).drop(columns="epoch")
    rows = rows[rows["n"] == rows["n"].max()] if (rows["n"] == rows["n"].max()).sum() > 2 else rows
    summary = grokking.by_method(grokking.times({key: entries})).iloc[0]
    marks = {name: float(summary[name]) for name in grokking.MILESTONES if np.isfinite(summary[name])}
    layout.card(
        "Mask distance on the way",
        charts.distances(rows, marks, mask_distances.chance(sparsity), view.selection.theme),
        rows,
        "mask-way",
        help="The share of the prunable weights in which the magnitude mask of a step differs from the final one, and "
        "from the one noted before, which lies a good deal earlier later on. Vertical lines: geometric means over "
        "seeds of the steps at which the network has memorised, and grokked.",
        caption=families.mean_words(len(entries), several=", at the steps that all seeds noted"),
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip


def _heat_card(view: View, entries: list[Entry], sparsity: float) -> None:
    entry = next((each for each in entries if each.recipe.seed == view.selection.seed), entries[0])
    epochs, matrices = dynamics.mask_distances(entry)
    steps, matrix = epochs * grokking.per_epoch(entry), matrices[sparsity]
    layout.card(
        "Mask distance between steps",
        charts.heat(steps, matrix, view.selection.theme),
        lambda: pd.DataFrame(
            {
                "step": np.repeat(steps, len(steps)),
                "other step": np.tile(steps, len(steps)),
                "distance": matrix.reshape(-1),
            }
        ),
        "mask-heat",
        help="Each cell: the share of the prunable weights in which the magnitude masks of two steps differ. Each mask "
        "noted has a cell, however far the steps lie apart.",
        caption=f"Seed {entry.recipe.seed}, one training: no intervals.",
        config=layout.QUIET,
        meanings=MEANINGS,
    )


def _norms_card(view: View) -> None:
    rows = periodicity.noted(view.found)
    rows = rows[rows["l2"].notna()]
    if rows.empty:
        return
    name = view.selection.option("norm", "l2", list(NORMS))
    table = periodicity.over_seeds(rows, name)
    layout.card(
        f"{NORMS[name]} of the weights that are kept",
        lines.lines(table, view.styles, view.selection.theme, NORMS[name], "{:,.4g}"),
        lambda: view.named(table),
        "norms",
        help="Of all prunable weights together; pruned ones are 0. Two networks whose norms begin alike and that grok "
        "at different times show that the norm is not what decides.",
        caption=f"{_norm_words(view, rows, name)} " + families.mean_words(view.seeds),
        config=layout.QUIET,
        meanings=MEANINGS,
        controls=lambda: view.selection.pick("norm", "Norm", NORMS, label_visibility="collapsed", width="content"),
    )


def _norm_words(view: View, rows: pd.DataFrame, name: str) -> str:
    table = periodicity.first_and_last(rows, name).set_index(["key", "at"])["mean"]
    said = [
        f"{plain(view.styles[key].label)} {words.steps(table[key, 'first'])} to {words.steps(table[key, 'last'])}"
        for key in view.found if (key, "last") in table.index
    ]  # fmt: skip
    return f"From start to end: {', '.join(said)}."


SECTION = Section(
    "grokking",
    "masks",
    "Masks and norms",
    50,
    show,
    "When does the mask take its shape, before the network groks or while it does? And is it the norm that decides?",
)
