"""Correlates: which geometry on clean images goes with robustness, study beside study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.family_means import measured
from analysis.comparisons.geometry_robustness import FEWEST, GEOMETRY, clean_geometry, flipped, goes_with_robustness
from app import choice, load
from app.answers.listed import listed
from app.charts.texts import minus
from app.shell import layout
from app.shell.lacking import unmeasured
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.geometry.charts import correlates as charts
from pruning.errors import UserError

MEANINGS = {
    "study": "title of the study",
    "rho": "partial rank correlation with mean corruption accuracy, clean accuracy held fixed",
    "claimed": "whether it is claimed: p after Holm's correction over the measures is below .05",
    "tickets": "how many tickets it is of, every sparsity and seed",
    "methods": "how many methods these are of, which is what the interval counts",
}


def show(selection: Selection) -> None:
    """Draw the section."""
    every = {title: table for title, table in _tables().items() if (table["tickets"] > 0).any()}
    tables = {title: table for title, table in every.items() if table["low"].notna().any()}
    if not tables:
        message = f"No study of {FEWEST} methods or more has the geometry of its clean images, and corrupted ones, yet."
        unmeasured(selection.study, message)
        return
    st.markdown(answer(tables))
    rows = pd.concat([table.assign(study=title) for title, table in tables.items()], ignore_index=True)
    layout.card(
        "Geometry on clean images against robustness, at equal clean accuracy",
        charts.forest(tables, selection.theme),
        rows.assign(measure=rows["measure"].map(GEOMETRY)),
        "correlates",
        help="Spearman's partial correlation over all tickets of a study, whatever their sparsity and seed. Angles, "
        "gaps and lengths are without what all directions share. Full marks: claimed after Holm's correction over "
        "the measures of a study.",
        caption="95 % intervals over methods, which are what is repeated (jackknife, Student's): tickets of one method "
        f"are not independent. Correlation is no cause.{_left_out([*every.keys() - tables.keys()])}",
        config=layout.QUIET,
        meanings=MEANINGS,
    )


def answer(tables: Mapping[str, pd.DataFrame]) -> str:
    """What goes with robustness in which study, and what flips, as markdown."""
    said, silent = list[str](), list[str]()
    for title, table in tables.items():
        claims = table[table["claimed"]].sort_values("rho", key=abs, ascending=False)
        if claims.empty:
            silent.append(f"**{title}**")
            continue
        parts = ", ".join(f"{'more' if row.rho > 0 else 'less'} robust with a larger {GEOMETRY[row.measure]}"
                          f" (ρ = {_rho(row)})" for row in claims.itertuples())  # fmt: skip
        said.append(f"In **{title}** tickets of equal clean accuracy are {parts}.")
    if silent:
        said.append(f"In {listed(silent)} no measure is shown to go with robustness beyond clean accuracy.")
    turned = flipped(dict(tables))
    if turned:
        said.append(f"The sign flips between studies for the {' and the '.join(GEOMETRY[name] for name in turned)}.")
    elif len(tables) > 1:
        said.append("What is shown in one study need not hold in another: compare the marks.")
    return "  \n".join(said)


def _left_out(titles: Sequence[str]) -> str:
    """The studies of which nothing is said, as a sentence to follow another."""
    return f" Of fewer than {FEWEST} methods, so not drawn: {listed(sorted(titles))}." if titles else ""


def _rho(row: Any) -> str:
    """The correlation and its interval over methods: `−0.57, −0.72 to −0.38`."""
    between = f", {row.low:.2f} to {row.high:.2f}" if np.isfinite(row.low) else ""
    return minus(f"{row.rho:.2f}{between}")


def _tables() -> dict[str, pd.DataFrame]:
    """The title of each study that can be read -> its correlations."""
    found = {}
    for name, path in choice.studies().items():
        try:
            study = load.open_study(name, path)
        except UserError:
            continue
        found[study.title] = _table(path, study.stamp, name)
    return found


@st.cache_data(max_entries=256, show_spinner="Reading the geometry of every ticket …")
def _table(path: Path, stamp: str, name: str) -> pd.DataFrame:
    study = load.open_study(name, path)
    conditions = load.table(study, "conditions", columns=["ticket_id", "corruption", "severity", "accuracy"])
    rows = measured(study.tickets, load.table(study, "summary"), conditions)
    return goes_with_robustness(rows.merge(clean_geometry(load.folder(path)), on="ticket_id"))


SECTION = Section(
    "geometry",
    "correlates",
    "Correlates",
    70,
    show,
    "Which geometry on clean images goes with robustness, among tickets of equal clean accuracy?",
)
