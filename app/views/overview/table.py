"""The table of the tickets: accuracy and robustness, or efficiency."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import costs, recorded
from app import load
from app.charts.texts import dot, spread
from app.shell import families, layout
from app.shell.lacking import unmeasured
from app.shell.score import ShownScore
from app.shell.selection import Selection

COLUMNS = {"quality": "Accuracy", "efficiency": "Efficiency"}

number, written = st.column_config.NumberColumn, st.column_config.TextColumn


def show(selection: Selection, chosen: pd.DataFrame) -> None:
    """Draw the card; `chosen` are rows of `analysis.comparisons.family_means.by_family`."""
    if selection.option("table", "quality", list(COLUMNS)) == "efficiency":
        _efficiency(selection, chosen)
    else:
        _quality(selection, chosen)


def _controls(selection: Selection) -> None:
    titles = {**COLUMNS, "quality": families.score(selection.study).title}
    selection.pick("table", "Columns", titles, label_visibility="collapsed")


def _quality(selection: Selection, chosen: pd.DataFrame) -> None:
    shown = families.score(selection.study)
    robust = {
        "corrupted": 100 * chosen["corrupted"],
        "corrupted interval": _intervals(chosen, "corrupted"),
        "gap": chosen["mean_gap"],
    }
    own = _own(selection, chosen)
    frame = pd.DataFrame(
        {
            **_head(selection, chosen),
            "accuracy": shown.score.factor * chosen["accuracy"],
            "interval": [shown.spread(*ends) for ends in _bounds(chosen, "accuracy")],
            **(robust if shown.images else {}),
            "kept": chosen["kept"],
            "seconds": chosen["seconds"],
            "seeds": chosen["seeds"],
            **own,
        }
    )
    columns = {
        **_head_columns(),
        shown.column: number(shown.heading, format=shown.column_format, help=_of_mean(shown)),
        "interval": written("95 % interval"),
        "corrupted": number("Corruption accuracy", format="%.1f %%", help="Mean corruption accuracy, mean over seeds."),
        "corrupted interval": written("95 % interval "),
        "gap": number(
            "Mean gap",
            format="%.1f°",
            help="The angle between a feature and the nearest other class's "
            "direction minus that to its own, all centred: the larger, the further from a confusion.",
        ),
        "kept": number("Weights kept", format="localized", help="Prunable weights that remain."),
        "seconds": number("Training time", format="%.0f s", help="With the tickets it descends from."),
        "seeds": number("Seeds", help="How many repetitions were measured."),
        **{
            name: number(name.removeprefix(recorded.PREFIX), format="%.4g", help="A metric of your own.")
            for name in own
        },
    }
    one = " (Wilson's over images where there is one seed)." if (chosen["seeds"] == 1).any() else "."
    if not shown.images:
        one = ", where there are several."
    title = "Accuracy and robustness" if shown.images else f"{shown.title} and cost"
    _card(selection, title, shown.table(frame), columns,
          f"Means over seeds; click a heading to sort. Intervals are of the mean over seeds{one}")  # fmt: skip


def _own(selection: Selection, chosen: pd.DataFrame) -> dict[str, np.ndarray]:
    """The user's own metrics of the chosen tickets, a column each."""
    brought = families.recordings(selection.study)
    rows = recorded.by_family(selection.study.tickets, brought).set_index("key").reindex(chosen["key"])
    return {name: rows[name].to_numpy(float) for name in recorded.objectives(brought) if rows[name].notna().any()}


def _of_mean(shown: ShownScore) -> str:
    """What the column of scores is."""
    if shown.images:
        return "On the clean test set, mean over seeds."
    mean = "Geometric mean" if shown.by_factors else "Mean"
    return f"{shown.score.meaning} {mean} over seeds; {shown.direction}.".strip()


def _efficiency(selection: Selection, chosen: pd.DataFrame) -> None:
    rows = chosen.merge(families.efficiency(selection.study), on="key", how="left")
    if rows["macs_kept"].isna().all():
        with st.container(border=True):
            st.markdown("**Efficiency**")
            _controls(selection)
            message = "The efficiency of these tickets is not measured yet."
            unmeasured(selection.study, message, "It takes a second or less a ticket.", ["--only", "efficiency"])
        return
    disk, disk_form = _unit(rows[["bytes_ticket", "bytes_network"]].max().max())
    memory, memory_form = _unit(rows["peak_bytes"].max())
    frame = pd.DataFrame(
        {
            **_head(selection, chosen),
            "macs": rows["macs_kept"].to_numpy(),
            "share": 100 * rows["macs_share"].to_numpy(dtype=float),
            "disk": (rows["bytes_ticket"] / disk).to_numpy(),
            "network": (rows["bytes_network"] / disk).to_numpy(),
            "memory": (rows["peak_bytes"] / memory).to_numpy(),
            "latency": rows["latency_ms"].to_numpy(),
            "latency interval": [_range(row, "latency") for _, row in rows.iterrows()],
            "speedup": rows["speedup"].to_numpy(),
            "speedup interval": [_range(row, "speedup") for _, row in rows.iterrows()],
        }
    )
    columns = {
        **_head_columns(),
        "ticket": written("Ticket", width=150),
        "macs": number("Multiply-adds", format="localized", help="For one image, when only kept weights count."),
        "share": number("of dense", format="%.3g %%", help="Of the dense network's multiply-adds."),
        "disk": number("Ticket file", format=disk_form, help="The ticket's file: kept weights, packed mask, recipe."),
        "network": number("State dict", format=disk_form, help="Of the network as it runs."),
        "memory": number("Peak memory", format=memory_form,
                         help="Weights, and the most activations at once while a batch passes through."),
        "latency": number("Latency", format="%.2f ms", help="Of a batch, median over rounds."),
        "latency interval": written("95 % interval"),
        "speedup": number("Speed-up", format="%.2f×", help="Against the dense network in the same rounds."),
        "speedup interval": written("95 % interval "),
    }  # fmt: skip
    _card(selection, "Efficiency", frame, columns, _cost_caption(selection, rows))


def _cost_caption(selection: Selection, rows: pd.DataFrame) -> str:
    smaller = rows["shrunk"].fillna(False).astype(bool)
    if not smaller.any():
        runs = "None of these masks allows a physically smaller network: each runs as the dense one with zeros, at 1×."
    elif smaller.all():
        runs = "Each runs as a physically smaller network."
    else:
        runs = "Tickets at exactly 1× run as the dense network with zeros; the others as physically smaller networks."
    times = load.table(selection.study, "efficiency", columns=["machine", "threads", "batch"])
    timed = f" {runs} {costs.machines(times)}" if len(times) else ""
    return f"Means over seeds; counts are exact.{timed}"


def _card(selection: Selection, title: str, frame: pd.DataFrame, columns: dict[str, Any], caption: str) -> None:
    layout.table_card(
        title,
        frame,
        "tickets",
        folded=True,
        columns=columns,
        caption=caption,
        controls=lambda: _controls(selection),
        height="content",
    )


def _head(selection: Selection, chosen: pd.DataFrame) -> dict[str, Any]:
    return {
        "colour": [_dot(selection, key) for key in chosen["key"]],
        "ticket": chosen["label"].to_numpy(),
        "sparsity": 100 * chosen["sparsity"].to_numpy(),
    }


def _head_columns() -> dict[str, Any]:
    return {
        "colour": st.column_config.ImageColumn("", width=40),
        "ticket": written("Ticket"),
        "sparsity": number("Sparsity", format="%.4g %%", help="Prunable weights removed, as asked."),
    }


def _dot(selection: Selection, key: str) -> str:
    return dot(next((ticket.style.color for ticket in selection.tickets if ticket.key == key), selection.theme.muted))


def _intervals(rows: pd.DataFrame, measure: str) -> list[str]:
    return [spread(low, high) for low, high in _bounds(rows, measure)]


def _bounds(rows: pd.DataFrame, measure: str) -> np.ndarray:
    return np.asarray(rows[[f"{measure}_low", f"{measure}_high"]], dtype=float)


def _unit(largest: float) -> tuple[float, str]:
    """What to divide bytes by, and the format of a column of which this is the largest value."""
    return (1e6, "%.2f MB") if largest >= 1e6 else (1e3, "%.1f kB")


def _range(row: pd.Series, measure: str) -> str:
    low, high = row[f"{measure}_low"], row[f"{measure}_high"]
    return "exactly 1" if low == high == 1 else spread(low, high, "{:.2f}", factor=1, unit="")
