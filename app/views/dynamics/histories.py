"""Training curves as the page draws them: by the tickets' keys, kept while the study stays the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons import dynamics
from app import load
from app.load import StudyView
from app.views.dynamics import view_data

STOPS = ["key", "epoch", "low", "high", "seeds", "resolution", "at_end", "accuracy", "accuracy_low", "accuracy_high"]


def rows(study: StudyView, keys: Sequence[str]) -> pd.DataFrame:
    """Rows of `comparisons.dynamics.curves` of the tickets at every seed, with their `key`, in the order of `keys`.
    Tickets that were not trained have none."""
    return _rows(study.path, study.stamp, study.name, tuple(keys))


@st.cache_data(max_entries=32, show_spinner=False)
def _rows(path: Path, stamp: str, name: str, keys: tuple[str, ...]) -> pd.DataFrame:
    found = view_data.found(load.open_study(name, path), keys)
    curves = dynamics.curves(entry for key in keys for entry in found.get(key, []))
    keyed = {entry.id: key for key, entries in found.items() for entry in entries}
    return curves.assign(key=curves["ticket_id"].map(keyed))


def over_seeds(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The mean of one measure at each epoch with its 95 % interval over seeds: key, epoch, value, low, high (NaN: one
    seed), seeds. Accuracies stay between 0 and 1 and losses above 0, which Student's interval knows nothing of."""
    found = dynamics.curve_bands(rows, measure).rename(columns={"mean": "value", "n": "seeds"})
    bounds = found[["low", "high"]].clip(lower=0, upper=1 if measure.endswith("accuracy") else None)
    keys = dict(zip(rows["family"], rows["key"], strict=True))
    found = found.assign(key=found["family"].map(keys), low=bounds["low"], high=bounds["high"])
    return found[["key", "epoch", "value", "low", "high", "seeds"]]


def stops(rows: pd.DataFrame) -> pd.DataFrame:
    """Where the loss on test images is least, a row a key with such losses, means over seeds with 95 % intervals.

    Returns `STOPS`: `epoch` with low and high, `resolution` (epochs between points of the curve there), `at_end` (how
    many seeds are lowest at their last point), and the `accuracy` on test images at that epoch.
    """
    each = dynamics.early_stop(rows).dropna(subset=["epoch"])
    if each.empty:
        return pd.DataFrame(columns=STOPS)
    epochs = dynamics.early_stop_bands(each).rename(columns={"mean": "epoch", "n": "seeds"})
    there = dynamics.early_stop_bands(each, "test_accuracy").set_index("family")
    keys = dict(zip(rows["family"], rows["key"], strict=True))
    accuracies = {
        f"accuracy{end}": epochs["family"].map(there[column])
        for end, column in {"": "mean", "_low": "low", "_high": "high"}.items()
    }
    return epochs.assign(key=epochs["family"].map(keys), **accuracies)[STOPS]


def ends(rows: pd.DataFrame) -> pd.DataFrame:
    """How each curve ends: key, epoch, accuracy on test images, means over seeds."""
    last = rows.sort_values("epoch").groupby(["key", "seed"], sort=False).tail(1)
    return last.groupby("key", sort=False)[["epoch", "test_accuracy"]].mean().reset_index()
