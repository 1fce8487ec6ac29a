"""Descent: all tickets as a map, and of the chosen ones what they differ in and what that makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import costs, descent, ticket_measures
from analysis.comparisons.descent import Tree
from analysis.comparisons.ticket_measures import MEASURES
from app import load
from app.charts.scales import scale
from app.charts.score_axis import scale_of
from app.load import StudyView
from app.shell import families, layout, theme
from app.shell.lacking import unfound
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.url import LIST
from app.views.overview import brush, one_field
from app.views.overview.charts import descent as charts
from app.views.overview.charts.descent import Measured
from pruning.recipe import Recipe

CHART = "study-map"
SAME = "one size"


def show(selection: Selection) -> None:
    """Draw the section."""
    study = selection.study
    tree, rows = _tree(study.path, study.stamp, selection.seed), _rows(study)
    rows = rows[rows["key"].isin(tree.parents)].reset_index(drop=True)
    measured = {name: each for name in MEASURES if (each := _measured(study, rows, name)) is not None}
    if not measured:
        unfound(study, "No ticket of this study can be read.", "Find them anew.")
        return
    made = recipes(study, selection.seed)
    st.markdown(one_field.answer(selection, made))
    _map_card(selection, tree, rows, measured)
    brush.show(selection, rows)
    one_field.show(selection, made)


def recipes(study: StudyView, seed: int) -> dict[str, Recipe]:
    """Key -> recipe, of the seed where it has a ticket of that."""
    found = families.entries(study)
    rows = study.tickets[study.tickets["ticket_id"].isin(list(found))]
    rows = rows.assign(other=rows["seed"] != seed).sort_values("other", kind="stable").drop_duplicates("key")
    by_key = dict(zip(rows["key"], rows["ticket_id"], strict=True))
    return {key: found[by_key[key]].recipe for key in dict.fromkeys(study.tickets["key"]) if key in by_key}


@st.cache_resource(max_entries=8, show_spinner="Reading what descends from what …")
def _tree(path: Path, stamp: str, seed: int) -> Tree:
    return descent.tree(recipes(load.open_study(path.name, path), seed))


def _rows(study: StudyView) -> pd.DataFrame:
    """The measures of all tickets; those of unmeasured ones are missing."""
    summary = load.table(study, "summary")
    return ticket_measures.by_family(families.means(study), families.efficiency(study), study.tickets, summary)


def _measured(study: StudyView, rows: pd.DataFrame, name: str) -> Measured | None:
    """A measure for the chart; None where no ticket has it."""
    values, shown = rows[name].to_numpy(dtype=float), families.score(study)
    there = values[np.isfinite(values)]
    if not len(there):
        return None
    own = name == "accuracy" and not shown.images
    texts = [shown.write(value) if own else costs.write(value, MEASURES[name].unit) for value in values]
    return Measured(
        shown.title if own else MEASURES[name].label,
        values,
        texts,
        scale_of(shown, there) if own else scale(MEASURES[name], there),
    )


def _map_card(selection: Selection, tree: Tree, rows: pd.DataFrame, measured: dict[str, Measured]) -> None:
    study = selection.study
    labels = {name: each.label for name, each in measured.items()}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        colour = selection.pick("shade", "Colour", labels, kind="select", width=236)
        sizes = {SAME: "One size", **labels}
        default = next((name for name in ("corrupted", SAME) if name in sizes and name != colour), SAME)
        size = selection.pick("size", "Size", sizes, default=default, kind="select", width=236)
        _buttons(selection, tree)
    order = descent.rows_of(tree, dict(zip(rows["key"], rows["method"], strict=True)))
    first = study.tickets.drop_duplicates("method").set_index("method")["method_label"]
    methods = {method: str(first[method]) for method in order}
    styles = {ticket.key: ticket.style for ticket in selection.tickets}
    hues = theme.method_colors(study.methods, selection.theme.mode, study.originals)
    by_size = measured.get(size)
    layout.card(
        _title(len(study.tickets), len(rows), len(methods)),
        charts.descent(tree, rows, methods, measured[colour], by_size, styles, hues, selection.theme),
        lambda: _download(tree, rows),
        CHART,
        help="A line a method, to the right the sparser. A line leads to each ticket from the one it starts from; what "
        "has none starts from initial weights. Small dots are steps on the way that are not among the tickets. Chosen "
        "tickets have a ring in their colour, and their descent is dark. A click chooses a ticket, or lets it go.",
        caption=_caption(study, by_size),
        on_select=lambda: _clicked(selection),
        selection_mode="points",
        config={"modeBarButtonsToRemove": ["select2d", "lasso2d"]},
        meanings={"from": "the tickets it starts from", **{name: each.label for name, each in MEASURES.items()}},
    )


def _title(tickets: int, drawn: int, lines: int) -> str:
    """How many tickets there are, how many the map has without their seeds, and in how many lines."""
    said = f"{tickets} ticket{'' if tickets == 1 else 's'} by descent"
    return f"{said}: {drawn} in {lines} line{'' if lines == 1 else 's'}"


def _caption(study: StudyView, size: Measured | None) -> str:
    seeds = len(study.seeds)
    said = [f"Means over {seeds} seeds, without their uncertainty." if seeds > 1 else "One seed."]
    if size is not None:
        there = np.isfinite(size.values)
        least, most = int(np.nanargmin(size.values)), int(np.nanargmax(size.values))
        said.append(f"Size: {_lower(size.label)}, from {size.texts[least]} to {size.texts[most]}.")
        said += ["Where it is missing: the smallest."] if not there.all() else []
    return " ".join(said)


def _buttons(selection: Selection, tree: Tree) -> None:
    """What is added to the selection by a click."""
    keys = [key for key in selection.keys if key in tree.parents]
    more = {
        "Parents": (tree.parents_of(keys), "What the chosen tickets start from."),
        "Children": (tree.children_of(keys), "What starts from the chosen tickets, their controls among them."),
        "Same criterion": (tree.alike(keys), "What was chosen by the same criteria."),
    }
    for name, (found, help) in more.items():
        st.button(
            f"{name} ({len(found)})",
            icon=":material/add:",
            key=f"add {name}",
            help=help,
            disabled=not found,
            on_click=_choose,
            args=(selection, [*selection.keys, *found]),
        )
    st.button("None", key="choose none", disabled=not selection.keys, on_click=_choose, args=(selection, []))


def _choose(selection: Selection, keys: Sequence[str]) -> None:
    selection.set(tickets=LIST.join(families.ordered(selection.study, keys)) or "none")


def _clicked(selection: Selection) -> None:
    """Choose the ticket that was clicked, or let it go."""
    points = layout.selected_points(CHART)
    data = points[-1].get("customdata") if points else None
    key = data[0] if isinstance(data, list | tuple) and data else None
    if isinstance(key, str):
        _choose(selection, sorted({*selection.keys} ^ {key}))


def _download(tree: Tree, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with what each starts from."""
    label = dict(zip(rows["key"], rows["label"], strict=True))
    starts = [", ".join(label[parent] for parent in tree.parents[key]) for key in rows["key"]]
    return rows.drop(columns=["key", "method"]).assign(**{"from": starts})


def _lower(label: str) -> str:
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


SECTION = Section("overview", "descent", "Descent", 25, show)
