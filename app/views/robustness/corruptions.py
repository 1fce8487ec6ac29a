"""Corruptions: method by corruption, both clustered; curves over severity for one; a heat map a ticket."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.comparisons.condition_cells import accuracies, by_corruption, by_severity, gaps, over_seeds
from analysis.comparisons.correlations import Correlation, cluster, corruptions_over_tickets, methods_over_conditions
from analysis.comparisons.outcomes import MEAN
from analysis.comparisons.predictions import chosen
from analysis.metrics.corruption_error import COUNTED
from app.charts.base import NOISE, Scale
from app.charts.dendrogram import clustered_heat_map
from app.charts.names import name, ordered
from app.shell import layout
from app.shell.sections import Section
from app.shell.theme import Style, Theme
from app.views.robustness.charts import heat, severity
from app.views.robustness.section_data import Scope, named, needs_baseline
from pruning.errors import UserError

SHOWS = {"accuracy": "Accuracy", "difference": "Difference to the baseline"}
ORDERS = {"clustered": "Alike side by side", "published": "As published"}


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
    outcomes, selection = scope.outcomes(family), scope.selection
    groups = {each: places for each, places in by_corruption(outcomes, level).items() if each[0] != MEAN}
    styles = scope.there(family)
    if what == "accuracy":
        rows = scope.computed(("cells", family, level), lambda: accuracies(outcomes, groups))
    else:
        styles = {key: style for key, style in styles.items() if key != scope.baseline}
        base = str(scope.baseline)
        rows = scope.computed(("gaps", family, level, base), lambda: gaps(outcomes, base, groups))
    names = [corruption for group in ordered({corruption for corruption, _ in groups}) for corruption in group]
    trees = _trees(scope, family, list(styles), names) if order == "clustered" else (None, None)
    chosen = selection.option(scope.corruption_option(family))

    def draw() -> go.Figure:
        return matrix(rows, what, list(styles), names, trees, styles, chosen, selection.theme)

    against = f" minus that of {scope.label(str(scope.baseline))}, in points," if what == "difference" else ""
    layout.card(
        f"Accuracy{against} by ticket and corruption: {_which(level)}",
        scope.figure(("matrix", family, what, level, order, chosen), styles, draw),
        lambda: named(rows, styles),
        "matrix",
        help="The trees join tickets that are good and bad under the same corruptions, and corruptions under which "
        "the same tickets are good: average linkage of 1 - r, alike ones side by side.",
        caption=f"Click a cell to see its corruption below. {_caption(scope, family, what)}".strip(),
        on_select=lambda: _clicked(scope, family),
        selection_mode="points",
    )
    with st.expander("The same as a table"):
        _table(rows, what, styles, names)


def _table(rows: pd.DataFrame, what: str, styles: dict[str, Style], names: list[str]) -> None:
    wide = rows.pivot(index="key", columns="corruption", values=what)
    shown = 100 * wide.reindex(index=list(styles), columns=names)
    shown.columns = [name(corruption) for corruption in names]
    shown.insert(0, "Ticket", [style.label for style in styles.values()])
    form = "%.1f" if what == "accuracy" else "%+.1f"
    layout.table_card(
        "Accuracy in per cent" if what == "accuracy" else "Difference in points",
        shown.reset_index(drop=True),
        "matrix-table",
        columns={column: st.column_config.NumberColumn(column, format=form) for column in shown.columns[1:]},
    )


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
        scope.selection.set(**{scope.corruption_option(family): str(cell[1])})


Trees = tuple[np.ndarray | None, np.ndarray | None]


def _trees(scope: Scope, family: str, keys: list[str], names: list[str]) -> Trees:
    """The linkage of the tickets and that of the corruptions; None where one cannot be had for all of them."""

    def both() -> Trees:
        outcomes = chosen(scope.outcomes(family), names=keys)
        rows = _tree(lambda: methods_over_conditions(outcomes, centred=len(keys) > 2), keys)
        return rows, _tree(lambda: corruptions_over_tickets(outcomes), names)

    return scope.computed(("trees", family, tuple(keys)), both)


def _tree(correlate: Callable[[], Correlation], names: list[str]) -> np.ndarray | None:
    """The linkage whose leaves are numbered as `names`; None where too little was measured, or one does not vary."""
    try:
        found = correlate()
    except UserError:
        return None
    if set(found.names) != set(names):
        return None
    places = np.array([names.index(one) for one in found.names])
    tree = cluster(found).linkage.copy()
    leaves = tree[:, :2] < len(names)
    tree[:, :2][leaves] = places[tree[:, :2][leaves].astype(int)]
    return tree


def matrix(
    rows: pd.DataFrame, what: str, keys: list[str], names: list[str], trees: Trees, styles: dict[str, Style],
    picked: str, theme: Theme,
) -> go.Figure:  # fmt: skip
    """Tickets by corruptions: accuracies, or differences with those within noise pale.

    `rows`: key, corruption, the column `what`, low, high, fractions. `trees`: of the rows and of the columns.
    `picked`: the corruption to outline.
    """
    grid = 100 * rows.set_index(["key", "corruption"])[[what, "low", "high"]]
    grid = grid.reindex(pd.MultiIndex.from_product([keys, names]))
    shape = len(keys), len(names)
    value, low, high = (grid[column].to_numpy(float).reshape(shape) for column in (what, "low", "high"))
    sign, unit = ("", " %") if what == "accuracy" else ("+", " points")
    hovers = [
        f"<b>{v:{sign}.1f}{unit}</b> ({bottom:{sign}.1f} to {top:{sign}.1f})"
        for v, bottom, top in zip(value.flat, low.flat, high.flat, strict=True)
    ]
    return clustered_heat_map(
        pd.DataFrame(value, index=keys, columns=names),
        *trees,
        *_scale(value, what, theme),
        theme,
        texts=np.array([f"{v:{sign}.1f}" for v in value.flat], dtype=object).reshape(shape),
        hover=np.array(hovers, dtype=object).reshape(shape),
        faded=(low <= 0) & (high >= 0) if what == "difference" else None,
        row_labels={key: style.label for key, style in styles.items()},
        column_labels={corruption: name(corruption) for corruption in names},
        chosen=picked,
    )


def _scale(value: np.ndarray, what: str, theme: Theme) -> tuple[Scale, str]:
    if what == "accuracy":
        return (
            theme.sequential,
            min(90.0, float(np.floor(np.nanmin(value, initial=90) / 10) * 10)),
            100,
        ), "accuracy (%)"
    limit = max(1.0, float(np.nanmax(np.abs(value), initial=1)))
    return (theme.diverging, -limit, limit), "points"


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


SECTION = Section(
    "robustness",
    "corruptions",
    "Corruptions",
    20,
    show,
    "Which corruption costs which ticket how much, and which of them go together?",
)
