"""What the section Layers folds away: how features lie in each layer, neural collapse, every layer with every layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from analysis.comparisons.layer_means import shapes
from analysis.comparisons.layers_apart import Seeds
from analysis.metrics.collapse import COLLAPSE
from app.charts.texts import dot, spread
from app.shell import layout
from app.shell.folds import fold
from app.shell.selection import Selection
from app.shell.theme import Style
from app.views.geometry.charts import layers as charts

COLLAPSES = {
    "nc1": ("NC1", "Spread of the features within classes against that between them; 0 is collapse."),
    "nc2_norms": ("NC2, lengths", "Coefficient of variation of the lengths of the centred class means; 0: all equal."),
    "nc2_angles": ("NC2, angles", "Mean distance of their cosines from those of a simplex, -1 / (K - 1)."),
    "nc3": ("NC3", "Distance of the class directions from the centred class means, both of norm 1."),
    "nc4": ("NC4 (%)", "Images whose nearest class mean is not of the class that the network chooses."),
}
MEANINGS = {"images": "which images: clean ones, or those of the condition looked at"}
PERCENT = ("means", "dead_share", "zeros", "nc4")


def shapes_under(clean: pd.DataFrame, under: pd.DataFrame, seeds: Seeds, text: str) -> dict[str, pd.DataFrame]:
    """How features lie in each layer, by images in words.

    Args:
        clean: rows of the table `representations` on clean images.
        under: under the condition looked at, or several, whose mean counts.
        seeds: ticket's key -> ids of its seeds.
        text: that condition for people.
    """
    keys = ["ticket_id", "layer", "position"]
    means = under.drop(columns=["corruption", "severity"]).groupby(keys, as_index=False, sort=False).mean()
    return {"clean images": shapes(clean, seeds), text: shapes(means, seeds)}


def show_folded(
    selection: Selection, seeds: Seeds, styles: Mapping[str, Style], alignment: pd.DataFrame,
    tables: Callable[[], Mapping[str, pd.DataFrame]],
) -> None:  # fmt: skip
    """Draw the folded parts.

    Args:
        selection: of the page.
        seeds: ticket's key -> ids of its seeds.
        styles: key -> style.
        alignment: rows of the table `alignment`.
        tables: gives what `shapes_under` does; asked when a part is open that shows it.
    """
    with fold("Ranks, dimensions, dead units") as opened:
        if opened:
            _shapes(tables(), styles)
    with fold("Neural collapse of the last layer") as opened:
        if opened:
            _collapse(tables(), styles)
    with fold("Every layer with every layer") as opened:
        if opened:
            _between(selection, seeds, styles, alignment)


def _shapes(tables: Mapping[str, pd.DataFrame], styles: Mapping[str, Style]) -> None:
    number = st.column_config.NumberColumn
    rows = _stacked(tables, styles)
    layout.table_card(
        "How the features of each layer lie",
        rows[["colour", "ticket", "images", "layer", "means", "rank", "dimension", "dead_share", "zeros"]],
        "layers-shapes",
        columns={
            **_first(),
            "layer": st.column_config.TextColumn("Layer"),
            "means": number("Nearest class mean (%)", format="%.1f",
                            help="Images nearest to the mean of their class, means of clean images."),
            "rank": number("Effective rank", format="%.1f",
                           help="Exponential of the entropy of the singular values (Roy & Vetterli 2007), of at most "
                           "128 numbers an image."),
            "dimension": number("Intrinsic dimension", format="%.1f", help="TwoNN (Facco et al. 2017)."),
            "dead_share": number("Dead units (%)", format="%.1f", help="The same whatever the image."),
            "zeros": number("Zeros (%)", format="%.1f", help="Activations that are exactly 0."),
        },
        caption="Means over seeds.",
        meanings=MEANINGS,
    )  # fmt: skip


def _collapse(tables: Mapping[str, pd.DataFrame], styles: Mapping[str, Style]) -> None:
    rows = _stacked(tables, styles)
    rows = rows[rows["nc1"].notna() | rows["nc4"].notna()]
    if rows.empty:
        st.caption("The features of these tickets have no class means: dead networks, or a single class.")
        return
    shown = rows[["colour", "ticket", "images"]].copy()
    for each in COLLAPSE:
        shown[each] = rows[each]
        ends = [rows[f"{each}_{end}"] for end in ("low", "high")]
        unit = 1.0  # shares are in per cent already
        shown[f"{each} interval"] = [spread(low, high, "{:.2f}", unit, "") for low, high in zip(*ends, strict=True)]
    number, words = st.column_config.NumberColumn, st.column_config.TextColumn
    layout.table_card(
        "Neural collapse (Papyan et al. 2020)",
        shown,
        "layers-collapse",
        columns={
            **_first(),
            **{each: number(title, format="%.2f", help=help) for each, (title, help) in COLLAPSES.items()},
            **{f"{each} interval": words("95 %", help=f"Interval of {title} over seeds (Student's).")
               for each, (title, _) in COLLAPSES.items()},
        },
        caption="0 is full collapse in each.",
        meanings=MEANINGS,
    )  # fmt: skip


def _between(selection: Selection, seeds: Seeds, styles: Mapping[str, Style], alignment: pd.DataFrame) -> None:
    dense = alignment[alignment["relation"] == "dense"]
    keys = {key: styles[key].label for key, ids in seeds.items() if dense["ticket_id"].isin(ids).any()}
    if not keys:
        st.caption("No ticket here has a dense network to be held against.")
        return
    key = selection.pick("layers-ticket", "Ticket", keys, kind="select", width=280)
    own = dense[dense["ticket_id"].isin(seeds[key])]
    rows = own.groupby(["layer", "other_layer"], as_index=False, sort=False)["cka"].mean()
    layout.card(
        f"CKA of every layer: {keys[key]} and its dense network",
        charts.between(rows, selection.theme, keys[key], "dense network"),
        rows,
        "layers-between",
        caption="Clean images; the mean over seeds.",
        config=layout.QUIET,
        meanings={"layer": "the ticket's layer", "other_layer": "the dense network's layer",
                  "cka": "debiased linear CKA between the two"},
    )  # fmt: skip


def _first() -> dict[str, object]:
    return {
        "colour": st.column_config.ImageColumn("", width=30),
        "ticket": st.column_config.TextColumn("Ticket"),
        "images": st.column_config.TextColumn("Images"),
    }


def _stacked(tables: Mapping[str, pd.DataFrame], styles: Mapping[str, Style]) -> pd.DataFrame:
    """The tables one below the other, ticket by ticket, shares in per cent, with names and colours."""
    rows = pd.concat([table.assign(images=text) for text, table in tables.items()], ignore_index=True)
    order = {key: place for place, key in enumerate(styles)}
    rows = rows.assign(order=rows["key"].map(order)).sort_values(["order", "position"], kind="stable")
    rows["ticket"] = [styles[key].label for key in rows["key"]]
    rows["colour"] = [dot(styles[key].color) for key in rows["key"]]
    for each in PERCENT:
        for name in (each, f"{each}_low", f"{each}_high"):
            rows[name] = 100 * rows[name]
    return rows.drop(columns="order")
