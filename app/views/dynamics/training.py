"""Training curves: chosen tickets, their controls and the dense network, over epochs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import dynamics
from analysis.comparisons.verdicts import against
from app import load
from app.answers.survival import tally
from app.charts.texts import dot, spread
from app.shell import families, layout, verdicts
from app.shell.left_out import packed_without
from app.shell.score import ShownScore
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.theme import DENSE, Style
from app.views.dynamics.charts import curve_panels
from app.views.dynamics.charts import curves as charts

AS = {"together": "One chart", "panels": "Small multiples"}
TOGETHER = 8
"""Curves that one chart shows clearly; more have a panel each, unless asked otherwise."""
WITH = {"chosen": "Chosen tickets", "controls": "With their controls"}


def show(selection: Selection) -> None:
    """Draw the section."""
    study = selection.study
    wanted = [*families.dense_keys(study), *selection.keys]
    if selection.option("curves", "chosen", list(WITH)) == "controls":
        pruned = [ticket.key for ticket in selection.tickets if ticket.method != DENSE]
        wanted += families.controls(study, pruned or selection.keys)
    keys = families.ordered(study, wanted)
    bands, stops, shown = _curves(study.path, study.stamp, study.name, tuple(keys))
    there = {name: charts.title(name, shown) for name in bands}
    if not there:
        if packed_without(study, "record of how its tickets were trained"):
            return
        layout.empty(
            "There are no training curves of these tickets.",
            "They were imported, or nothing was trained; choose others in the grid at the left.",
        )
        return
    measure = selection.option("curve", next(iter(there)), list(there))
    curves = bands[measure]
    trained = {key for band in bands.values() for key in band["key"]}
    styles = families.styles(selection, [key for key in keys if key in trained])
    said = reached(selection, [key for key in styles if key in selection.keys])
    if said:
        st.markdown(said)
    _curves_card(selection, measure, curves, stops, styles, there, shown)
    absent = [study.tickets.loc[study.tickets["key"] == key, "label"].iloc[0] for key in keys if key not in styles]
    if absent:
        layout.notes([f"Without a training of their own: {', '.join(absent)}."])
    if len(stops):
        _stops_card(stops, styles, shown)


def reached(selection: Selection, keys: Collection[str]) -> str:
    """What the trained networks reached, against the baseline, as the page Overview says it; "" where nothing says."""
    study, base = selection.study, selection.baseline
    if base is None or families.means(study)["accuracy"].isna().all():
        return ""
    table = against(verdicts.of_chosen(selection, "accuracy"), base.key)
    rows = families.fractions(study, table[table["a"].isin(keys)])
    shown = families.score(study)
    title = f"At the end of training, {'clean test images' if shown.images else shown.name}"
    return tally(title, base.label, rows, verdicts.equivalence(selection), shown) if len(rows) else ""


@st.cache_data(max_entries=32, show_spinner=False)
def _curves(
    path: Path, stamp: str, name: str, keys: tuple[str, ...]
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, ShownScore]:
    """Rows of `dynamics.curve_bands` of each measure that was noted, of `dynamics.stops_over_seeds`; the score."""
    study = load.open_study(name, path)
    found = families.entries_of(study, keys)
    rows = dynamics.curves(entry for own in found.values() for entry in own)
    of_family = {entry.recipe.family: key for key, own in found.items() for entry in own}
    score = study.task.score
    by_factors = not score.is_share and bool((rows["test_accuracy"].dropna() > 0).all())
    own = {"test_accuracy": ((0.0, 1.0) if score.is_share else (-np.inf, np.inf), by_factors)}
    bands = {
        measure: dynamics.curve_bands(rows, measure, *own.get(measure, ()))
        for measure in charts.MEASURES
        if rows[measure].notna().any()
    }
    n = load.table(study, "summary", columns=["n"])["n"].max() if score.is_share else None
    stops = dynamics.stops_over_seeds(rows, by_factors, n)
    for table in (*bands.values(), stops):
        table["key"] = table.pop("family").map(of_family)
    return bands, stops, ShownScore(score, study.task.classifies_images, by_factors)


def _curves_card(
    selection: Selection,
    measure: str,
    curves: pd.DataFrame,
    stops: pd.DataFrame,
    styles: dict[str, Style],
    there: dict[str, str],
    shown: ShownScore,
) -> None:
    seeds = int(curves["n"].max())
    usual = "panels" if len(styles) > TOGETHER else "together"
    draw = curve_panels.panels if selection.option("as", usual, list(AS)) == "panels" else charts.training

    def controls() -> None:
        bare: dict[str, Any] = {"label_visibility": "collapsed", "width": "content"}
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            selection.pick("curve", "Measure", there, kind="select", label_visibility="collapsed", width=250)
            selection.pick("curves", "Lines", WITH, **bare)
            selection.pick("as", "Drawn", AS, default=usual, **bare)

    layout.card(
        f"{charts.title(measure, shown)} during training",
        draw(curves, stops, styles, measure, selection.theme, shown),
        lambda: families.named(curves, styles),
        "curves",
        config=layout.QUIET,
        help="Each ticket's own last training: of an iterative ticket the last level, of a searched mask the search. "
        "Panels show the other curves in grey; in one chart, symbols at the right are where each curve ends, and bands "
        f"are drawn for up to {charts.BANDS} lines.",
        caption=_caption(seeds, measure, len(stops) > 0, shown),
        controls=controls,
    )


def _caption(seeds: int, measure: str, stops: bool, shown: ShownScore) -> str:
    said = [families.mean_words(seeds, geometric=shown.by_factors and measure == "test_accuracy")]
    if measure in ("train_accuracy", "loss"):
        said.append("On training images as measured during training.")
    if stops:
        said.append("Rings: the epoch of the lowest test loss, where early stopping would stop.")
    else:
        said.append("These tickets noted no test loss, so early stopping is not marked.")
    return " ".join(said)


def _stops_card(stops: pd.DataFrame, styles: dict[str, Style], shown: ShownScore) -> None:
    number, written = st.column_config.NumberColumn, st.column_config.TextColumn
    frame = pd.DataFrame(
        {
            "colour": [dot(styles[key].color) for key in stops["key"]],
            "ticket": [styles[key].label for key in stops["key"]],
            "epoch": stops["epoch"],
            "epoch interval": [spread(row.low, row.high, factor=1, unit="") for row in stops.itertuples()],
            "share": 100 * stops["epoch"] / stops["final_epoch"],
            "accuracy": shown.score.factor * stops["accuracy"],
            "interval": [shown.spread(*_ends(row, shown)) for row in stops.itertuples()],
            "final": shown.score.factor * stops["final_accuracy"],
            "at_end": [f"{row.at_end} of {row.seeds}" for row in stops.itertuples()],
        }
    )
    layout.table_card(
        "Early stopping",
        shown.table(frame),
        "stops",
        columns={
            "colour": st.column_config.ImageColumn("", width=28),
            "ticket": written("Ticket", width=104),
            "epoch": number("Stop", width=52, format="%.1f", help="The epoch of the lowest test loss."),
            "epoch interval": written("Interval", width=82, help="95 %, of the epoch."),
            "share": number("Of all", width=58, format="%.0f %%", help="Of the epochs of the training."),
            shown.column: number("At stop", width=68, format=shown.column_format, help=f"{shown.title} at the stop."),
            "interval": written("Interval ", width=98, help=f"95 %, of the {shown.name} at the stop."),
            "final": number("Final", width=66, format=shown.column_format, help=f"{shown.title} at the end."),
            "at_end": written("At end", width=60, help="Seeds whose test loss is lowest at the last point."),
        },
        caption="Frankle & Carbin (2019) stop at the lowest validation loss and find that tickets get there sooner. "
        f"Here it is the test loss, so the {shown.name} at the stop is slightly optimistic. Means over seeds"
        f"{known_to(float(stops['resolution'].max()))}.",
        height="content",
    )


def known_to(resolution: float) -> str:
    """How well an epoch is known, in words; "" of curves with one point each, between which there is no distance."""
    if not np.isfinite(resolution):
        return ""
    return f"; an epoch is known to {resolution:.2g} at best, the distance between two points of the curve"


def _ends(row: Any, shown: ShownScore) -> tuple[float, float]:
    """The interval at the stop; that of a share within 0 and 1."""
    if not shown.score.is_share:
        return row.accuracy_low, row.accuracy_high
    return max(row.accuracy_low, 0), min(row.accuracy_high, 1)


SECTION = Section(
    "dynamics",
    "training",
    "Training curves",
    10,
    show,
    "How do tickets learn, beside their controls and the dense network?",
)
