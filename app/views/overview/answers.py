"""The three questions of the app, each answered in a sentence and a small chart that leads to its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.comparisons.outcomes import Images
from analysis.comparisons.verdicts import against
from analysis.statistics.verdicts import DIFFERS
from app.answers import geometry, moves, survival, weights
from app.answers.columns import MOST, side_by_side
from app.answers.listed import listed
from app.shell import families, layout, links, verdicts
from app.shell.selection import Selection
from app.shell.theme import DENSE
from app.shell.url import change
from app.views.overview.charts.answers import Line, lines
from pruning.errors import UserError

Tables = Mapping[Images, pd.DataFrame]


def show(selection: Selection, tables: Tables) -> None:
    """Draw those that the study can answer, side by side; `tables` are those of `verdicts.of_chosen`."""
    parts: list[Callable[[], None] | None] = [
        _weights(selection), _geometry(selection), _survival(selection, tables)
    ]  # fmt: skip
    there = [part for part in parts if part is not None]
    if not there:
        return
    with st.container(key="answers"):
        for column, part in zip(st.columns(len(there), gap="medium"), there, strict=True):
            with column:
                part()


def _weights(selection: Selection) -> Callable[[], None] | None:
    if sum(ticket.method != DENSE for ticket in selection.tickets) < 2:
        return None
    try:
        table = weights.pairs(selection)
    except UserError:  # the page Masks says why
        return None
    styles = families.styles(selection)
    labels = {key: style.label for key, style in styles.items()}
    said = weights.said(selection, labels)
    if not said:
        return None
    short = {ticket.key: ticket.method_label for ticket in selection.tickets}
    one_level = len({ticket.sparsity for ticket in selection.tickets if ticket.method != DENSE}) == 1
    names = short if one_level else labels
    theme = selection.theme
    rows = [_line(f"{names[row['a']]} · {names[row['b']]}", row, theme.both) for row in table.to_dict("records")]
    return lambda: _card(
        "weights", "Which weights are kept?", said,
        lines(rows, "kept by both, beyond chance (points)", " points", theme),
        table.assign(a=table["a"].map(labels), b=table["b"].map(labels)),
        "Of every two tickets: the share of the sparser one's weights that the other keeps as well, less that of "
        "masks that share nothing but their layer-wise sparsities. All pairs are one family (Holm's correction).",
        ("Masks", "masks", {"masks": "many"}),
        {"overlap": "weights kept by both, of the sparser one's [fraction]",
         "chance": "the same of independent masks [fraction]", "difference": "overlap less that of chance [fraction]"},
    )  # fmt: skip


def _geometry(selection: Selection) -> Callable[[], None] | None:
    changes = geometry.against_baseline(selection)
    if changes is None or selection.baseline is None:
        return None
    styles, theme, base = families.styles(selection), selection.theme, selection.baseline.label
    labels = {key: style.label for key, style in styles.items()}
    table = changes.tickets.sort_values("turn", ascending=False, kind="stable")
    rows = [
        Line(labels[row["key"]], row["turn"], row["turn_low"], row["turn_high"], bool(row["turns"]),
             styles[row["key"]].color)
        for row in table.to_dict("records")
    ]  # fmt: skip
    return lambda: _card(
        "geometry", "What happens to geometry?",
        moves.turns(changes, labels, "On clean images", base) + "." + _left_out(selection, set(table["key"]), labels),
        lines(rows, f"gap, against {base} (degrees)", "°", theme),
        table.assign(key=table["key"].map(labels)).rename(columns={"key": "ticket"}),
        "Gap: the angle between an image's feature and the nearest other class's direction less that to its own; the "
        "smaller, the nearer to a confusion. Of the tickets side by side on the page Geometry, one family.",
        ("Geometry", "geometry", {"geometry": None}),
        {"turn": "mean gap less that of the baseline [degrees]", "before": "mean gap of the baseline [degrees]",
         "after": "mean gap [degrees]", "turns": "whether a difference of the gap is shown",
         "length": "relative difference of the mean length", "stretches": "whether that is shown"},
    )  # fmt: skip


def _left_out(selection: Selection, compared: set[str], labels: Mapping[str, str]) -> str:
    """Who is chosen, but not one of the few that the page of geometry sets side by side."""
    seen = compared | {ticket.key for ticket in [*side_by_side(selection), selection.baseline] if ticket}
    others = [labels[ticket.key] for ticket in selection.tickets if ticket.key not in seen and ticket.key in labels]
    return f" Left out: {listed(others)}; Geometry shows {MOST} at a time." if others else ""


def _survival(selection: Selection, tables: Tables) -> Callable[[], None] | None:
    base, shown = selection.baseline, families.score(selection.study)
    images: Images = "corrupted" if len(tables.get("corrupted", ())) else "accuracy"
    if base is None or not len(tables.get(images, ())):
        return None
    found = families.fractions(selection.study, against(tables[images], base.key))
    if found.empty:
        return None
    styles, within = families.styles(selection), verdicts.equivalence(selection)
    corrupted = images == "corrupted"
    title = "Corrupted images" if corrupted else "Clean images" if shown.images else shown.title
    said = survival.tally(title, base.label, found, within, shown)
    if shown.images:
        said += " " + survival.best(found, {key: style.label for key, style in styles.items()}, base.label)
    table = found.sort_values("difference", ascending=not shown.score.higher, kind="stable")
    rows = [_line(styles[row["a"]].label, row, styles[row["a"]].color) for row in table.to_dict("records")]
    levels = ("Dynamics", "dynamics", {"dynamics": "levels"})
    page = ("Robustness", "robustness", {"section": None}) if corrupted else levels
    return lambda: _card(
        "survival", "Which survive corrupted input?" if corrupted else f"Which keep up with {base.label}?", said,
        lines(rows, f"{shown.name}, against {base.label} ({shown.apart})", f" {shown.apart}", selection.theme),
        table.assign(a=table["a"].map(lambda key: styles[key].label)).rename(columns={"a": "ticket"}).drop(columns="b"),
        "The mean over the common corruptions and their severities, with the interval that decides. "
        + verdicts.speak_of(tables[images], and_images=shown.also_paired) if corrupted
        else verdicts.speak_of(tables[images], and_images=shown.also_paired),
        page,
        verdicts.MEANINGS | {"difference": f"{shown.name} less that of the baseline [fraction]"},
    )  # fmt: skip


def _line(label: str, row: Mapping[Any, Any], color: str) -> Line:
    """A row of verdicts, in hundredths."""
    value, low, high = (100 * float(row[each]) for each in ("difference", "low", "high"))
    return Line(label, value, low, high, row["verdict"] == DIFFERS, color)


def _card(
    key: str, title: str, said: str, figure: go.Figure, data: pd.DataFrame, help: str,
    page: tuple[str, str, Mapping[str, str | None]], meanings: Mapping[str, str],
) -> None:  # fmt: skip
    name, path, values = page

    def lead() -> None:
        if st.button(name, icon=":material/arrow_forward:", type="tertiary", key=f"to-{path}"):
            change(values)
            links.leave_for(path)

    layout.card(
        title, figure, data, f"answer-{key}", help=help, controls=lambda: st.markdown(said), config=layout.QUIET,
        meanings=meanings, below=lead,
    )  # fmt: skip
