"""Corruptions: method by corruption, both clustered; curves over severity for one; a heat map a ticket."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.condition_tables import MEAN, Outcomes
from analysis.corruption_error import COUNTED
from analysis.structure import Clustering, Correlation, cluster, corruptions_over_tickets, methods_over_conditions
from app import layout
from app.charts import clustered, heat, severity
from app.charts.base import NOISE, Scale
from app.charts.clustered import Axis, Cells
from app.charts.names import name, ordered
from app.robust.cells import accuracies, by_corruption, by_severity, gaps, over_seeds
from app.robust.scope import Scope, named, needs_baseline
from app.theme import Style, Theme
from pruning.errors import UserError

SHOWS = {"accuracy": "Accuracy", "difference": "Difference to the baseline"}
ORDERS = {"clustered": "Alike side by side", "published": "As published"}
CLICK = "Click a cell to see its corruption below."


def show(scope: Scope) -> None:
    """Draw the section."""
    selection = scope.selection
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        family = scope.pick_family() if len(scope.measured) > 1 else next(iter(scope.measured))
        what = selection.pick("cells", "Cells show", SHOWS, width="content")
        level = _pick_severity(scope, family)
        order = selection.pick("order", "Order", ORDERS, width="content")
    scope.missing(family)
    if what == "difference" and not needs_baseline(scope, family):
        return
    _matrix(scope, family, what, level, order)
    _curves(scope, family)
    _panels(scope, family, what)


def _pick_severity(scope: Scope, family: str) -> int:
    levels = sorted({level for corruption, level in scope.outcomes(family).conditions if corruption != "clean"})
    options = {"mean": "Mean"} | {str(level): str(level) for level in levels}
    picked = scope.selection.pick("severity", "Severity", options, width="content")
    return 0 if picked == "mean" else int(picked)


def _matrix(scope: Scope, family: str, what: str, level: int, order: str) -> None:
    outcomes, theme, selection = scope.outcomes(family), scope.selection.theme, scope.selection
    groups = by_corruption(outcomes, level)
    styles = scope.there(family)
    if what == "accuracy":
        rows = scope.computed(("cells", family, level), lambda: accuracies(outcomes, groups))
    else:
        styles = {key: style for key, style in styles.items() if key != scope.baseline}
        base = str(scope.baseline)
        rows = scope.computed(("gaps", family, level, base), lambda: gaps(outcomes, base, groups))
    lines, columns = axes(scope, family, list(styles), [corruption for corruption, _ in groups], order == "clustered")
    cells, scale, unit = _cells(rows, lines, columns, what, theme)
    chosen = selection.option("corruption" if family == "cifar_c" else f"corruption-{family.replace('_', '-')}")

    def draw() -> go.Figure:
        figure = clustered.clustered(cells, lines, columns, scale, unit, theme)
        clustered.ringed(columns, {chosen}, theme, figure)
        return figure

    against = f" minus that of {scope.label(str(scope.baseline))}, in points" if what == "difference" else ""
    layout.card(
        f"Accuracy{against} by ticket and corruption, {_which(level)}",
        scope.figure(("matrix", family, what, level, order, chosen), styles, draw),
        lambda: named(rows, styles),
        "matrix",
        help="The trees join tickets that are good and bad under the same corruptions, and corruptions under which "
        "the same tickets are good: average linkage of 1 - r, alike ones side by side.",
        caption=f"{CLICK} {_caption(scope, family, what)}".strip(),
        on_select=lambda: _clicked(scope, family),
        selection_mode="points",
    )
    wide = rows[rows["key"].isin(list(styles))].pivot(index="key", columns="corruption", values=what)
    shown = 100 * wide.loc[list(lines.names), list(columns.names)]
    shown.columns = [name(corruption) for corruption in shown.columns]
    shown.insert(0, "Ticket", [styles[key].label for key in shown.index])
    number = {column: st.column_config.NumberColumn(column, format="%.1f") for column in shown.columns[1:]}
    with st.expander("The same as a table"):
        layout.table_card("Accuracy by ticket and corruption, in per cent" if what == "accuracy" else "Differences in "
                          "points", shown.reset_index(drop=True), "matrix-table", columns=number)  # fmt: skip


def _which(level: int) -> str:
    return f"severity {level}" if level else "mean over severities"


def _caption(scope: Scope, family: str, what: str) -> str:
    if what == "accuracy":
        return ""
    spread = "paired over seeds" if over_seeds(scope.outcomes(family)) else "paired over the test images"
    return (
        f"{NOISE} and pale: within noise, the 95 % interval of the difference, {spread}, holds 0. Each cell is judged "
        "by itself, so about one in twenty stands out by chance."
    )


def _clicked(scope: Scope, family: str) -> None:
    """Show the corruption whose cell was clicked."""
    points = layout.selected_points("matrix")
    cell = points[-1].get("customdata") if points else None
    if isinstance(cell, (list, tuple)) and len(cell) == 2:
        option = "corruption" if family == "cifar_c" else f"corruption-{family.replace('_', '-')}"
        scope.selection.set(**{option: None if cell[1] == MEAN else str(cell[1])})


def axes(scope: Scope, family: str, keys: list[str], corruptions: list[str], by_likeness: bool) -> tuple[Axis, Axis]:
    """The two sides of the matrix: clustered where that can be done, else as published. The mean stands last."""
    outcomes = scope.outcomes(family)
    own = Outcomes(outcomes.conditions, {key: outcomes.right[key] for key in keys})
    rest = [corruption for group in ordered(set(corruptions) - {MEAN}) for corruption in group]
    tail = [MEAN] if MEAN in corruptions else []
    lines = Axis(keys, [scope.label(key) for key in keys])
    columns = Axis([*rest, *tail], [name(corruption) for corruption in [*rest, *tail]])
    if not by_likeness:
        return lines, columns
    tree = clustering(scope, ("methods", family, tuple(keys)), lambda: methods_over_conditions(own, len(keys) > 2))
    if tree is not None and len(tree.order) == len(keys):
        lines = Axis(tree.order, [scope.label(key) for key in tree.order], tree.linkage, tree.places)
    tree = clustering(scope, ("corruptions", family, tuple(keys)), lambda: corruptions_over_tickets(own))
    if tree is not None and set(tree.order) == set(rest):
        together = [*tree.order, *tail]
        columns = Axis(together, [name(corruption) for corruption in together], tree.linkage, tree.places)
    return lines, columns


def clustering(scope: Scope, what: tuple[Hashable, ...], make: Callable[[], Correlation]) -> Clustering | None:
    """What `make` correlates, clustered; None where too little was measured or chosen."""

    def both() -> Clustering | None:
        try:
            return cluster(make())
        except UserError:
            return None

    return scope.computed(("clustering", *what), both)


def _cells(rows: pd.DataFrame, lines: Axis, columns: Axis, what: str, theme: Theme) -> tuple[Cells, Scale, str]:
    grid = rows.set_index(["key", "corruption"])[[what, "low", "high"]]
    grid = 100 * grid.reindex(pd.MultiIndex.from_product([lines.names, columns.names]))
    shape = len(lines.names), len(columns.names)
    value, low, high = (grid[column].to_numpy(float).reshape(shape) for column in (what, "low", "high"))
    sign, unit = ("", " %") if what == "accuracy" else ("+", " points")
    hovers = np.array(
        [f"<b>{v:{sign}.1f}{unit}</b> ({lo:{sign}.1f} to {hi:{sign}.1f})"
         for v, lo, hi in zip(value.flat, low.flat, high.flat, strict=True)], dtype=object,
    ).reshape(shape)  # fmt: skip
    texts = np.array([f"{v:{sign}.1f}" for v in value.flat], dtype=object).reshape(shape)
    if what == "accuracy":
        bottom = min(90.0, float(np.floor(np.nanmin(value, initial=90) / 10) * 10))
        return Cells(value, texts, hovers), (theme.sequential, bottom, 100), "accuracy (%)"
    noise = (low <= 0) & (high >= 0)
    limit = max(1.0, float(np.nanmax(np.abs(value), initial=1)))
    hovers = np.where(noise, hovers + "<br>within noise", hovers)
    cells = Cells(value, np.where(noise, NOISE, texts), hovers, noise)
    return cells, (theme.diverging, -limit, limit), "points"


def _curves(scope: Scope, family: str) -> None:
    corruption = scope.pick_corruption(family)
    outcomes, styles, theme = scope.outcomes(family), scope.there(family), scope.selection.theme
    table = scope.computed(("severities", family), lambda: accuracies(outcomes, by_severity(outcomes)))
    rows = table[table["corruption"].isin([corruption, "clean"])]
    words = name(corruption)
    if corruption == MEAN:
        words = f"mean of the {len(set(scope.measured[family]) & set(COUNTED))} common ones"
    layout.card(
        f"Accuracy as severity rises: {words}",
        scope.figure(("curves", family, corruption), styles, lambda: severity.curves(rows, styles, theme)),
        lambda: named(rows, styles),
        "curves",
        help="Bands are 95 % intervals: of the mean over seeds where there are several, else over the test images.",
    )


def _panels(scope: Scope, family: str, what: str) -> None:
    """A heat map of corruption by severity for each ticket, when asked for: it is long."""
    selection, theme = scope.selection, scope.selection.theme
    wanted = selection.pick("each", "Every severity of every ticket", {"no": "Hide", "yes": "Show"}, width="content")
    if wanted == "no":
        return
    outcomes, groups = scope.outcomes(family), by_severity(scope.outcomes(family))
    groups = {condition: places for condition, places in groups.items() if condition[0] != "clean"}
    styles: dict[str, Style] = scope.there(family)
    if what == "accuracy":
        rows = scope.computed(("panels", family), lambda: accuracies(outcomes, groups))
        layout.card(
            "Accuracy under each corruption and severity",
            scope.figure(("panels", family), styles, lambda: heat.heat_maps(rows, styles, theme)),
            lambda: named(rows, styles),
            "heat",
            help="In per cent, the mean over seeds.",
        )
        return
    base = str(scope.baseline)
    styles = {key: style for key, style in styles.items() if key != base}
    rows = scope.computed(("panel gaps", family, base), lambda: gaps(outcomes, base, groups))
    layout.card(
        f"Accuracy minus that of {scope.label(base)}, in percentage points",
        scope.figure(("panel gaps", family, base), styles, lambda: heat.difference_maps(rows, styles, theme)),
        lambda: named(rows, styles),
        "heat",
        caption=_caption(scope, family, what),
    )
