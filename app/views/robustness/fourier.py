"""Fourier: which spatial frequencies a ticket is sensitive to."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import pandas as pd
import streamlit as st

from analysis.comparisons.condition_cells import over_seeds
from analysis.comparisons.frequencies import (
    apart_by_radius,
    error_differences_by_wave,
    errors_by_radius,
    errors_by_wave,
)
from analysis.corruptions.fourier import STEPS
from app.answers.cells import answer, conditions
from app.charts.base import NOISE
from app.shell import layout
from app.shell.sections import Section
from app.shell.verdicts import one_seed_words
from app.views.robustness.charts import frequencies as charts
from app.views.robustness.chosen import pick_images, say
from app.views.robustness.compared_tickets import FOURIER, ComparedTickets, measured_under, named
from app.views.robustness.pickers import has_baseline, not_measured, note_missing


def show(compared: ComparedTickets) -> None:
    """Draw the section."""
    if FOURIER not in compared.measured:
        not_measured(compared, "the Fourier basis", FOURIER, measured_under(FOURIER))
        return
    note_missing(compared, FOURIER)
    compared = replace(compared, images=pick_images(compared))
    say(compared)
    _sentence(compared)
    _radial(compared)
    options = {"error": "Error of each ticket", "difference": f"Difference to {compared.label(compared.baseline)}"}
    # differences are claims, and selected images no sample
    if compared.images or compared.selection.pick("waves", "Heat maps", options, width="content") == "error":
        _errors(compared)
    elif has_baseline(compared, FOURIER):
        _differences(compared)


def _sentence(compared: ComparedTickets) -> None:
    """At which frequencies who errs more than the baseline, and where most; not of selected images, no sample."""
    styles, base = compared.styles_under(FOURIER), compared.baseline
    if compared.images or base not in styles or len(styles) < 2:
        return
    table = compared.computed(
        ("fourier apart", base), lambda: apart_by_radius(compared.outcomes(FOURIER), str(base))
    )  # fmt: skip
    labels = {key: style.label for key, style in styles.items()}
    st.markdown(
        answer(table.assign(place=table["severity"]), labels, labels[str(base)],
               conditions("at", table["severity"].nunique(), "frequency", "frequencies"), _at)
    )  # fmt: skip


def _at(radius: Hashable) -> str:
    share = int(str(radius)) / STEPS
    return f"at {share:.2f} of the highest frequency" if share else "under an even brightening (frequency 0)"


def _radial(compared: ComparedTickets) -> None:
    points = compared.computed("fourier radii", lambda: errors_by_radius(compared.outcomes(FOURIER)))
    styles, theme = compared.styles_under(FOURIER), compared.selection.theme
    layout.card(
        "Error over spatial frequency",
        compared.figure("fourier radial", styles, lambda: charts.radial(points, styles, theme)),
        lambda: _in_percent(named(points, styles), "error"),
        "radial",
        percent=True,
        help="Radial mean: over the waves of one distance from frequency 0, whatever their direction, with its 95 % "
        "interval, over seeds where there are several, else over the test images.",
        caption="0 is an even brightening or darkening; 1 is the finest wave that the pixels hold along an axis, and "
        "diagonal ones are finer.",
    )


def _errors(compared: ComparedTickets) -> None:
    cells = compared.computed("fourier cells", lambda: errors_by_wave(compared.outcomes(FOURIER)))
    styles, theme = compared.styles_under(FOURIER), compared.selection.theme
    layout.card(
        "Fourier heat maps: error under each wave",
        compared.figure("fourier errors", styles, lambda: charts.errors(cells, styles, theme)),
        lambda: _in_percent(named(cells, styles), "error"),
        "fourier-errors",
        percent=True,
        help="Yin et al. 2019: all images are disturbed by one wave, the same strength for each. "
        "The middle is frequency 0, the edges are the highest the pixels hold. The interval is in the hover.",
        caption=_caption(cells["corruption"].nunique()),
    )


def _differences(compared: ComparedTickets) -> None:
    base = str(compared.baseline)
    cells = compared.computed(
        ("fourier gaps", base), lambda: error_differences_by_wave(compared.outcomes(FOURIER), base)
    )
    styles = {key: style for key, style in compared.styles_under(FOURIER).items() if key != base}
    theme = compared.selection.theme
    layout.card(
        f"Fourier heat maps: error minus that of {compared.label(base)}",
        compared.figure(("fourier differences", base), styles, lambda: charts.differences(cells, styles, theme)),
        lambda: _in_percent(named(cells, styles), "difference"),
        "fourier-differences",
        percent=True,
        help="On the same images. Orange: the ticket errs more. The interval is in the hover.",
        caption=f"{NOISE} and paler: not shown to differ. {(~cells['within_noise']).sum():,} of {len(cells):,} differ; "
        "each wave is a question by itself, with Holm's correction over all pairs of the tickets"
        + (
            ". "
            if over_seeds(compared.outcomes(FOURIER))
            else f"; of one seed, so it is of these networks. {one_seed_words(compared.selection, 'corrupted')} "
        )
        + _caption(cells["corruption"].nunique()),
    )


def _caption(waves: int) -> str:
    return (
        f"{waves} waves; a frequency and its negative are the same wave, so each map is symmetric about its middle. "
        "Axes: share of the highest frequency."
    )


def _in_percent(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    return rows.assign(**{name: 100 * rows[name] for name in (value, "low", "high")})


SECTION = Section(
    "robustness",
    "fourier",
    "Fourier",
    70,
    show,
    "Which spatial frequencies is a ticket sensitive to?",
)
