"""Neurons: hidden neurons' weight over the token, step by step, a ticket beside the baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import periodicity
from analysis.comparisons.periodicity import Neurons
from app.shell import layout
from app.shell.layout import plain
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.grokking import words
from app.views.grokking.charts import neurons as charts
from app.views.grokking.chosen import View, of_chosen

MOST = 12
MEANINGS = {
    "step": "training steps so far [iterations]",
    "neuron": "place of the neuron in the network, from 0",
    "token": "the token",
    "weight": "the neuron's weight over the token: the product of embedding and first layer",
}


def show(selection: Selection) -> None:
    """Draw the section."""
    view = of_chosen(selection, MOST)
    if view is None:
        return
    there = {key: periodicity.neurons(view.entry(key)) for key in view.found}
    noted = {key: found for key, found in there.items() if found is not None}
    if not noted:
        layout.empty(
            "These networks cannot say what their neurons see.",
            "A network with a method `token_weights` notes some of its neurons' weights while it is trained.",
        )
        return
    pair = _pick(selection, view, noted)
    shown = {key: noted[key] for key in pair}
    step = _pick_step(selection, shown)
    weights = {key: found.at(step) for key, found in shown.items()}
    st.markdown(_answer(view, weights))
    rows = next(iter(shown.values())).rows
    reach = np.max([np.abs(found.weights).max(axis=(0, 2)) for found in shown.values()], axis=0)
    layout.card(
        f"Weight over the token at step {words.steps(step)}",
        charts.neurons(
            {key: own for key, (_, own) in weights.items()}, rows.tolist(), np.maximum(reach, 1e-9).tolist(),
            view.styles, selection.theme,
        ),
        lambda: _listed(shown, view),
        "neurons",
        help="Each panel is a hidden neuron, the same in both networks, as both begin at the same weights: its weight "
        "over the token, the product of embedding and first layer. Where a network groks, waves appear. A flat line "
        "at 0: the ticket has cut the neuron off.",
        caption=f"Seed {selection.seed}; {len(rows)} neurons, evenly spaced over the layer. The axes do not follow the "
        "step. The CSV has all steps.",
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip


def _pick(selection: Selection, view: View, noted: dict[str, Neurons]) -> list[str]:
    """The baseline, where it noted its neurons, and the ticket chosen beside it."""
    others = {key: view.styles[key].label for key in noted if key != view.baseline}
    base = [view.baseline] if view.baseline in noted else []
    if not others:
        return base
    beside = selection.pick("neurons-of", "Ticket", others, kind="select", width=280)
    return [*base, beside]


def _pick_step(selection: Selection, shown: dict[str, Neurons]) -> float:
    steps = sorted({int(step) for found in shown.values() for step in found.steps})
    options = {str(step): words.steps(step) if step else "start" for step in steps}
    if len(options) < 2:
        return float(steps[0])
    shortest = min(int(found.steps[-1]) for found in shown.values())
    return float(selection.pick("neurons-at", "Step", options, default=str(shortest), kind="slider"))


def _answer(view: View, weights: dict[str, tuple[float, np.ndarray]]) -> str:
    said = []
    for key, (step, own) in weights.items():
        found = periodicity.spectrum_of(own)
        at = f"step {words.steps(step)}" if step else "the start"
        if np.isfinite(found.strongest):
            text = f"**{plain(view.styles[key].label)}** at {at}: {100 * found.strongest:.0f} %"
            said.append(f"{text}, {found.dead} dead" if found.dead else text)
        else:
            said.append(f"**{plain(view.styles[key].label)}** at {at}: all dead")
    return (
        f"How much of their spectrum the strongest frequency of these neurons holds: {'; '.join(said)}. These neurons "
        "alone, of one training."
    )


def _listed(shown: dict[str, Neurons], view: View) -> pd.DataFrame:
    frames = []
    for key, found in shown.items():
        looks, count, tokens = found.weights.shape
        frames.append(pd.DataFrame({
            "ticket": view.styles[key].label,
            "step": np.repeat(found.steps, count * tokens),
            "neuron": np.tile(np.repeat(found.rows, tokens), looks),
            "token": np.tile(np.arange(tokens), looks * count),
            "weight": found.weights.reshape(-1),
        }))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


SECTION = Section(
    "grokking",
    "neurons",
    "Neurons",
    40,
    show,
    "What does a hidden neuron see of each token, and when does it become a wave?",
)
