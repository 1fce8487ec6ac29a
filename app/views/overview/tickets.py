"""Tickets: what each reached, and which differences exceed the noise."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons import baseline, family_means
from analysis.comparisons.baseline import Difference, Images
from analysis.comparisons.costs import write
from app.charts.texts import points
from app.shell import families, layout, theme
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.overview import table
from app.views.overview.charts import accuracy as charts

MEASURES = {"accuracy": "Clean images", "corrupted": "Corrupted images"}
HEADINGS = {"worse": "Worse than {}", "better": "Better than {}", "alike": "Within noise of {}"}


def show(selection: Selection) -> None:
    """Draw the section."""
    if not families.any_measured(selection.study):
        return
    if not selection.keys:
        layout.empty("No ticket is chosen.", "Click a dot, a method or a sparsity under Tickets in the sidebar.")
        return
    means = families.means(selection.study)
    chosen = means[means["key"].isin(selection.keys)]
    found = {images: _differences(selection, images) for images in baseline.CORRUPTIONS}
    _tiles(selection, means, chosen, found["accuracy"])
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        _sparsity_card(selection, means)
    with right:
        _robustness_card(selection, means)
    _noise_card(selection, found)
    table.show(selection, chosen)


def _differences(selection: Selection, images: Images) -> list[Difference]:
    if selection.baseline is None:
        return []
    return baseline.differences(families.outcomes(selection.study, images), selection.baseline.key, _others(selection))


def _others(selection: Selection) -> list[str]:
    """Keys of the chosen tickets but for the baseline."""
    own = selection.baseline.key if selection.baseline else None
    return [ticket.key for ticket in selection.tickets if own and ticket.key != own]


def _tiles(selection: Selection, means: pd.DataFrame, chosen: pd.DataFrame, found: list[Difference]) -> None:
    tiles = []
    if selection.baseline is not None:
        row = means.set_index("key").loc[selection.baseline.key]
        note = "on clean images" + (", mean over seeds" if row["seeds"] > 1 else "")
        tiles.append((f"Baseline: {row['label']}", write(row["accuracy"], "share"), note))
    best = family_means.highlights(chosen[chosen["method"] != theme.DENSE], baseline.as_good(found))
    for name, title, measure, images in (
        ("accurate", "Most accurate pruned ticket", "accuracy", "clean images"),
        ("robust", "Most robust pruned ticket", "corrupted", "corrupted images"),
    ):
        if name in best.index:
            row = best.loc[name]
            tiles.append((title, write(row[measure], "share"), f"{row['label']}, {images}"))
    if "smallest" in best.index and selection.baseline is not None:
        row = best.loc["smallest"]
        note = f"weights of {row['total']:,.0f}: {row['label']}"
        # no significant loss was found, which is not the same as none
        tiles.append((f"Sparsest, no loss found to {selection.baseline.label}", f"{row['kept']:,.0f}", note))
    layout.tiles(tiles)


def _sparsity_card(selection: Selection, means: pd.DataFrame) -> None:
    study = selection.study
    methods = {ticket.method for ticket in selection.tickets} | {theme.DENSE}
    rows = means[means["method"].isin(methods)]
    measure = selection.option("measure", "accuracy", list(MEASURES))
    colors = theme.method_colors(study.methods, selection.theme.mode, study.originals)
    columns = ["label", "method", "sparsity", measure, f"{measure}_low", f"{measure}_high", "seeds"]
    layout.card(
        "Accuracy against sparsity",
        charts.against_sparsity(rows, measure, colors, theme.symbols(study.methods), selection.theme),
        rows[columns],
        "sparsity",
        config=layout.QUIET,
        help="A line a method, for the methods chosen. Points are means over seeds, bars 95 % intervals of the mean; "
        "they are set side by side so that they do not hide each other. The band is the dense network's interval.",
        controls=lambda: selection.pick("measure", "Images", MEASURES, label_visibility="collapsed"),
    )


def _robustness_card(selection: Selection, means: pd.DataFrame) -> None:
    title = "Mean corruption accuracy against clean accuracy"
    if means["corrupted"].isna().all():
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
        charts.clean_against_corrupted(means, styles, selection.theme),
        means[means["key"].isin(list(styles))][["label", *names, "seeds"]],
        "robustness",
        config=layout.QUIET,
        help="Mean corruption accuracy: the mean over the common corruptions, each the mean over its severities. Bars "
        "are 95 % intervals over seeds. Chosen tickets are coloured and named, the others of the study are faint.",
    )


def _noise_card(selection: Selection, found: dict[Images, list[Difference]]) -> None:
    own, others, seeds = selection.baseline, _others(selection), len(selection.study.seeds)
    if own is None or not others:
        return
    styles = {ticket.key: ticket.style for ticket in selection.tickets}
    with st.container(border=True, key="card-noise"):
        st.markdown(
            f"**Which differences to {own.label} exceed the noise?**",
            help="Differences in accuracy in percentage points, means over seeds.",
        )
        for column, (images, differences) in zip(st.columns(2, gap="large"), found.items(), strict=True):
            with column:
                st.caption(f"{MEASURES[images]}, percentage points")
                for verdict, group in baseline.verdicts(differences).items():
                    heading = HEADINGS[verdict].format(own.label)
                    layout.chips(heading, [(styles[each.key], points(each.difference)) for each in group])
                if not differences:
                    st.markdown("Not measured yet.")
        st.caption(
            f"Beyond noise: two 95 % intervals leave out zero, that over the test images (paired, Bonferroni-corrected "
            f"for {len(others)} comparisons)"
            + (f" and that over the {seeds} seeds (paired, Student's)." if seeds > 1 else ".")
        )


SECTION = Section("overview", "tickets", "Tickets", 10, show)
