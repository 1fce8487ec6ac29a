"""Tickets: what each reached, and which differences exceed the noise."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons import family_means
from app.shell import layout, theme
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.overview import table, view_data
from app.views.overview.charts import accuracy as charts
from app.views.overview.view_data import percent

MEASURES = {"accuracy": "Clean images", "corrupted": "Corrupted images"}


def show(selection: Selection) -> None:
    """Draw the view."""
    families = view_data.families(selection)
    chosen = families[families["key"].isin(selection.keys)]
    _tiles(selection, families, chosen)
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        _sparsity_card(selection, families)
    with right:
        _robustness_card(selection, families)
    _noise_card(selection)
    table.show(selection, chosen)


def _tiles(selection: Selection, families: pd.DataFrame, chosen: pd.DataFrame) -> None:
    by_key = families.set_index("key")
    pruned = chosen[chosen["method"] != theme.DENSE]
    tiles = []
    if selection.baseline is not None:
        row = by_key.loc[selection.baseline.key]
        note = "on clean images" + (", mean over seeds" if row["seeds"] > 1 else "")
        tiles.append((f"Baseline: {row['label']}", percent(row["accuracy"]), note))
    if pruned["accuracy"].notna().any():
        row = pruned.loc[pruned["accuracy"].idxmax()]
        tiles.append(("Most accurate when pruned", percent(row["accuracy"]), f"{row['label']}, clean images"))
    if pruned["corrupted"].notna().any():
        row = pruned.loc[pruned["corrupted"].idxmax()]
        tiles.append(("Most robust when pruned", percent(row["corrupted"]), f"{row['label']}, corrupted images"))
    alike = [item.key for item in _differences(selection, "accuracy") if not item.real or item.difference > 0]
    if alike and selection.baseline is not None:
        row = by_key.loc[alike].sort_values(["kept", "accuracy"], ascending=[True, False]).iloc[0]
        tiles.append(
            (
                f"Smallest not told apart from {selection.baseline.label}",
                f"{row['kept']:,.0f}",
                f"of {row['total']:,.0f} weights: {row['label']}",
            )
        )
    layout.tiles(tiles)


def _sparsity_card(selection: Selection, families: pd.DataFrame) -> None:
    study = selection.study
    methods = {ticket.method for ticket in selection.tickets} | {theme.DENSE}
    rows = families[families["method"].isin(methods)]
    measure = selection.option("measure", "accuracy", list(MEASURES))
    colors = theme.method_colors(study.methods, selection.theme.mode, study.originals)
    columns = ["label", "method", "sparsity", measure, f"{measure}_low", f"{measure}_high", "seeds"]
    layout.card(
        "How accuracy falls as weights are removed",
        charts.against_sparsity(rows, measure, colors, theme.symbols(study.methods), selection.theme),
        rows[columns],
        "sparsity",
        config=layout.QUIET,
        help="A line a method, for the methods chosen. Points are means over seeds, bars 95 % intervals of the mean; "
        "they are set side by side so that they do not hide each other. The band is the dense network's interval.",
        controls=lambda: selection.pick("measure", "Images", MEASURES, label_visibility="collapsed"),
    )


def _robustness_card(selection: Selection, families: pd.DataFrame) -> None:
    title = "Accuracy on clean against corrupted images"
    if families["corrupted"].isna().all():
        with st.container(border=True):
            st.markdown(f"**{title}**")
            layout.empty(
                "No corrupted images were shown yet.",
                "Measure the tickets under corruption to fill this chart.",
                f"python -m analysis run {selection.study.path}",
            )
        return
    styles = {ticket.key: ticket.style for ticket in selection.tickets}
    names = ("accuracy", "accuracy_low", "accuracy_high", "corrupted", "corrupted_low", "corrupted_high")
    layout.card(
        title,
        charts.clean_against_corrupted(families, styles, selection.theme),
        families[families["key"].isin(list(styles))][["label", *names, "seeds"]],
        "robustness",
        config=layout.QUIET,
        help="Corrupted: the mean over corruptions, each the mean over its severities. Bars are 95 % intervals over "
        "seeds. Chosen tickets are coloured and named, the others of the study are faint.",
    )


def _noise_card(selection: Selection) -> None:
    baseline, seeds = selection.baseline, len(selection.study.seeds)
    others = _others(selection)
    if baseline is None or not others:
        return
    styles = {ticket.key: ticket.style for ticket in selection.tickets}
    with st.container(border=True, key="card-noise"):
        st.markdown(
            f"**Which differences to {baseline.label} exceed the noise?**",
            help="Differences in accuracy in percentage points, means over seeds.",
        )
        columns = st.columns(2, gap="large")
        for column, (measure, name) in zip(columns, MEASURES.items(), strict=True):
            groups = family_means.verdict(_differences(selection, measure), baseline.label)
            with column:
                st.caption(f"{name}, percentage points")
                for heading, found in groups.items():
                    layout.chips(heading, [(styles[item.key], family_means.points(item.difference)) for item in found])
                if not groups:
                    st.markdown("Not measured yet.")
        st.caption(
            f"A difference counts when two 95 % intervals leave out zero: that over the test images (paired, "
            f"widened for {len(others)} comparisons)"
            + (f" and that over the {seeds} seeds (Student's, paired)." if seeds > 1 else ".")
        )


def _others(selection: Selection) -> list[str]:
    baseline = selection.baseline.key if selection.baseline else None
    return [ticket.key for ticket in selection.tickets if baseline and ticket.key != baseline]


def _differences(selection: Selection, measure: str) -> list[family_means.Difference]:
    others = _others(selection)
    if selection.baseline is None:
        return []
    baseline = selection.baseline.key
    correct = view_data.correct(selection, measure)
    found = [
        family_means.against_baseline(key, correct[key], correct[baseline], len(others))
        for key in others
        if key in correct and baseline in correct
    ]
    return [item for item in found if item is not None]


SECTION = Section(
    "overview",
    "tickets",
    "Tickets",
    10,
    show,
)
