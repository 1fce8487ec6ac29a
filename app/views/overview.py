"""Overview: what the study is, what each ticket reached, and which differences exceed the noise."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from app import compare, layout, load, theme
from app.charts import overview as charts
from app.load import StudyView
from app.selection import Selection

MEASURES = {"accuracy": "Clean images", "corrupted": "Corrupted images"}


def show(selection: Selection) -> None:
    """Draw the page."""
    study = selection.study
    layout.page_title(study.title, study.config.description.strip())
    st.caption(" · ".join(_facts(study)))
    families = _families(study.path, study.stamp, study.name)
    if families["accuracy"].isna().all():
        layout.empty(
            "Nothing is measured yet.",
            "The tickets are found, but not shown the test set. Measure them; this page fills as that goes on.",
            f"python -m analysis run {study.path}",
        )
        return
    chosen = families[families["key"].isin(selection.keys)]
    if chosen.empty:
        layout.empty("No ticket is chosen.", "Click a dot, a method or a sparsity under Tickets in the sidebar.")
        return
    _tiles(selection, families, chosen)
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        _sparsity_card(selection, families)
    with right:
        _robustness_card(selection, families)
    _noise_card(selection)
    _table_card(selection, chosen)


def _facts(study: StudyView) -> list[str]:
    config, found = study.config, study.tickets
    weights = f"{int(found['total'].max()):,} prunable weights"
    tickets = f"{len(found)} tickets: {len(study.methods)} methods, {len(study.sparsities)} sparsities"
    return [f"Network **{config.model}**, {weights}", f"data **{config.data}**", f"{tickets}, {len(study.seeds)} seeds"]


@st.cache_data(max_entries=8, show_spinner="Summing up the study …")
def _families(path: Path, stamp: str, name: str) -> pd.DataFrame:
    study = load.open_study(name, path)
    conditions = load.table(study, "conditions", columns=["ticket_id", "corruption", "severity", "accuracy"])
    return compare.by_family(compare.measured(study.tickets, load.table(study, "summary"), conditions))


def _tiles(selection: Selection, families: pd.DataFrame, chosen: pd.DataFrame) -> None:
    by_key = families.set_index("key")
    pruned = chosen[chosen["method"] != theme.DENSE]
    tiles = []
    if selection.baseline is not None:
        row = by_key.loc[selection.baseline.key]
        tiles.append((f"Baseline: {row['label']}", _percent(row["accuracy"]), "on clean images, mean over seeds"))
    if pruned["accuracy"].notna().any():
        row = pruned.loc[pruned["accuracy"].idxmax()]
        tiles.append(("Most accurate when pruned", _percent(row["accuracy"]), f"{row['label']}, clean images"))
    if pruned["corrupted"].notna().any():
        row = pruned.loc[pruned["corrupted"].idxmax()]
        tiles.append(("Most robust when pruned", _percent(row["corrupted"]), f"{row['label']}, corrupted images"))
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
    colors = theme.method_colors(study.methods, selection.theme.mode)
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
            groups = compare.verdict(_differences(selection, measure), baseline.label)
            with column:
                st.caption(f"{name}, percentage points")
                for heading, found in groups.items():
                    layout.chips(heading, [(styles[item.key], compare.points(item.difference)) for item in found])
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


def _differences(selection: Selection, measure: str) -> list[compare.Difference]:
    study, others = selection.study, _others(selection)
    if selection.baseline is None:
        return []
    baseline = selection.baseline.key
    correct = _correct(study.path, study.stamp, study.name, measure)
    found = [
        compare.against_baseline(key, correct[key], correct[baseline], len(others))
        for key in others
        if key in correct and baseline in correct
    ]
    return [item for item in found if item is not None]


@st.cache_resource(max_entries=4, show_spinner=False)
def _correct(path: Path, stamp: str, name: str, measure: str) -> dict[str, dict[int, np.ndarray]]:
    study = load.open_study(name, path)
    conditions = load.table(study, "conditions", columns=["ticket_id", "corruption", "severity", "n", "offsets"])
    rows = conditions[conditions["corruption"] == "clean"] if measure == "accuracy" else compare.counted(conditions)
    return compare.by_seed(study.tickets, rows)


def _table_card(selection: Selection, chosen: pd.DataFrame) -> None:
    frame = pd.DataFrame(
        {
            "colour": [_dot(selection, key) for key in chosen["key"]],
            "ticket": chosen["label"],
            "sparsity": 100 * chosen["sparsity"],
            "accuracy": 100 * chosen["accuracy"],
            "interval": [_interval(row, "accuracy") for _, row in chosen.iterrows()],
            "corrupted": 100 * chosen["corrupted"],
            "corrupted interval": [_interval(row, "corrupted") for _, row in chosen.iterrows()],
            "angle": chosen["mean_angle"],
            "kept": chosen["kept"],
            "seconds": chosen["seconds"],
            "seeds": chosen["seeds"],
        }
    )
    number = st.column_config.NumberColumn
    layout.table_card(
        "What each ticket reached",
        frame,
        "tickets",
        columns={
            "colour": st.column_config.ImageColumn("", width=40),
            "ticket": st.column_config.TextColumn("Ticket", width="medium"),
            "sparsity": number("Sparsity", format="%.4g %%", help="Prunable weights removed, as asked."),
            "accuracy": number("Accuracy", format="%.1f %%", help="On the clean test set, mean over seeds."),
            "interval": st.column_config.TextColumn("95 % interval"),
            "corrupted": number("Corrupted", format="%.1f %%", help="Mean corruption accuracy, mean over seeds."),
            "corrupted interval": st.column_config.TextColumn("95 % interval "),
            "angle": number("Mean angle", format="%.1f°", help="Between feature and true class's direction."),
            "kept": number("Kept weights", format="localized", help="Prunable weights that are left."),
            "seconds": number("Time to find", format="%.0f s", help="With the tickets it descends from."),
            "seeds": number("Seeds", help="How many repetitions were measured."),
        },
        caption="Means over seeds; click a heading to sort. Intervals are of the mean over seeds"
        + (" (Wilson's over images where there is one seed)." if (chosen["seeds"] == 1).any() else "."),
        data=lambda: frame.drop(columns="colour"),
        height="content",
    )


def _dot(selection: Selection, key: str) -> str:
    color = next((ticket.style.color for ticket in selection.tickets if ticket.key == key), selection.theme.muted)
    circle = f'<circle cx="12" cy="12" r="7" fill="{color}"/>'
    dot = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{circle}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(dot.encode()).decode()


def _interval(row: pd.Series, measure: str) -> str:
    low, high = row[f"{measure}_low"], row[f"{measure}_high"]
    return f"{100 * low:.1f} – {100 * high:.1f} %" if pd.notna(low) else "–"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %" if pd.notna(value) else "–"
