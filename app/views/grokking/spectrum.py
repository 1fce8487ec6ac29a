"""Spectrum: how few frequencies each hidden neuron lives on, at the end and on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import periodicity
from analysis.results.stamps import file_stamp
from app import load
from app.shell import families, layout
from app.shell.folds import fold
from app.shell.layout import plain
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.grokking.charts import lines
from app.views.grokking.charts import spectrum as charts
from app.views.grokking.chosen import View, of_chosen
from pruning.tasks.spectrum import frequencies

PANELS = 4
SHOWN = {"entropy": "Entropy", "strongest": "Strongest frequency", "dead": "Dead neurons"}
TITLES = {
    "entropy": "Entropy of the spectrum falls as a network groks",
    "strongest": "Share of a neuron's strongest frequency",
    "dead": "Neurons that see no token",
}
AXES = {"entropy": "Entropy (nats)", "strongest": "Share of the spectrum", "dead": "Neurons"}
MEANINGS = {
    "step": "training steps so far [iterations]",
    "entropy": "entropy of a neuron's spectrum over the tokens, mean over the live ones [nats]",
    "strongest": "share of a neuron's strongest frequency in its spectrum, mean over the live ones [fraction]",
    "dead": "neurons that see no token, as all their weights over it are 0",
    "neuron": "place of the neuron in the network, from 0",
    "frequency": "cycles over all tokens",
    "share": "amplitude at the frequency over the sum of the neuron's amplitudes [fraction]",
}


def show(selection: Selection) -> None:
    """Draw the section."""
    view = of_chosen(selection)
    if view is None:
        return
    rows = periodicity.noted(view.found)
    rows = rows[rows["entropy"].notna()]
    if rows.empty:
        layout.empty(
            "These networks cannot say what their neurons see.",
            "A network with a method `token_weights`, which gives each hidden neuron's weight over the tokens, notes "
            "its spectrum while it is trained.",
        )
        return
    st.markdown(_answer(view, rows))
    _neurons_card(view)
    _lines_card(view, rows)
    with fold("Which frequencies grow, step by step") as opened:
        if opened:
            _training_card(view)


def _answer(view: View, rows: pd.DataFrame) -> str:
    table = periodicity.first_and_last(rows, "strongest").set_index(["key", "at"])
    said = []
    keys = [view.baseline, *(key for key in view.found if key != view.baseline)]
    for key in [key for key in keys if (key, "last") in table.index][:2]:
        first, last = table.loc[(key, "first")], table.loc[(key, "last")]
        interval = f" ({100 * last['low']:.0f} to {100 * last['high']:.0f})" if np.isfinite(last["low"]) else ""
        said.append(
            f"**{plain(view.styles[key].label)}**: {100 * last['mean']:.0f} %{interval} at the end, "
            f"{100 * first['mean']:.0f} % at the start"
        )
    return f"How much of a neuron's spectrum its strongest frequency holds: {'; '.join(said)}."


def _neurons_card(view: View) -> None:
    study = view.selection.study
    found: dict[str, np.ndarray] = {}
    for key in list(view.found)[:PANELS]:
        share = _shares(study.path, view.entry(key).id, file_stamp(view.entry(key).path))
        if share is not None:
            found[key] = share
    if not found:
        return
    ordered = {key: share[periodicity.by_strongest(share)] for key, share in found.items()}
    dead = {key: int(np.isnan(share).any(axis=1).sum()) for key, share in found.items()}
    some = [f"{count} in {view.styles[key].label}" for key, count in dead.items() if count]
    layout.card(
        "At the end each neuron lives on few frequencies, where a network has grokked",
        charts.neurons(ordered, view.styles, view.selection.theme),
        lambda: _listed(found, view),
        "spectrum",
        help="Each row is a hidden neuron: the amplitudes of its weight over the token (of the product of embedding "
        "and first layer) at each frequency, as shares. Neurons of one strongest frequency stand together, the purest "
        "first. A network that has understood the sum is a ladder of single cells; one that knows its examples by "
        "heart is grey. Dead neurons are blank, at the bottom.",
        caption=f"Seed {view.selection.seed}. Dead neurons: {', '.join(some)}." if some
        else f"Seed {view.selection.seed}. No neuron is dead.",
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip


@st.cache_data(max_entries=64, show_spinner=False)
def _shares(path: Path, ticket_id: str, stamp: str) -> np.ndarray | None:
    return periodicity.neuron_shares(load.folder(path).load(ticket_id))


def _listed(found: dict[str, np.ndarray], view: View) -> pd.DataFrame:
    frames = [
        pd.DataFrame({
            "ticket": view.styles[key].label,
            "neuron": np.repeat(np.arange(len(share)), share.shape[1]),
            "frequency": np.tile(np.arange(1, share.shape[1] + 1), len(share)),
            "share": share.reshape(-1),
        })
        for key, share in found.items()
    ]  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def _lines_card(view: View, rows: pd.DataFrame) -> None:
    value = view.selection.option("spectrum", "entropy", list(SHOWN))
    table = periodicity.over_seeds(rows, value)
    most = float(np.log(frequencies(len(view.selection.study.classes))))
    layout.card(
        TITLES[value],
        lines.lines(table, view.styles, view.selection.theme, AXES[value],
                    limit=(most, "all frequencies alike") if value == "entropy" else None),
        lambda: view.named(table),
        "spectrum-lines",
        help="Means over the live neurons, and over seeds. The fewer frequencies a neuron has, the lower the entropy.",
        caption=families.mean_words(
            view.seeds, several=f", of those that are still trained. Bands are drawn for up to {lines.BANDS} lines"
        ),
        config=layout.QUIET,
        meanings=MEANINGS,
        controls=lambda: view.selection.pick(
            "spectrum", "Shown", SHOWN, label_visibility="collapsed", width="content"
        ),
    )  # fmt: skip


def _training_card(view: View) -> None:
    found = {key: periodicity.shares(view.entry(key)) for key in list(view.found)[:PANELS]}
    found = {key: share for key, share in found.items() if share.size}
    steps = {key: periodicity.looks(view.entry(key)) for key in found}
    layout.card(
        "Mean spectrum of the neurons over the training",
        charts.over_training(found, steps, view.styles, view.selection.theme),
        lambda: _grown(found, steps, view),
        "spectrum-training",
        help="Each frequency's share of a neuron's spectrum, mean over the live neurons.",
        caption=f"Seed {view.selection.seed}, one training: no intervals.",
        config=layout.QUIET,
        meanings=MEANINGS,
    )


def _grown(found: dict[str, np.ndarray], steps: dict[str, np.ndarray], view: View) -> pd.DataFrame:
    frames = [
        pd.DataFrame({
            "ticket": view.styles[key].label,
            "step": np.repeat(steps[key], share.shape[1]),
            "frequency": np.tile(np.arange(1, share.shape[1] + 1), len(share)),
            "share": share.reshape(-1),
        })
        for key, share in found.items()
    ]  # fmt: skip
    return pd.concat(frames, ignore_index=True)


SECTION = Section(
    "grokking",
    "spectrum",
    "Spectrum",
    30,
    show,
    "Does each neuron hold the tokens as waves of few frequencies, and from when on?",
)
