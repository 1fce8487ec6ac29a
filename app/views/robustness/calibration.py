"""Calibration: whether a ticket's confidence can be trusted, and what corruption does to that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import pandas as pd
import streamlit as st

from analysis.comparisons.calibration import (
    ERRORS,
    MEASURES,
    binned,
    calibration_table,
    errors,
    miscalibrated,
    reliability,
    scaled,
    summary,
    with_error_of,
)
from analysis.comparisons.condition_cells import conditions_of
from analysis.comparisons.images_behind import in_bin
from analysis.comparisons.outcomes import MEAN
from analysis.comparisons.stored_conditions import averaged_corruptions
from analysis.corruptions.conditions import CLEAN
from analysis.metrics.calibration import BINS, Equal
from app import load
from app.charts.names import name
from app.shell import layout
from app.shell.images_behind import select
from app.shell.lacking import unmeasured
from app.shell.sections import Section
from app.shell.theme import Style
from app.views.robustness import calibration_images, detection
from app.views.robustness.charts import calibration as charts
from app.views.robustness.charts import severity as curves
from app.views.robustness.chosen import pick_images, say
from app.views.robustness.compared_tickets import ComparedTickets, named
from app.views.robustness.pickers import note_missing, of_one, over, pick_corruption, pick_family

KINDS = {"mass": "mass", "width": "width"}
WORDS = {"mass": "with equally many images each (equal mass)", "width": "of equal width, as most papers have them"}
TABLES: dict[Equal, str] = {"mass": "reliability", "width": "equal_width"}
COLUMNS = ["ticket_id", "corruption", "severity", "accuracy", "mean_confidence", *MEASURES]


def show(compared: ComparedTickets) -> None:
    """Draw the section."""
    ids = tuple(ticket for _, each in compared.ids for ticket in each)
    conditions = load.table(compared.selection.study, "conditions", ids=ids, columns=COLUMNS)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        family = pick_family(compared)
        corruption = pick_corruption(compared, family, width=280)
        level = _pick_severity(compared, family, corruption)
        equal = cast(Equal, compared.selection.pick("bins", "Bins of equal", KINDS, width="content"))
        compared = replace(compared, images=pick_images(compared))
    note_missing(compared, family)
    styles = compared.styles_under(family)
    if compared.images:
        _on_images(compared, styles, (family, corruption, level, equal))
        return
    tickets = {key: ids for key, ids in compared.ids if key in styles}
    scores = compared.computed(
        ("calibration", family, equal), lambda: _scores(compared, conditions, family, tickets, equal)
    )
    scores = scores[scores["corruption"].isin([corruption, CLEAN[0]])]
    rows = _rows(compared, TABLES[equal], family, corruption, level, "AND bin >= 0")
    if rows.empty:
        message = "There are no reliability diagrams of these tickets yet."
        unmeasured(compared.selection.study, message, "Measure the study anew.")
        return
    view = (family, corruption, level, equal)
    table = compared.computed(
        ("calibration table", view),
        lambda: _with_errors(calibration_table(conditions, tickets, corruption, level), rows, tickets),
    )
    keys = {ticket: key for key, each in compared.ids for ticket in each}
    bins = compared.computed(
        ("bins", view), lambda: reliability(rows.assign(key=rows["ticket_id"].map(keys)), by=("key",))
    )
    st.markdown(sentence(table, {key: style.label for key, style in styles.items()}, _under(view)))
    _diagrams(compared, bins, table, styles, view)
    _measures(compared, scores, styles, view)
    temperatures = _rows(compared, "temperature", family, corruption, level)
    _table(table, scaled(temperatures, tickets, equal), styles, view)
    detection.show(compared, styles)


def _pick_severity(compared: ComparedTickets, family: str, corruption: str) -> int:
    found = conditions_of(compared.outcomes(family).conditions, corruption)
    levels = sorted({severity for _, severity in found})
    options = {"clean": "clean"} | {str(level): str(level) for level in levels}
    default = str(levels[len(levels) // 2]) if levels else "clean"
    picked = compared.selection.pick("level", "Severity", options, default=default, width="content")
    return 0 if picked == "clean" else int(picked)


def _scores(
    compared: ComparedTickets, conditions: pd.DataFrame, family: str, tickets: dict[str, tuple[str, ...]], equal: Equal
) -> pd.DataFrame:
    """The scores of every condition of the family, with the error over the bins chosen."""
    rows = conditions[conditions["corruption"].isin([*compared.measured[family], CLEAN[0]])]
    if equal != "mass":
        ids = tuple(ticket for each in tickets.values() for ticket in each)
        rows = with_error_of(rows, load.table(compared.selection.study, TABLES[equal], ids=ids, where="bin >= 0"))
    return summary(rows, tickets)


def _rows(
    compared: ComparedTickets, table: str, family: str, corruption: str, level: int, more: str = ""
) -> pd.DataFrame:
    """A table's rows of the tickets under the condition, or under all that count at that severity."""
    names = averaged_corruptions(compared.measured[family]) if corruption == MEAN else [corruption]
    if level == 0:
        names = [CLEAN[0]]
    listed = ", ".join("'" + one.replace("'", "''") + "'" for one in names)
    ids = tuple(ticket for _, each in compared.ids for ticket in each)
    where = f"corruption IN ({listed}) AND severity = {level} {more}"
    return load.table(compared.selection.study, table, ids=ids, where=where)


def _with_errors(table: pd.DataFrame, bins: pd.DataFrame, tickets: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """The table with the error over these bins in place of its own."""
    found = table.drop(columns=["ece", "ece_low", "ece_high"]).merge(errors(bins, tickets), on="key")
    first = ["key", "accuracy", "confidence", *[column for column in ERRORS if column != "key"]]
    return found[[*first, *[column for column in found if column not in first]]]


def _on_images(compared: ComparedTickets, styles: dict[str, Style], view: View) -> None:
    """The diagrams of the selected images, of the seed whose single images are kept."""
    say(compared, f"Of seed {compared.selection.seed}; errors and scores are of all images.")
    found = [calibration_images.rows(compared, key, *view[:3]).assign(key=key) for key in styles]
    rows = binned(pd.concat(found), view[-1])
    if rows.empty:
        layout.empty("Of these images no confidence is kept under it.", "Single images are kept for one seed: the one "
                     "with a star at the left.")  # fmt: skip
        return
    keys = {ticket: key for key, each in compared.ids for ticket in each}
    bins = reliability(rows.assign(key=rows["ticket_id"].map(keys)), by=("key",))
    _diagrams(compared, bins, pd.DataFrame({"key": [], "ece": []}), styles, view)


View = tuple[str, str, int, Equal]  # family, corruption, severity, bins


def _under(view: View) -> str:
    _, corruption, level, _ = view
    if level == 0:
        return "clean images"
    return f"{'the common corruptions' if corruption == MEAN else name(corruption)}, severity {level}"


def sentence(table: pd.DataFrame, labels: Mapping[str, str], where: str) -> str:
    """How many tickets are farther from calibrated than noise explains, as markdown."""
    found, count = miscalibrated(table), len(table)
    each = "each by itself, as one calibrated network in twenty would be"
    of = f"{'The ticket' if count == 1 else f'{count} tickets'}"
    if found.empty:
        verb = "is" if count == 1 else "are"
        return f"{of} {verb} **not shown** to be farther from calibrated than noise explains: {where}."
    most = found.iloc[0]
    rest = f"; of **{count - len(found)}** it is not shown" if len(found) < count else ""
    return (
        f"**{len(found)}** of {count} ticket{'' if count == 1 else 's'} {'is' if len(found) == 1 else 'are'} farther "
        f"from calibrated than noise explains ({each}), most as measured **{labels[most['key']]}**: ECE "
        f"{100 * most['ece']:.1f} points ({100 * most['ece_low']:.1f} to {100 * most['ece_high']:.1f}), a confidence "
        f"of {100 * most['confidence']:.1f} % where {100 * most['accuracy']:.1f} % are right{rest}: {where}."
    )


def _diagrams(
    compared: ComparedTickets, bins: pd.DataFrame, table: pd.DataFrame, styles: dict[str, Style], view: View
) -> None:
    found = table.set_index("key")["ece"].dropna()
    notes = {key: f"ECE {100 * found[key]:.1f}" for key in styles if key in found}
    theme = compared.selection.theme
    layout.card(
        f"Reliability diagrams: {_under(view)}",
        compared.figure(("reliability", view), styles, lambda: charts.reliability(bins, styles, theme, notes)),
        lambda: named(bins, styles),
        "reliability",
        help=f"Accuracy against confidence in 15 bins {WORDS[view[-1]]}. Below the diagonal a "
        "ticket is overconfident. Bars on the points: 95 % intervals, over seeds where there are several. Grey: "
        "histogram of the confidence, from the means of the bins. ECE: expected calibration error, the mean distance "
        "from the diagonal, in points. Of several corruptions it is the mean of theirs, so it can be large where "
        "overconfidence under one and underconfidence under another bring the common curve near the diagonal.",
        caption=f"Click a point to select the images of its bin, {of_one(compared, view[1] if view[2] else '')}.",
        on_select=lambda: _mark(compared, view),
        selection_mode="points",
        config=layout.QUIET,
        meanings={"bin": "bin of the confidences, from 0, the least confident first; -1: images without a confidence"},
    )


def _mark(compared: ComparedTickets, view: View) -> None:
    """Select the images of the bin that was clicked, of the selected seed; of several corruptions, of any of them."""
    clicked = layout.picked("reliability", 4)
    if clicked is None or clicked[2] not in compared.styles:
        return
    family, corruption, level, equal = view
    key, place = clicked[2], int(clicked[3])
    rows = calibration_images.rows(compared, key, family, corruption, level)
    ticket = compared.seeds[key][compared.seed_place(key)]
    counted = _rows(compared, TABLES[equal], family, corruption, level, f"AND bin >= 0 AND ticket_id = '{ticket}'")
    found = in_bin(rows, place, equal=equal, counted=None if compared.images else counted)
    under = over(compared, rows["corruption"].nunique(), level) if level and corruption == MEAN else _under(view)
    select(compared.selection, found, f"confidence of {compared.label(key)} in bin {place + 1} of {BINS}, {under}")


def _measures(compared: ComparedTickets, scores: pd.DataFrame, styles: dict[str, Style], view: View) -> None:
    family, corruption, _, equal = view
    words = "mean of the common corruptions" if corruption == MEAN else name(corruption)
    theme = compared.selection.theme
    layout.card(
        f"Calibration over severity: {words}",
        compared.figure(
            ("measures", family, corruption, equal), styles, lambda: curves.measures(scores, styles, theme)
        ),
        lambda: named(scores, styles),
        "measures",
        help="Means over seeds with 95 % intervals; with a single seed there is none. The error is over 15 bins "
        f"{WORDS[equal]}. The Brier score (0 to 2) and the "
        "negative log-likelihood (NLL) are proper scores, of calibration and accuracy together: lower is better.",
    )


def _table(table: pd.DataFrame, after: pd.DataFrame, styles: dict[str, Style], view: View) -> None:
    rows = pd.concat([table, after]).reset_index(drop=True)
    rows = rows[rows["key"].isin(list(styles))].sort_values("key", key=lambda keys: keys.map(list(styles).index))
    percent = ["accuracy", "confidence", "ece", "ece_low", "ece_high", "debiased", "rms", "floor", "floor_high"]
    rows = rows.assign(**{column: 100 * rows[column] for column in percent})
    shown = named(rows, styles)
    own = shown["temperature"].isna()
    shown["ticket"] = shown["ticket"].where(
        own, shown["ticket"] + ", temperature " + shown["temperature"].map("{:.2f}".format)
    )
    number = st.column_config.NumberColumn
    layout.table_card(
        f"Calibration: {_under(view)}",
        shown.drop(columns=["seeds", "temperature"]),
        "calibration-table",
        folded=True,
        columns={
            "ticket": st.column_config.TextColumn("Ticket"),
            "accuracy": number("Accuracy (%)", format="%.1f"),
            "confidence": number("Mean confidence (%)", format="%.1f"),
            "ece": number("ECE (points)", format="%.1f", help="Expected calibration error."),
            "ece_low": number(
                "from",
                format="%.1f",
                help="95 % interval of the ECE, less what noise adds: over seeds, with one seed over images.",
            ),
            "ece_high": number("to", format="%.1f"),
            "floor": number(
                "Calibrated: mean",
                format="%.1f",
                help="ECE that a calibrated network has on so many images, by noise alone.",
            ),
            "floor_high": number(
                "Calibrated: 95 %",
                format="%.1f",
                help="What it exceeds in 5 % of test sets. An ECE below it says nothing.",
            ),
            "debiased": number("Debiased ECE", format="%.1f", help="Less what noise adds (Kumar et al. 2019)."),
            "rms": number(
                "Debiased RMS", format="%.1f", help="Root mean square error, without what noise adds to its square."
            ),
            "brier": number("Brier", format="%.3f", help="0 is best, 2 the worst."),
            "nll": number("NLL (nats)", format="%.3f", help="0 is best."),
            **{f"{measure}_{part}": None for measure in ("brier", "nll") for part in ("low", "high")},
        },
        paper={"intervals": {measure: (f"{measure}_low", f"{measure}_high") for measure in MEASURES}},
        caption=_caption(table, after),
    )


def _caption(table: pd.DataFrame, after: pd.DataFrame) -> str:
    below = int((table["ece"] <= table["floor_high"]).sum())
    said = f"{below} of {len(table)} ECEs are no larger than a calibrated network's on so many images may be."
    if after.empty:
        return f"{said} Temperature scaling has not been measured yet."
    return f"{said} Rows with a temperature: logits divided by it, fitted on each half of the images for the other."


SECTION = Section(
    "robustness",
    "calibration",
    "Calibration",
    30,
    show,
    "Does the confidence say how likely a prediction is correct, under corruption too?",
)
