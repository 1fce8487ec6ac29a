"""The ticket picker: a grid of methods by sparsities; its dots show the tickets' colours and switch them on and off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
import streamlit.components.v2

from app.assets import read
from app.load import StudyView
from app.shell import theme
from app.shell.parameters import default_keys
from app.shell.selection import Selection
from app.shell.url import LIST, change
from pruning.recipe import percent


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return streamlit.components.v2.component(
        "ticket_picker",
        html='<div class="picker"></div>',
        css=read("picker.css"),
        js=read("named.js") + read("units.js") + read("picker.js"),
    )


def picker(selection: Selection) -> None:
    """The grid. A dot switches one ticket; a column's or a row's head shows just that sparsity or that method."""

    def picked() -> None:
        event = (st.session_state.get("picker") or {}).get("picked")
        if event:
            keys = after(selection.study, selection.keys, event)
            same = keys == default_keys(selection.study)
            change({"tickets": None if same else LIST.join(keys) or "none"})

    _component()(data=contents(selection), key="picker", on_picked_change=picked)


def after(study: StudyView, chosen: Sequence[str], event: dict[str, Any]) -> list[str]:
    """The keys chosen once a dot (`key`), a column's head (`level`) or a row's (`method`) was clicked."""
    tickets = study.tickets
    if "key" in event:
        wanted = set(chosen) ^ {event["key"]}
    elif "level" in event:
        level = tickets["sparsity"].eq(event["level"]) & tickets["method"].ne(theme.DENSE)
        wanted = set(tickets.loc[level | tickets["method"].eq(theme.DENSE), "key"])
    elif event.get("method") == theme.DENSE:
        wanted = set(tickets.loc[tickets["method"].eq(theme.DENSE), "key"])
    else:
        wanted = set(tickets.loc[tickets["method"].isin([event.get("method"), theme.DENSE]), "key"])
    return [key for key in dict.fromkeys(tickets["key"]) if key in wanted]


def contents(selection: Selection) -> dict[str, Any]:
    """What the grid shows: `levels` (columns) and `rows` with a cell a column, None where nothing was found."""
    study = selection.study
    hues = theme.method_colors(study.methods, selection.theme.mode, study.originals)
    chosen = set(selection.keys)
    labels: dict[str, str] = {}
    cells: dict[tuple[str, float], dict[str, Any]] = {}
    for ticket in study.tickets.drop_duplicates("key").to_dict("records"):
        key, method = ticket["key"], ticket["method"]
        color = selection.styles[ticket["ticket_id"]].color if key in chosen else hues[method]
        labels.setdefault(method, ticket["method_label"])
        cell = {"key": key, "label": ticket["label"], "color": color, "on": key in chosen}
        cells.setdefault((method, ticket["sparsity"]), cell)
    levels = sorted({level for _, level in cells})  # the dense network's, 0, included
    return {
        "levels": [_head(level) for level in levels],
        "rows": [
            {
                "method": method,
                "label": label,
                "title": f"{label}: all sparsities",
                "cells": [cells.get((method, level)) for level in levels],
            }
            for method, label in labels.items()
        ],
    }


def _head(level: float) -> dict[str, Any]:
    title = f"All methods at {percent(level)}" if level else "Dense"
    return {"value": level, "text": percent(level).replace(" %", ""), "title": title}
