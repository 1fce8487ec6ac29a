"""Similarity: which tickets and which corruptions are alike in geometry, and whether these rank tickets alike."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.similarity import (
    MEASURES,
    WITH_ANGLE,
    Agreement,
    Nodes,
    nodes,
    pairs_within_noise,
    rank_agreement,
    shares,
    spanning_tree,
)
from analysis.comparisons.similarity_maps import Kind, Placed, place, ranks
from analysis.comparisons.stored_conditions import by_family
from analysis.corruptions import CORRUPTIONS, FAMILIES
from app import load
from app.charts.names import name
from app.charts.texts import minus
from app.condition import condition_parameters
from app.memory.remembered import remembered
from app.shell import layout
from app.shell.folds import fold
from app.shell.links import corruption_option
from app.shell.per_sample import not_measured
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.theme import Style
from app.shell.url import LIST
from app.views.geometry.charts import similarity as charts

COLOURINGS = {"ticket": "Ticket", "group": "Kind of corruption"}
MAPS = {"mds": "MDS", "pca": "PCA", "umap": "UMAP"}
VECTORS = {"plain": "Length, margin", "angle": "Angle as well"}
ABOUT_VECTORS = (
    "Raw angles turn with a vector common to all class directions, which changes no prediction; the paper's vectors "
    "hold them."
)
MEANINGS = {
    "group": "what sort of change the corruption is",
    "x": "first coordinate on the map [standard deviations]",
    "y": "second coordinate on the map [standard deviations]",
    "distance": "root mean square distance of the two conditions' nodes, the mean over tickets [standard deviations]",
    "tau": "Kendall's tau between the tickets' accuracies under the two",
    "place": "place of the condition, from 0, beside those that are alike in geometry",
    "rank": "rank of the ticket by accuracy under the condition, 1 the most accurate",
    "a": "the first condition",
    "b": "the second condition",
}


def show(selection: Selection) -> None:
    """Draw the section."""
    if not selection.keys:
        layout.empty("No ticket is chosen.", "Choose some in the grid at the left.")
        return
    # the first image stands for all of a condition, so that one row of thousands is read
    found = load.table(selection.study, "corrupted", sorted(_ids(selection)),
                       ["ticket_id", "corruption", "severity"], "sample = 0")  # fmt: skip
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
        severity = selection.pick("severity", "Severity", levels, default=usual, width="content")
        colouring = selection.pick("similarity-colour", "Coloured by", COLOURINGS, width="content")
        kind = selection.pick("similarity-map", "Map", MAPS, kind="select", width=130)
        vectors = selection.pick("similarity-vectors", "Of each image", VECTORS, kind="select", width=165,
                                 help=ABOUT_VECTORS)  # fmt: skip
    names = sorted(rows.loc[rows["severity"] == int(severity), "corruption"].unique(), key=groups[family].index)
    study, keys = selection.study, tuple(_keys(selection))
    measures = WITH_ANGLE if vectors == "angle" else MEASURES
    what = study.path, study.stamp, study.name, keys, tuple(names), int(severity), measures
    made, agreement, parts = _made(*what)
    st.markdown(answer(parts, made, agreement))
    chosen = selection.option(corruption_option(family))
    left, right = st.columns([1.6, 1], gap="medium")
    with left:
        _map_card(selection, made, _placed(*what, cast(Kind, kind)), colouring, chosen)
    with right:
        _agreement_card(selection, agreement, len(made.keys))
    with fold("The same tickets in the order of their accuracy under each corruption") as opened:
        if opened:
            _order_card(selection, made, chosen)


def answer(parts: pd.DataFrame, made: Nodes, agreement: Agreement) -> str:
    """What decides the geometry, and whether what is alike in it ranks tickets alike, as markdown."""
    if len(made.keys) == 1:
        return (
            f"These {len(made.conditions)} nodes are one ticket's, so that the corruption alone sets them apart. "
            "Choose others at the left to see what decides the geometry, the network or the corruption."
        )

    def part(which: str) -> str:
        row = 100 * parts.loc[which, ["share", "low", "high"]]
        return f"{row['share']:.0f} % ({row['low']:.0f} to {row['high']:.0f})"

    said = (
        f"Of what sets {len(made.keys) * len(made.conditions)} nodes apart **{part('network')} is the network's**, "
        f"{part('condition')} the corruption's, and {part('interaction')} their interaction."
    )
    if np.isfinite(made.noise) and len(made.keys) > 1:
        near, pairs = pairs_within_noise(made)
        said += f" On clean images {_farther(near, pairs)} farther apart than two seeds of one method."
    if np.isnan(agreement.p):
        return f"{said} With fewer than four tickets nothing can be said of how corruptions rank them."
    if agreement.p >= 0.05:
        verdict = "cannot be told from chance"
        lead = "Whether corruptions that are alike in geometry rank the tickets alike"
    else:
        lead = "Corruptions that are alike in geometry"
        verdict = "rank the tickets alike" if agreement.rho < 0 else "rank the tickets *less* alike"
    rho = minus(f"{agreement.rho:.2f}")
    return f"{said} {lead} {verdict} (Spearman {rho}, Mantel test p {_p(agreement.p)})."


def _farther(near: int, pairs: int) -> str:
    if pairs == 1:
        return "the two tickets are no" if near else "the two tickets are"
    return f"{f'all {pairs}' if near == 0 else f'{pairs - near} of {pairs}'} pairs of tickets are"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _label(family: str) -> str:
    return FAMILIES[family].label if family in FAMILIES else "Images given"


def _keys(selection: Selection) -> list[str]:
    return list(dict.fromkeys([*selection.keys, *([selection.baseline.key] if selection.baseline else [])]))


def _ids(selection: Selection) -> set[str]:
    return set(selection.all_seeds(_keys(selection))["ticket_id"])


@remembered("Reading the geometry …")
def _made(
    path: Path, stamp: str, study_name: str, keys: tuple[str, ...], names: tuple[str, ...], severity: int,
    measures: tuple[str, ...],
) -> tuple[Nodes, Agreement, pd.DataFrame]:  # fmt: skip
    study = load.open_study(study_name, path)
    rows = study.tickets[study.tickets["key"].isin(keys)].drop_duplicates(["key", "seed"]).sort_values("seed")
    order = [key for key in dict.fromkeys(study.tickets["key"]) if key in keys]
    ids = {key: list(rows.loc[rows["key"] == key, "ticket_id"]) for key in order}
    detail = {
        key: list(rows.loc[rows["key"] == key, "seed"]).index(study.detail_seed)
        for key in order
        if (rows.loc[rows["key"] == key, "seed"] == study.detail_seed).any()
    }
    made = nodes(load.results(path), ids, detail, [(each, severity) for each in names], measures)
    return made, rank_agreement(made), shares(made).set_index("part")


@remembered("Placing the tickets …")
def _placed(
    path: Path, stamp: str, study_name: str, keys: tuple[str, ...], names: tuple[str, ...], severity: int,
    measures: tuple[str, ...], kind: Kind,
) -> Placed:  # fmt: skip
    return place(_made(path, stamp, study_name, keys, names, severity, measures)[0], kind)


def _map_card(selection: Selection, made: Nodes, placed: Placed, colouring: str, chosen: str) -> None:
    styles = _styles(selection, made.keys)
    table = made.table.assign(x=placed.xy[:, 0], y=placed.xy[:, 1])
    rings = made.noise if np.isfinite(placed.stress) or np.isfinite(placed.explained) else np.nan
    table["group"] = [CORRUPTIONS[each].group if each in CORRUPTIONS else each for each in table["corruption"]]
    noise = "" if np.isnan(rings) else " Rings: how far two seeds of one method lie apart on clean images."
    layout.card(
        "Geometric similarity of tickets and corruptions",
        charts.node_map(table, spanning_tree(made.distances), styles, colouring, selection.theme, rings, chosen),
        _named(table, styles),
        "similarity",
        help="Every ticket under every corruption is one node, larger where it is more accurate; stars are clean "
        "images. Nodes lie near each other where the length and margin (and angle, if chosen) of the images are "
        f"alike, each standardised over the nodes (Li et al. 2022). {ABOUT_VECTORS} Lines: the minimum spanning tree "
        "of the true distances.",
        caption=f"{faithful(placed)} Results image by image are those of seed {selection.study.detail_seed}, so this "
        f"is about these networks.{noise} Click a node to choose its ticket and corruption on every page.",
        on_select=lambda: _clicked(selection),
        selection_mode="points",
        meanings=MEANINGS,
    )  # fmt: skip


def faithful(placed: Placed) -> str:
    """What the map is, and how far it is to be trusted."""
    if np.isfinite(placed.stress):
        said = f"Metric multidimensional scaling, stress {placed.stress:.2f}"
    elif np.isfinite(placed.explained):
        said = f"Principal components, which hold {100 * placed.explained:.0f} % of the variance"
    else:
        said = "UMAP, whose distances mean little"
    trust = placed.trustworthiness
    return f"{said}, trustworthiness {trust:.2f}." if np.isfinite(trust) else f"{said}."


def _clicked(selection: Selection, card: str = "similarity") -> None:
    """Choose the node's corruption and severity wherever one is chosen, and its ticket where one is looked at."""
    points = layout.selected_points(card)
    data = points[-1].get("customdata") if points else None
    if isinstance(data, (list, tuple)) and len(data) == 3:
        key, corruption, severity = str(data[0]), str(data[1]), int(data[2])
        beside = dict.fromkeys([*([selection.baseline.key] if selection.baseline else []), key])
        selection.set(**condition_parameters((corruption, severity)), columns=LIST.join(beside), story=key)


def _order_card(selection: Selection, made: Nodes, chosen: str) -> None:
    styles, rows = _styles(selection, made.keys), ranks(made)
    layout.card(
        "Who is the most accurate under which corruption",
        charts.order(rows, styles, chosen, selection.theme),
        _named(rows, styles),
        "similarity-order",
        help="Corruptions stand beside those that are alike in geometry (leaves of a tree by average linkage). Where "
        "lines cross between neighbours, these rank the tickets otherwise although they are alike.",
        caption=f"Seed {selection.study.detail_seed}; equal accuracies share a rank. Ranks of tickets that lie close "
        "may change by chance: see the page Robustness, Ranking. Click a point to choose its ticket and corruption.",
        on_select=lambda: _clicked(selection, "similarity-order"),
        selection_mode="points",
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip


def _named(rows: pd.DataFrame, styles: dict[str, Style]) -> pd.DataFrame:
    """The rows with the tickets' names in place of their keys."""
    return rows.assign(ticket=rows["key"].map({key: style.label for key, style in styles.items()})).drop(columns="key")


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
        caption=f"Nearest in geometry: {first} and {second}. Orders are of "
        + ("one ticket" if tickets == 1 else f"{tickets} tickets")
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
