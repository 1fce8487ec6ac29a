"""Robustness: which tickets survive corrupted images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis import stats
from analysis.condition_tables import MEAN, Outcomes, accuracies, collect, differences, overall
from analysis.corruption_error import COUNTED, mean_corruption_error
from analysis.results import Results
from app import layout
from app.charts import robustness as charts
from app.persample import kept
from app.selection import Selection
from app.theme import DENSE, Style

SHOWS = {"accuracy": "Accuracy", "difference": "Difference to the baseline"}
RESAMPLES = 2000
BITS = ["ticket_id", "corruption", "severity", "n", "offsets"]

Ids = tuple[tuple[str, tuple[str, ...]], ...]


def show(selection: Selection) -> None:
    """Draw the page."""
    layout.page_title("Robustness", "Which tickets still read the images when these are noisy, blurred or faded?")
    if not selection.keys:
        layout.empty("No ticket is chosen.", "Choose some in the grid at the left.")
        return
    study = selection.study
    styles, ids = _tickets(selection)
    measured = _measured(study.path, study.stamp, ids)
    if not measured["accuracies"]["corruption"].isin(set(COUNTED)).any():
        layout.empty(
            "No ticket has been measured on corrupted images yet.",
            "Measure the study; what is missing appears here at the next click.",
            f"python -m analysis run {study.path}",
        )
        return
    there = {key: style for key, style in styles.items() if key in set(measured["accuracies"]["key"])}
    missing = [style.label for key, style in styles.items() if key not in there]
    if missing:
        st.caption(f":material/info: Not measured on corrupted images yet: {', '.join(missing)}.")
    _ranking(selection, there, measured, ids)
    _curves(selection, there, measured, ids)
    _heat_maps(selection, there, measured, ids)


def _tickets(selection: Selection) -> tuple[dict[str, Style], Ids]:
    """The chosen tickets and the baseline: key -> style, and key -> ids of all seeds."""
    baseline = selection.baseline.key if selection.baseline else None
    keys = list(dict.fromkeys([*selection.keys, *([baseline] if baseline else [])]))
    rows = selection.all_seeds(keys)
    found = {key: tuple(rows.loc[rows["key"] == key, "ticket_id"]) for key in keys}
    styles = {key: selection.styles[each[0]] for key, each in found.items() if each}
    order = [key for key in dict.fromkeys(selection.study.tickets["key"]) if key in styles]
    return {key: styles[key] for key in order}, tuple((key, found[key]) for key in order)


@st.cache_resource(max_entries=8, show_spinner=False)
def _outcomes(path: Path, stamp: str, ids: Ids) -> Outcomes:
    wanted = [ticket for _, each in ids for ticket in each]
    return collect(Results(path).table("conditions", ids=wanted, columns=BITS), dict(ids))


@st.cache_data(max_entries=16, show_spinner="Comparing the tickets …")
def _measured(path: Path, stamp: str, ids: Ids) -> dict[str, pd.DataFrame]:
    """Accuracies by condition, mean corruption accuracies, and the ranking with ties."""
    outcomes = _outcomes(path, stamp, ids)
    means = overall(outcomes)
    seeds = min((len(right) for right in outcomes.right.values()), default=0)
    places = [place for group in outcomes.counted.values() for place in group]
    # Every ticket with as many seeds, so that the same number of outcomes is averaged inside an image.
    right = {key: right[:seeds, places].reshape(-1, right.shape[-1]) for key, right in outcomes.right.items() if places}
    shares = {key: float(outcome.mean()) for key, outcome in right.items()}
    by_seed = {key: outcomes.right[key][:seeds, places].mean((1, 2)) for key in right}
    ranked = stats.ranked_with_ties(shares, right, resamples=RESAMPLES, seeds_by_ticket=by_seed)
    ranked = ranked.rename(columns={"ticket": "key"})
    ranked = ranked.drop(columns=["accuracy", "low", "high"]).merge(means, on="key", how="left")
    return {"accuracies": accuracies(outcomes), "ranked": ranked}


@st.cache_data(max_entries=16, show_spinner=False)
def _differences(path: Path, stamp: str, ids: Ids, baseline: str) -> pd.DataFrame:
    return differences(_outcomes(path, stamp, ids), baseline)


def _ranking(selection: Selection, styles: dict[str, Style], measured: dict[str, pd.DataFrame], ids: Ids) -> None:
    ranked = measured["ranked"]
    table, reference = _rank_table(selection, styles, measured)
    images = "the mean over seeds" if max(len(each) for _, each in ids) > 1 else "the test images"
    left, right = st.columns([5, 6])
    with left:
        layout.card(
            "Mean corruption accuracy, best first",
            _kept(selection, ids, styles, "ranking", lambda: charts.ranking(ranked, styles, selection.theme)),
            table,
            "ranking",
            help=f"The mean over corruptions and severities, with the 95 % interval of {images}. Tickets on one grey "
            "band cannot be told apart from the best on it: by the same test images (paired bootstrap, Tukey's range), "
            "by the training seeds (paired Student's test), or by both.",
            caption="Grey bands: within noise of the best in the band.",
        )
    with right:
        layout.table_card(
            "Ranking, ties marked with =",
            table,
            "ranking-table",
            columns=_rank_columns(reference),
            caption=f"CE and mCE relate the errors to those of {reference}: below 1 is fewer. They count "
            f"{_counted(measured)}; extra ones stand apart.",
        )


def _counted(measured: dict[str, pd.DataFrame]) -> str:
    count = len(set(measured["accuracies"]["corruption"]) & set(COUNTED))
    if count == len(COUNTED):
        return f"the {count} common corruptions"
    return f"the {count} of the {len(COUNTED)} common corruptions measured here"


def _rank_table(
    selection: Selection, styles: dict[str, Style], measured: dict[str, pd.DataFrame]
) -> tuple[pd.DataFrame, str]:
    """The ranking as a table, and the label of the ticket that errors are related to: the dense one if there is one."""
    each = measured["accuracies"].rename(columns={"key": "ticket"})
    each = each[each["corruption"] != MEAN]
    dense = next((key for key in styles if key == DENSE), None)
    reference = dense or (selection.baseline.key if selection.baseline else next(iter(styles)))
    if reference not in set(each["ticket"]):
        reference = next(iter(styles))
    errors = mean_corruption_error(each, reference).set_index("ticket")
    clean = each[each["corruption"] == "clean"].set_index("ticket")["accuracy"]
    extra = each[~each["corruption"].isin([*COUNTED, "clean"])].groupby("ticket")["accuracy"].mean()
    ranked = measured["ranked"]
    tied = ranked.groupby("group")["key"].transform("size") > 1
    first = ranked.groupby("group")["rank"].transform("min")
    keys = ranked["key"]
    table = pd.DataFrame(
        {
            "rank": [f"{rank}{' =' if tie else ''}" for rank, tie in zip(first, tied, strict=True)],
            "ticket": [styles[key].label for key in keys],
            "corrupted": 100 * ranked["accuracy"],
            "low": 100 * ranked["low"],
            "high": 100 * ranked["high"],
            "clean": 100 * keys.map(clean),
            "mce": keys.map(errors["mce"]),
            "relative_mce": keys.map(errors["relative_mce"]),
            "extra": 100 * keys.map(extra),
        }
    )
    return table.dropna(axis="columns", how="all"), styles[reference].label


def _rank_columns(reference: str) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "rank": st.column_config.TextColumn("Rank", width=52, help="=: within noise of the best of the same rank."),
        "ticket": st.column_config.TextColumn("Ticket"),
        "corrupted": number("Corrupted (%)", format="%.1f", help="Mean corruption accuracy."),
        "low": None,
        "high": None,
        "clean": number("Clean (%)", format="%.1f", help="Accuracy on the clean test images."),
        "mce": number("mCE", format="%.2f", help=f"Mean corruption error relative to {reference}."),
        "relative_mce": number(
            "rel. mCE",
            format="%.2f",
            help="The same for the error beyond that on clean images. Corruptions that cost "
            f"{reference} less than half a point are left out.",
        ),
        "extra": number("Extra (%)", format="%.1f", help="Mean accuracy under the extra corruptions, not in the rest."),
    }


def _curves(selection: Selection, styles: dict[str, Style], measured: dict[str, pd.DataFrame], ids: Ids) -> None:
    table = measured["accuracies"]
    standard, extra = charts.ordered(list(table["corruption"].unique()))
    standard = [corruption for corruption in standard if corruption != MEAN]
    names = {MEAN: f"Mean of the {len(standard)} common ones"}
    names |= {corruption: charts.name(corruption) for corruption in standard}
    names |= {corruption: f"{charts.name(corruption)} (extra)" for corruption in extra if corruption != MEAN}
    corruption = selection.pick("corruption", "Corruption", names, kind="select", width=320)
    rows = table[table["corruption"].isin([corruption, "clean"]) & table["key"].isin(list(styles))]
    layout.card(
        f"Accuracy as severity rises: {names[corruption][:1].lower() + names[corruption][1:]}"
        if corruption == MEAN
        else f"Accuracy as severity rises: {names[corruption]}",
        _kept(selection, ids, styles, f"curves {corruption}", lambda: charts.curves(rows, styles, selection.theme)),
        lambda: _named(rows, styles),
        "curves",
        help="Bands are 95 % intervals: of the mean over seeds where there are several, else over the test images.",
    )


def _heat_maps(selection: Selection, styles: dict[str, Style], measured: dict[str, pd.DataFrame], ids: Ids) -> None:
    what = selection.pick("cells", "Cells show", SHOWS, width="content")
    baseline = selection.baseline
    cells = measured["accuracies"]
    if what == "accuracy":
        cells = cells[cells["corruption"] != "clean"]
        layout.card(
            "Accuracy under each corruption and severity",
            _kept(selection, ids, styles, "heat", lambda: charts.heat_maps(cells, styles, selection.theme)),
            lambda: _named(cells, styles),
            "heat",
            help="In per cent, the mean over seeds. The mean row counts the 15 common corruptions that were measured.",
        )
        return
    if baseline is None or baseline.key not in styles:
        layout.empty("The baseline has no results on corrupted images.", "Choose another at the left, or measure it.")
        return
    others = {key: style for key, style in styles.items() if key != baseline.key}
    if not others:
        layout.empty("Only the baseline is chosen.", "Choose other tickets at the left to compare with it.")
        return
    study = selection.study
    gaps = _differences(study.path, study.stamp, ids, baseline.key)
    corrupted, colours = gaps[gaps["corruption"] != "clean"], selection.theme
    layout.card(
        f"Accuracy minus that of {baseline.label}, in percentage points",
        _kept(
            selection, ids, others, f"gaps {baseline.key}", lambda: charts.difference_maps(corrupted, others, colours)
        ),
        lambda: _named(gaps, others),
        "heat",
        caption=f"{charts.NOISE} within noise: the 95 % interval of the difference, paired over the test images, "
        "holds 0. Each cell is judged by itself, so about one in twenty is marked by chance.",
    )


def _named(rows: pd.DataFrame, styles: dict[str, Style]) -> pd.DataFrame:
    rows = rows[rows["key"].isin(list(styles))].copy()
    rows.insert(0, "ticket", rows["key"].map({key: style.label for key, style in styles.items()}))
    return rows.drop(columns="key")


def _kept(
    selection: Selection, ids: Ids, styles: dict[str, Style], what: str, make: Callable[[], go.Figure]
) -> go.Figure:
    """The figure, kept while tickets, colours and results stay the same."""
    study = selection.study
    return kept((str(study.path), study.stamp, ids, tuple(styles.items()), selection.theme.mode, what), make)
