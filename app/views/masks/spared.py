"""What early birds spare: the table below the distances that decide when they are drawn."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons import early_birds
from app import load
from app.shell import layout
from app.shell.families import entries, entries_of
from app.shell.selection import Selection

MEANINGS = {
    "ticket": "name of the ticket",
    "seed": "seed of the training",
    "drawn": "epoch after which the mask was drawn",
    "epochs": "epochs of the dense network's training",
    "kept_macs": "share of the multiply-adds of a pass that have a kept weight [%]",
    "spared_macs": "share of the multiply-adds of training to the end, pruning and training again that is spared [%]",
    "seconds": "measured, of training until the draw and of training what is kept [s]",
    "dense_seconds": "measured, of the dense network's whole training at the same seed [s]",
}


def show(selection: Selection) -> None:
    """Draw the table where an early bird is chosen."""
    study = selection.study
    chosen = [entry.id for each in entries_of(study, selection.keys).values() for entry in each]
    found = _spared(study.path, study.stamp, study.name)
    found = found[found["ticket_id"].isin(chosen)]
    if found.empty:
        return
    rows = pd.DataFrame(
        {
            "ticket": found["label"],
            "seed": found["seed"],
            "drawn": found["drawn"],
            "epochs": found["epochs"],
            "kept_macs": 100 * found["kept_macs"],
            "spared_macs": 100 * found["spared_macs"],
            "seconds": found["seconds"],
            "dense_seconds": found["dense_seconds"],
        }
    )
    number = st.column_config.NumberColumn
    layout.table_card(
        "What early birds spare",
        rows,
        "spared",
        columns={
            "ticket": st.column_config.TextColumn("Ticket"),
            "seed": number("Seed"),
            "drawn": number("Drawn at epoch", format="%.3g"),
            "epochs": number("Epochs in all", format="%.3g"),
            "kept_macs": number("Multiply-adds kept", format="%.1f %%"),
            "spared_macs": number("Training spared", format="%.1f %%", help=MEANINGS["spared_macs"].capitalize()),
            "seconds": number("Seconds", format="%.1f", help=MEANINGS["seconds"].capitalize()),
            "dense_seconds": number("Seconds, dense", format="%.1f", help=MEANINGS["dense_seconds"].capitalize()),
        },
        caption="Multiply-adds with a pruned weight count as skipped, which torch does not: seconds fall by the epochs "
        "that are not trained, and not by the sparsity. A row a training, so no intervals.",
        meanings=MEANINGS,
    )


@st.cache_data(max_entries=8, show_spinner="Adding up what was trained …")
def _spared(path: Path, stamp: str, name: str) -> pd.DataFrame:
    """Rows of `early_birds.spared` of the whole study."""
    return early_birds.spared(entries(load.open_study(name, path)).values())
