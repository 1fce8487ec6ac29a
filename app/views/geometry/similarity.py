"""Similarity: which tickets and which corruptions are alike in geometry, and whether these rank tickets alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.similarity import Agreement, Nodes, nodes, place, rank_agreement, shares, spanning_tree
from analysis.comparisons.stored_conditions import by_family
from analysis.corruptions import CORRUPTIONS, FAMILIES
from app import load
from app.charts.names import name
from app.shell import layout
from app.shell.per_sample import not_measured
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.theme import Style
from app.views.geometry.charts import similarity as charts
from app.views.geometry.condition import condition_parameters

COLOURINGS = {"ticket": "Ticket", "group": "Kind of corruption"}
MEANINGS = {
    "group": "what sort of change the corruption is",
    "x": "first coordinate on the map [standard deviations]",
    "y": "second coordinate on the map [standard deviations]",
    "distance": "root mean square distance of the two conditions' nodes, the mean over tickets [standard deviations]",
    "tau": "Kendall's tau between the tickets' accuracies under the two",
    "a": "the first condition",
    "b": "the second condition",
}


def show(selection: Selection) -> None:
    """Draw the section."""
    if not selection.keys:
        layout.empty("No ticket is chosen.", "Choose some in the grid at the left.")
        return
    found = load.query(selection.study, "SELECT DISTINCT ticket_id, corruption, severity FROM corrupted")
    found = found[found["ticket_id"].isin(_ids(selection))]
    if found.empty:
        not_measured(selection)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        groups = by_family(found["corruption"].unique())
        family = selection.pick(
            "similarity-of", "Corruptions of", {each: _label(each) for each in groups}, width="content"
        )
        rows = found[found["corruption"].isin(groups[family])]
        levels = [str(level) for level in sorted(rows["severity"].unique())]
        usual = "3" if "3" in levels else levels[0]
        severity = selection.pick("similarity-at", "Severity", levels, default=usual, width="content")
        colouring = selection.pick("similarity-colour", "Coloured by", COLOURINGS, width="content")
    names = sorted(rows.loc[rows["severity"] == int(severity), "corruption"].unique(), key=groups[family].index)
    study, keys = selection.study, tuple(_keys(selection))
    made, xy, stress, agreement = _made(study.path, study.stamp, study.name, keys, tuple(names), int(severity))
    parts = shares(made).set_index("part")
    st.markdown(answer(parts, made, agreement))
    left, right = st.columns([1.6, 1], gap="medium")
    with left:
        _map_card(selection, made, xy, stress, colouring)
    with right:
        _agreement_card(selection, agreement, len(made.keys))


def answer(parts: pd.DataFrame, made: Nodes, agreement: Agreement) -> str:
    """What decides the geometry, and whether what is alike in it ranks tickets alike, as markdown."""

    def part(which: str) -> str:
        row = 100 * parts.loc[which, ["share", "low", "high"]]
        return f"{row['share']:.0f} % ({row['low']:.0f} to {row['high']:.0f})"

    said = (
        f"Of what sets {len(made.keys) * len(made.conditions)} nodes apart **{part('network')} is the network's**, "
        f"{part('condition')} the corruption's, and {part('interaction')} their interaction."
    )
    if np.isnan(agreement.p):
        return f"{said} With fewer than four tickets nothing can be said of how corruptions rank them."
    if agreement.p >= 0.05:
        verdict = "cannot be told from chance"
        lead = "Whether corruptions that are alike in geometry rank the tickets alike"
    else:
        lead = "Corruptions that are alike in geometry"
        verdict = "rank the tickets alike" if agreement.rho < 0 else "rank the tickets *less* alike"
    return f"{said} {lead} {verdict} (Spearman {agreement.rho:.2f}, Mantel test p {_p(agreement.p)})."


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _label(family: str) -> str:
    return FAMILIES[family].label if family in FAMILIES else "Images given"


def _keys(selection: Selection) -> list[str]:
    return list(dict.fromkeys([*selection.keys, *([selection.baseline.key] if selection.baseline else [])]))


def _ids(selection: Selection) -> set[str]:
    return set(selection.all_seeds(_keys(selection))["ticket_id"])


@st.cache_resource(max_entries=16, show_spinner="Placing the tickets …")
def _made(
    path: Path, stamp: str, study_name: str, keys: tuple[str, ...], names: tuple[str, ...], severity: int
) -> tuple[Nodes, np.ndarray, float, Agreement]:
    study = load.open_study(study_name, path)
    rows = study.tickets[study.tickets["key"].isin(keys)].drop_duplicates(["key", "seed"]).sort_values("seed")
    order = [key for key in dict.fromkeys(study.tickets["key"]) if key in keys]
    ids = {key: list(rows.loc[rows["key"] == key, "ticket_id"]) for key in order}
    detail = {
        key: list(rows.loc[rows["key"] == key, "seed"]).index(study.detail_seed)
        for key in order
        if (rows.loc[rows["key"] == key, "seed"] == study.detail_seed).any()
    }
    made = nodes(load.results(path), ids, detail, [(each, severity) for each in names])
    xy, stress = place(made)
    return made, xy, stress, rank_agreement(made)


def _map_card(selection: Selection, made: Nodes, xy: np.ndarray, stress: float, colouring: str) -> None:
    styles = _styles(selection, made.keys)
    table = made.table.assign(x=xy[:, 0], y=xy[:, 1])
    table["group"] = [CORRUPTIONS[each].group if each in CORRUPTIONS else each for each in table["corruption"]]
    noise = "" if np.isnan(made.noise) else " The bar below: how far two seeds of one method lie apart on clean images."
    layout.card(
        "Geometric similarity of tickets and corruptions",
        charts.node_map(table, spanning_tree(made.distances), styles, colouring, selection.theme, made.noise),
        table.assign(ticket=table["key"].map({key: style.label for key, style in styles.items()})),
        "similarity",
        help="Every ticket under every corruption is one node, larger where it is more accurate; stars are clean "
        "images. Nodes lie near each other where the length and margin of the images are alike, each standardised over "
        "the nodes (Li et al. 2022; without angles, which a vector common to all class directions turns). Lines: the "
        "minimum spanning tree of the true distances.",
        caption=f"Metric multidimensional scaling, stress {stress:.2f}. Results image by image are those of seed "
        f"{selection.study.detail_seed}, so this is about these networks.{noise} Click a node to choose its corruption "
        "on the page Robustness.",
        on_select=lambda: _clicked(selection),
        selection_mode="points",
        meanings=MEANINGS,
    )  # fmt: skip


def _clicked(selection: Selection) -> None:
    """Choose the node's corruption and severity wherever one is chosen."""
    points = layout.selected_points("similarity")
    data = points[-1].get("customdata") if points else None
    if isinstance(data, (list, tuple)) and len(data) == 3:
        corruption, severity = str(data[1]), int(data[2])
        lost = {"lost-corruption": corruption, "lost-severity": str(severity)} if severity else {}
        selection.set(**condition_parameters((corruption, severity)), **lost)


def _styles(selection: Selection, keys: list[str]) -> dict[str, Style]:
    rows = selection.all_seeds(keys).drop_duplicates("key").set_index("key")
    return {key: selection.styles[rows.at[key, "ticket_id"]] for key in keys}


def _agreement_card(selection: Selection, agreement: Agreement, tickets: int) -> None:
    nearest = agreement.pairs.nsmallest(1, "distance").iloc[0]
    first, second = (name(str(nearest[each]).split(" ")[0]) for each in ("a", "b"))
    layout.card(
        "Alike in geometry, alike in ranking?",
        charts.agreement(agreement.pairs, selection.theme),
        agreement.pairs,
        "rank-agreement",
        help="A point is a pair of conditions. Across: how far apart they leave the images' geometry, the mean over "
        "tickets. Upwards: whether they order the tickets by accuracy alike. Pairs share conditions and are not "
        "independent, so the test permutes the conditions (Mantel 1967).",
        caption=f"Nearest in geometry: {first} and {second}. Orders are of {tickets} tickets"
        + (", too few for a test." if np.isnan(agreement.p) else "."),
        config=layout.QUIET,
        meanings=MEANINGS,
    )


SECTION = Section(
    "geometry",
    "similarity",
    "Similarity",
    60,
    show,
    "Which tickets and which corruptions are alike in geometry? Each ticket under each corruption is one node.",
)
