"""Pareto: two measures against each other, and which ticket dominates which beyond the noise."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from analysis.comparisons import costs, dominance
from analysis.comparisons.costs import MEASURES
from analysis.comparisons.dominance import DOMINATED, FRONT, Gaps, Verdict
from app.shell import layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.overview import view_data
from app.views.overview.charts import pareto as charts
from app.views.overview.table import dot

AMONG = {"all": "All tickets", "chosen": "Chosen tickets"}
SHOWN = 2  # names in a verdict before "+ 4 more"


def show(selection: Selection) -> None:
    """Draw the view."""
    weighed = costs.weighed(view_data.families(selection), view_data.efficiency(selection))
    there = {name: measure.label for name, measure in MEASURES.items() if weighed[name].notna().any()}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        y = selection.pick("up", "Upwards", there, default="accuracy", kind="select", width=270)
        others = {name: label for name, label in there.items() if name != y}
        default = next(name for name in ("macs", "kept", *others) if name in others)
        x = selection.pick("across", "Across", others, default=default, kind="select", width=270)
        among = selection.pick("among", "Among", AMONG, width="content")
    lacking = [measure.label.lower() for name, measure in MEASURES.items() if name not in there]
    if lacking:
        layout.notes([f"Not measured yet, and so not to choose: {', '.join(lacking)}."])
    rows = weighed.dropna(subset=[x, y])
    if among == "chosen":
        rows = rows[rows["key"].isin(selection.keys)]
    if len(rows) < 2:
        layout.empty("Two tickets are needed to weigh one against the other.",
                     "Choose more in the grid at the left, or take all tickets of the study.")  # fmt: skip
        return
    rows = rows.reset_index(drop=True)
    keys = rows["key"].tolist()
    found = dominance.verdicts(keys, *(_gaps(selection, rows, keys, name) for name in (x, y)))
    left, right = st.columns(2, gap="medium")
    with left:
        _chart(selection, rows, x, y, found)
    with right:
        _verdicts(selection, rows, x, y, found)


def _gaps(selection: Selection, rows: pd.DataFrame, keys: Sequence[str], name: str) -> Gaps:
    measure, values = MEASURES[name], rows[name].to_numpy(dtype=float)
    if measure.noise == "paired":
        return dominance.paired(keys, values, view_data.correct(selection, name))
    if measure.noise == "interval":
        low, high = (rows[f"{name}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
        return dominance.by_intervals(values, low, high, measure.more)
    return dominance.exact(values, measure.more)


def _chart(selection: Selection, rows: pd.DataFrame, x: str, y: str, found: dict[str, Verdict]) -> None:
    styles = view_data.all_styles(selection)
    states = {key: verdict.state for key, verdict in found.items()}
    columns = [name + end for name in (x, y) for end in ("", "_low", "_high") if name + end in rows]
    layout.card(
        f"{MEASURES[y].label} against {_lower(MEASURES[x].label)}",
        charts.pareto(rows, x, y, states, styles, selection.theme),
        rows[["label", *columns]].assign(state=[states[key] for key in rows["key"]]),
        "pareto",
        config=layout.QUIET,
        help="A point a ticket, means over seeds. The dotted line is the front by the values themselves. Full points "
        "lie on it; hollow ones are behind another in both measures, but by no more than noise; faint ones are "
        "dominated. Bars are 95 % intervals.",
        caption=_noise(rows, x, y),
    )


def _noise(rows: pd.DataFrame, x: str, y: str) -> str:
    said = []
    if any(MEASURES[name].noise == "paired" for name in (x, y)):
        pairs = len(rows) * (len(rows) - 1) // 2
        said.append(
            "Accuracies differ when two 95 % intervals of the difference leave out zero: that over the same images, "
            f"widened for {pairs} comparisons, and that over seeds."
        )
    if any(MEASURES[name].noise == "interval" for name in (x, y)):
        said.append("Times differ when their 95 % intervals do not overlap.")
    if any(MEASURES[name].noise == "none" for name in (x, y)):
        said.append("Counts are exact, so that any difference counts.")
    return " ".join(said)


def _verdicts(selection: Selection, rows: pd.DataFrame, x: str, y: str, found: dict[str, Verdict]) -> None:
    labels = dict(zip(rows["key"], rows["label"], strict=True))
    styles = view_data.all_styles(selection)
    order = {FRONT: 0, dominance.NEAR: 1, DOMINATED: 2}
    ranked = sorted(range(len(rows)), key=lambda place: order[found[rows["key"][place]].state])
    rows = rows.iloc[ranked]
    for verdict in found.values():  # those on the front say most
        verdict.by.sort(key=lambda key: order[found[key].state])
    frame = pd.DataFrame(
        {
            "colour": [dot(styles[key].color) for key in rows["key"]],
            "ticket": rows["label"],
            "state": [found[key].state for key in rows["key"]],
            "verdict": [sentence(found[key], labels) for key in rows["key"]],
            "alike": [named(found[key].alike, labels) or "–" for key in rows["key"]],
            "dominates": [len(found[key].dominates) for key in rows["key"]],
        }
    )
    states = [verdict.state for verdict in found.values()]
    layout.table_card(
        "What dominates what",
        frame,
        "dominance",
        columns={
            "colour": st.column_config.ImageColumn("", width=34),
            "ticket": st.column_config.TextColumn("Ticket", width=120),
            "state": None,
            "verdict": st.column_config.TextColumn("Dominated by", width=200),
            "alike": st.column_config.TextColumn(
                "Tie within noise", width=140, help="Told apart from it in neither measure."
            ),
            "dominates": st.column_config.NumberColumn("Dominates", width=80, help="How many tickets it dominates."),
        },
        help="One ticket dominates another when it is at least as good in both measures and better in one of them "
        "beyond the noise.",
        caption=f"{states.count(FRONT)} on the front, {states.count(dominance.NEAR)} behind it within noise, "
        f"{states.count(DOMINATED)} dominated.",
        data=lambda: frame.drop(columns="colour"),
        height=charts.HEIGHT + 10,
    )


def sentence(verdict: Verdict, labels: dict[str, str]) -> str:
    """Who dominates a ticket, in a few words."""
    if verdict.state == FRONT:
        return "nobody: on the front"
    by = named(verdict.by, labels)
    return by if verdict.state == DOMINATED else f"behind within noise: {by}"


def named(keys: Sequence[str], labels: dict[str, str]) -> str:
    """The first few tickets by name, and how many more."""
    names = [labels[key] for key in keys]
    if len(names) > SHOWN + 1:
        return f"{', '.join(names[:SHOWN])} + {len(names) - SHOWN} more"
    return ", ".join(names)


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]


SECTION = Section(
    "overview",
    "pareto",
    "Pareto",
    20,
    show,
)
