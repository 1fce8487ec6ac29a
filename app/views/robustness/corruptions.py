"""Corruptions: method by corruption, both clustered; curves over severity for one; a heat map a ticket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.comparisons.condition_cells import accuracies, apart, by_corruption, by_severity, gaps, over_seeds
from analysis.comparisons.correlations import corruptions_over_tickets, methods_over_conditions
from analysis.comparisons.outcomes import MEAN
from analysis.comparisons.predictions import chosen
from analysis.comparisons.stored_conditions import averaged_corruptions
from analysis.corruptions.conditions import CLEAN
from analysis.statistics.clusters import linkage_of
from analysis.statistics.correlation import Correlation
from app.answers.cells import answer, conditions
from app.charts.base import NOISE
from app.charts.names import name
from app.shell import layout
from app.shell.columns import REST
from app.shell.folds import fold
from app.shell.links import corruption_option
from app.shell.sections import Section
from app.shell.theme import Style
from app.shell.verdicts import one_seed_words
from app.views.robustness import security
from app.views.robustness.charts import heat, severity
from app.views.robustness.charts.matrix import Trees, matrix
from app.views.robustness.chosen import NO_SAMPLE, pick_images
from app.views.robustness.compared_tickets import ComparedTickets, named
from app.views.robustness.pickers import has_baseline, note_missing, pick_corruption, pick_family
from pruning.errors import UserError

SHOWS = {"accuracy": "Accuracy", "difference": "Difference"}
ORDERS = {"clustered": "Clustered", "published": "As published"}


def show(compared: ComparedTickets) -> None:
    """Draw the section."""
    selection = compared.selection
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        family = pick_family(compared) if len(compared.measured) > 1 else next(iter(compared.measured))
        compared = replace(compared, images=pick_images(compared))
        what = "accuracy" if compared.images else selection.pick(
            "cells", "Cells show", SHOWS, width="content", help="Accuracy, or its difference to the baseline's on the "
            "same images.")  # fmt: skip
        level = _pick_severity(compared, family)
        order = selection.pick("order", "Order", ORDERS, width="content")
    note_missing(compared, family)
    if compared.images:
        layout.notes([f"Of the selected images alone. {NO_SAMPLE}"])
    if what == "difference" and not has_baseline(compared, family):
        return
    _sentence(compared, family, level)
    _matrix(compared, family, what, level, order)
    _curves(compared, family)
    _panels(compared, family, what)
    security.show(compared)


def _pick_severity(compared: ComparedTickets, family: str) -> int:
    levels = sorted({level for corruption, level in compared.outcomes(family).conditions if corruption != CLEAN[0]})
    options = {"mean": "Mean"} | {str(level): str(level) for level in levels}
    picked = compared.selection.pick("severity", "Severity", options, width="content")
    return 0 if picked == "mean" else int(picked)


def _shown(compared: ComparedTickets, family: str, what: str) -> dict[str, Style]:
    """The tickets with a cell: all, or all but the baseline of differences."""
    styles = compared.styles_under(family)
    return styles if what == "accuracy" else {key: style for key, style in styles.items() if key != compared.baseline}


def _cells(compared: ComparedTickets, family: str, what: str, level: int | None) -> pd.DataFrame:
    """Accuracies, or differences to the baseline.

    Of each corruption at a severity (0: over all), or (None) of each corruption and severity with their mean.
    """
    outcomes, base = compared.outcomes(family), str(compared.baseline)

    def make() -> pd.DataFrame:
        groups = by_severity(outcomes) if level is None else by_corruption(outcomes, level)
        left_out = CLEAN[0] if level is None else MEAN
        groups = {condition: places for condition, places in groups.items() if condition[0] != left_out}
        return accuracies(outcomes, groups) if what == "accuracy" else gaps(outcomes, base, groups)

    return compared.computed(("cells", family, what, level, base if what == "difference" else ""), make)


def _sentence(compared: ComparedTickets, family: str, level: int) -> None:
    """Who loses against the baseline under some corruption, and where most; not of selected images, no sample."""
    styles, base = compared.styles_under(family), compared.baseline
    if compared.images or base not in styles or len(styles) < 2:
        return

    def make() -> pd.DataFrame:
        outcomes = compared.outcomes(family)
        groups = {each: places for each, places in by_corruption(outcomes, level).items() if each[0] != MEAN}
        return apart(outcomes, str(base), groups)

    table = compared.computed(("apart", family, level, base), make)
    under = conditions("under", table["corruption"].nunique(), "corruption", "corruptions")
    labels = {key: style.label for key, style in styles.items()}
    st.markdown(
        answer(table.assign(place=table["corruption"]), labels, labels[str(base)], f"{under} ({_which(level)})",
               lambda place: f"under {name(str(place))}")
    )  # fmt: skip


def _matrix(compared: ComparedTickets, family: str, what: str, level: int, order: str) -> None:
    theme, styles = compared.selection.theme, _shown(compared, family, what)
    rows = _cells(compared, family, what, level)
    names = [corruption for corruption in compared.measured[family] if corruption in set(rows["corruption"])]
    trees = _trees(compared, family, list(styles), names) if order == "clustered" else (None, None)
    chosen = compared.selection.option(corruption_option(family))

    def draw() -> go.Figure:
        return matrix(rows, styles, names, trees, chosen, theme)

    against = f" minus that of {compared.label(compared.baseline)}, in points," if what == "difference" else ""
    layout.card(
        f"Accuracy{against} by ticket and corruption: {_which(level)}",
        compared.figure(("matrix", family, what, level, order, chosen, compared.baseline), styles, draw),
        lambda: named(rows, styles),
        "matrix",
        help="The dendrograms join tickets whose accuracies correlate over the corruptions, and corruptions whose "
        "accuracies correlate over the tickets: average linkage of 1 - r, optimal leaf order.",
        caption=f"Click a cell to see its corruption below. {_caption(compared, family, what)}".strip(),
        on_select=lambda: _clicked(compared, family),
        selection_mode="points",
    )
    with fold("The same as a table") as opened:
        if opened:
            _table(rows, what, styles, names)


def _table(rows: pd.DataFrame, what: str, styles: dict[str, Style], names: list[str]) -> None:
    wide = rows.pivot(index="key", columns="corruption", values=what)
    shown = 100 * wide.reindex(index=list(styles), columns=names)
    shown.columns = pd.Index([name(corruption) for corruption in names])
    shown.insert(0, "Ticket", [style.label for style in styles.values()])
    form = "%.1f" if what == "accuracy" else "%+.1f"
    layout.table_card(
        "Accuracy in per cent" if what == "accuracy" else "Difference in points",
        shown.reset_index(drop=True),
        "matrix-table",
        columns={column: st.column_config.NumberColumn(column, format=form) for column in shown.columns[1:]},
        meanings={REST: "accuracy under this corruption [%]" if what == "accuracy" else "its difference [points]"},
    )


def _which(level: int) -> str:
    return f"severity {level}" if level else "mean over severities"


def _caption(compared: ComparedTickets, family: str, what: str) -> str:
    if what == "accuracy":
        return ""
    several = over_seeds(compared.outcomes(family))
    spread = "seeds and the test images" if several else "the test images: one seed, so it is of these networks"
    floor = "" if several else f" {one_seed_words(compared.selection, 'corrupted')}"
    return (
        f"{NOISE} and pale: not shown to differ. Paired over {spread}, as in the section Pairs: each corruption is a "
        f"question by itself, with Holm's correction over all pairs of the tickets.{floor}"
    )


def _clicked(compared: ComparedTickets, family: str) -> None:
    """Show the corruption whose cell was clicked."""
    points = layout.selected_points("matrix")
    cell = points[-1].get("customdata") if points else None
    if isinstance(cell, (list, tuple)) and len(cell) == 2:
        compared.selection.set(**{corruption_option(family): str(cell[1])})


def _trees(compared: ComparedTickets, family: str, keys: list[str], names: list[str]) -> Trees:
    """The linkage of the tickets and that of the corruptions; None where one cannot be had for all of them."""

    def both() -> Trees:
        outcomes = chosen(compared.outcomes(family), names=keys)
        rows = _tree(lambda: methods_over_conditions(outcomes, centred=len(keys) > 2), keys)
        return rows, _tree(lambda: corruptions_over_tickets(outcomes), names)

    return compared.computed(("trees", family, tuple(keys)), both)


def _tree(correlate: Callable[[], Correlation], names: list[str]) -> np.ndarray | None:
    try:
        return linkage_of(correlate(), names)
    except UserError:  # too little was measured
        return None


def _curves(compared: ComparedTickets, family: str) -> None:
    corruption = pick_corruption(compared, family)
    outcomes, styles, theme = compared.outcomes(family), compared.styles_under(family), compared.selection.theme
    table = compared.computed(("severities", family), lambda: accuracies(outcomes, by_severity(outcomes)))
    rows = table[table["corruption"].isin([corruption, CLEAN[0]])]
    words = name(corruption)
    if corruption == MEAN:
        words = f"mean of the {len(averaged_corruptions(compared.measured[family]))} common corruptions"
    layout.card(
        f"Accuracy over severity: {words}",
        compared.figure(("curves", family, corruption), styles, lambda: severity.curves(rows, styles, theme)),
        lambda: named(rows, styles),
        "curves",
        help="Bands and bars are 95 % intervals: of the mean over seeds where there are several, else over the test "
        "images.",
    )


def _panels(compared: ComparedTickets, family: str, what: str) -> None:
    """A heat map of corruption by severity for each ticket, when asked for: it is long."""
    selection, theme = compared.selection, compared.selection.theme
    wanted = selection.pick("each", "Every severity of every ticket", {"no": "Hide", "yes": "Show"}, width="content")
    if wanted == "no":
        return
    rows, styles = _cells(compared, family, what, None), _shown(compared, family, what)
    draw = heat.heat_maps if what == "accuracy" else heat.difference_maps
    title = "Accuracy under each corruption and severity"
    if what == "difference":
        title = f"Accuracy minus that of {compared.label(compared.baseline)}, in percentage points"
    layout.card(
        title,
        compared.figure(("panels", family, what, compared.baseline), styles, lambda: draw(rows, styles, theme)),
        lambda: named(rows, styles),
        "heat",
        help="In per cent, the mean over seeds." if what == "accuracy" else "",
        caption=_caption(compared, family, what),
    )


SECTION = Section(
    "robustness",
    "corruptions",
    "Corruptions",
    20,
    show,
    "How much accuracy does each corruption cost each ticket, and which corruptions go together?",
)
