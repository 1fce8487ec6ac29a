"""Tickets: what each reached, and which differ from the baseline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import family_means
from analysis.comparisons.levels import Sparsest, sparsest_equivalent
from analysis.comparisons.outcomes import Images
from analysis.comparisons.verdicts import against
from analysis.statistics.verdicts import DIFFERS, NOTHING, SEEDS
from app import load
from app.charts.texts import signed
from app.shell import families, layout, theme, verdicts
from app.shell.lacking import unmeasured
from app.shell.score import ShownScore
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.overview import answers, differences, layers, table
from app.views.overview.charts import accuracy as charts

MEASURES = {"accuracy": "Clean images", "corrupted": "Corrupted images"}


def show(selection: Selection) -> None:
    """Draw the section."""
    if not families.any_measured(selection.study):
        return
    if not selection.keys:
        layout.empty("No ticket is chosen.", "Click a dot, a method or a sparsity under Tickets in the sidebar.")
        return
    means = families.means(selection.study)
    chosen = means[means["key"].isin(selection.keys)]
    kinds = families.kinds(selection.study)
    found: dict[Images, pd.DataFrame] = {images: verdicts.of_chosen(selection, images) for images in kinds}
    _tiles(selection, means, chosen, found)
    first = st.container()
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        _sparsity_card(selection, means)
    with right:
        if families.score(selection.study).images:
            _robustness_card(selection, means)
        else:
            layers.card(selection)
    differences.show(selection, found)
    table.show(selection, chosen)
    with first:  # last, as masks take a second to compare when nobody has yet
        answers.show(selection, found)


def _tiles(selection: Selection, means: pd.DataFrame, chosen: pd.DataFrame, found: dict[Images, pd.DataFrame]) -> None:
    tiles, shown = [], families.score(selection.study)
    if selection.baseline is not None:
        row = means.set_index("key").loc[selection.baseline.key]
        note = shown.tested + (", mean over seeds" if row["seeds"] > 1 else "")
        tiles.append((f"Baseline: {row['label']}", shown.write(row["accuracy"]), note))
    base = selection.baseline
    rivals = chosen[chosen["key"] != base.key] if base is not None else chosen[chosen["method"] != theme.DENSE]
    best = family_means.highlights(rivals, shown.score.higher)
    measures: list[tuple[str, str, Images]] = [
        ("accurate", shown.best, "accuracy"),
        ("robust", "Most robust", "corrupted"),
    ]
    for name, title, images in measures:
        if name in best.index:
            row = best.loc[name]
            ties = tied(found[images], row["key"], rivals["key"].tolist())
            tiles.append((f"{title} of {len(rivals)} chosen", shown.write(row[images]), f"{row['label']}{ties}"))
    if selection.baseline is not None:
        tiles.append(_sparsest(selection, means, selection.baseline.key))
    layout.tiles(tiles)


def tied(table: pd.DataFrame, leader: str, others: list[str]) -> str:
    """From how many others the leader was not told apart, to follow its name; empty where from none."""
    rows = against(table, leader)
    alike = int((rows["a"].isin(others) & (rows["verdict"] != DIFFERS)).sum())
    return f", not told apart from {alike} other{'s' if alike > 1 else ''}" if alike else ""


def _sparsest(selection: Selection, means: pd.DataFrame, baseline: str) -> tuple[str, str, str]:
    """The tile of the sparsest ticket of the whole study that is equivalent to the baseline."""
    study, within = selection.study, verdicts.equivalence(selection)
    shown = families.score(study)
    found = _search(study.path, study.stamp, study.name, baseline, within)
    labels = means.set_index("key")
    title = f"Sparsest of all {found.among} as good as {labels.at[baseline, 'label']}"
    own = "" if found.over == SEEDS else ", these networks"
    if found.key is not None:
        row = labels.loc[found.key]
        loss = shown.size(within)
        return title, f"{row['kept']:,.0f}", f"weights: {row['label']}, a loss below {loss} shown{own}"
    if found.nearest is None:
        return title, "–", "one seed, so nothing is shown" if found.over == NOTHING else "nothing to compare"
    nearest = f"nearest: {labels.at[found.nearest, 'label']}, {_apart(found.difference, shown)}"
    return title, "none shown", f"{nearest}{own}"


def _apart(difference: tuple[float, float, float], shown: ShownScore) -> str:
    """A difference with its interval: where nothing is shown to be as good, a bound of it alone would say little."""
    hundredths = (100 * (np.expm1(each) if shown.by_factors else each) for each in difference)
    value, low, high = (signed(float(each)) for each in hundredths)
    return f"{value} {shown.apart} ({low} to {high})"


@st.cache_data(max_entries=16, show_spinner=False)
def _search(path: Path, stamp: str, name: str, baseline: str, within: float) -> Sparsest:
    study = load.open_study(name, path)
    means = families.means(study)
    pruned = means[(means["method"] != theme.DENSE) & (means["sparsity"] > 0)]
    return sparsest_equivalent(pruned, families.outcomes(study, "accuracy"), baseline, within)


def _sparsity_card(selection: Selection, means: pd.DataFrame) -> None:
    study = selection.study
    methods = {ticket.method for ticket in selection.tickets} | {theme.DENSE}
    rows = means[means["method"].isin(methods)]
    measure = selection.option("measure", "accuracy", list(MEASURES))
    shown = families.score(study)
    measure = measure if shown.images else "accuracy"
    colors = theme.method_colors(study.methods, selection.theme.mode, study.originals)
    columns = ["label", "method", "sparsity", measure, f"{measure}_low", f"{measure}_high", "seeds"]
    layout.card(
        f"{shown.title} against sparsity",
        charts.against_sparsity(rows, measure, colors, theme.symbols(study.methods), selection.theme, shown),
        shown.table(rows[columns]),
        "sparsity",
        config=layout.QUIET,
        help="A line a method, for the methods chosen. Points are means over seeds, bars 95 % intervals of the mean; "
        "they are set side by side so that they do not hide each other. The band is the dense network's interval.",
        controls=(lambda: selection.pick("measure", "Images", MEASURES, label_visibility="collapsed"))
        if shown.images
        else None,
        caption="" if shown.images else f"{shown.score.meaning} {shown.direction.capitalize()}.".strip(),
        meanings=shown.meanings,
    )


def _robustness_card(selection: Selection, means: pd.DataFrame) -> None:
    title = "Mean corruption accuracy against clean accuracy"
    if means["corrupted"].isna().all():
        with st.container(border=True):
            st.markdown(f"**{title}**")
            unmeasured(
                selection.study,
                "No corrupted images were shown yet.",
                "Measure the tickets under corruption to fill this chart.",
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


SECTION = Section("overview", "tickets", "Tickets", 10, show)
