"""Samples: what each ticket makes of the same latents, and the training images that come nearest."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from app.charts.texts import bracket
from app.shell import families, layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.theme import Style
from app.views.generated import facts, words
from app.views.generated.charts import tiles

ACROSS = 16
SAME = "Images of one column, or place, are made of the same latent."
COLUMNS = {
    "fd": "Fréchet distance to the training images",
    "fid": "the same on the features of Inception",
    "precision": "share of those made that lie on the manifold of the test images",
    "recall": "share of the test images that lie on the manifold of those made",
    "nearest": "median distance to the nearest training image, over that of test images",
    "label": "the ticket",
    "interval": "95 % interval over images",
}


def show(selection: Selection) -> None:
    """Draw the section."""
    if selection.study.task.name == "autoencoder":
        layout.empty(
            "An autoencoder has no samples.",
            "Its codes follow no known distribution, so that none can be drawn. See Reconstructions.",
        )
        return
    curve = facts.curve(selection, facts.SCORES["fd"])
    keys = facts.keys(selection)
    shown = facts.made(selection, "sample", keys, 64, facts.notes(curve, facts.SCORES["fd"]))
    if not shown:
        facts.missing(selection.study)
        return
    words.show(selection, facts.SCORES["fd"])
    _sentence(selection)
    ways = {"rows": "Over sparsities", "sheets": "One sparsity"}
    way = selection.pick("samples-way", "Layout", ways, label_visibility="collapsed", width="content")
    (_rows if way == "rows" else _sheets)(selection, curve)
    _nearest(selection)


def _sentence(selection: Selection) -> None:
    """What the numbers say of copies, and of the range of images."""
    table = _measured(selection)
    own = table[table["seed"] == selection.study.detail_seed]
    row = own[own["key"].isin(selection.study.dense)]
    if row.empty:
        row = own.head(1)
    if row.empty:
        return
    one = row.iloc[0]
    who = "the dense network" if one["key"] in selection.study.dense else layout.plain(one["label"])
    near = f"**{one['nearest']:.2f}**{bracket(one['nearest_low'], one['nearest_high'], '{:.2f}', 1)} times"
    st.markdown(
        f"FD runs from **{facts.write(one['floor'])}** for real test images to **{facts.write(one['ceiling'])}** for "
        f"noise. What {who} makes lies {near} as far from the nearest training image as test "
        "images do (copies would lie at 0). "
        f"**{100 * one['precision']:.0f} %**"
        f"{bracket(one['precision_low'], one['precision_high'], '{:.0f}')} of it looks like test images by their "
        f"features, and it covers **{100 * one['recall']:.0f} %**"
        f"{bracket(one['recall_low'], one['recall_high'], '{:.0f}')} of them (one network, intervals over images)."
    )


def _measured(selection: Selection) -> pd.DataFrame:
    return facts.rows(selection.study, "generated")


def _numbers(selection: Selection) -> pd.DataFrame:
    """The rows behind the pictures: what was measured of the tickets shown."""
    table, columns = _measured(selection), ["label", "sparsity", "seed", "fd", "precision", "recall", "nearest"]
    inception = facts.rows(selection.study, "fid")
    if len(inception):
        table = table.merge(inception[["ticket_id", "fid"]], on="ticket_id", how="left")
        columns.insert(columns.index("fd") + 1, "fid")
    return table.loc[table["seed"] == selection.study.detail_seed, columns]


def _rows(selection: Selection, curve: pd.DataFrame) -> None:
    score = facts.SCORES["fd"]
    shown = facts.made(selection, "sample", facts.keys(selection), ACROSS, facts.notes(curve, score))
    layout.card(
        "Samples of each ticket from the same latents",
        tiles.rows(shown, selection.theme),
        _numbers(selection),
        "samples-rows",
        help=f"{SAME} Each ticket stands above its controls. {score.meaning}",
        caption=f"{facts.detail_words(selection)} FD: mean over seeds.",
        config=layout.QUIET,
        meanings=COLUMNS,
    )


def _sheets(selection: Selection, curve: pd.DataFrame) -> None:
    study = selection.study
    score = facts.SCORES["fd"]
    levels = {f"{100 * level:.4g}": f"{100 * (1 - level):.3g} % kept" for level in study.sparsities}
    last = list(levels)[-1]
    level = selection.pick("samples-sparsity", "Weights kept", levels, last, kind="slider", width=520)
    asked = study.tickets["sparsity"].map(lambda value: f"{100 * value:.4g}") == level
    there = {*study.dense, *study.tickets.loc[asked, "key"]}
    keys = [key for key in facts.keys(selection) if key in there]
    shown = facts.made(selection, "sample", keys, 64, facts.notes(curve, score))
    layout.card(
        f"64 samples of each at {levels[level]}",
        tiles.sheets(shown, selection.theme),
        _numbers(selection),
        "samples-sheets",
        help=f"{SAME} {score.meaning}",
        caption=f"{facts.detail_words(selection)} FD: mean over seeds.",
        config=layout.QUIET,
        meanings=COLUMNS,
    )


def _nearest(selection: Selection) -> None:
    """Samples of one ticket, and below each the training image nearest to it."""
    study = selection.study
    keys = facts.keys(selection)
    labels = dict(zip(study.tickets["key"], study.tickets["label"], strict=True))
    own = _measured(selection)
    own = own[own["seed"] == study.detail_seed].set_index("key")
    keys = [key for key in keys if key in own.index]
    if not keys:
        return
    key = selection.option("copied", keys[0], keys)
    row = own.loc[key]
    style = families.styles(selection, [key])[key]
    made = facts.made(selection, "sample", [key], ACROSS, pd.Series(dtype=object))
    near = [
        replace(each, style=Style("Nearest in training", selection.theme.ink, "circle"), note="")
        for each in facts.made(selection, "nearest", [key], ACROSS, pd.Series(dtype=object))
    ]
    ratio = f"{row['nearest']:.2f}{bracket(row['nearest_low'], row['nearest_high'], '{:.2f}', 1)}"
    layout.card(
        f"Nearest training images: what {style.label} makes lies {ratio} times as far from them as test images do",
        tiles.rows([*made, *near], selection.theme),
        _numbers(selection),
        "samples-nearest",
        help="Nearest by the features that FD uses. The median distance of 2,000 samples to their nearest training "
        "image is held against that of test images, which cannot be copies: 1 is as far as these, near 0 copied.",
        caption=f"{facts.detail_words(selection)} Interval over images (bootstrap).",
        config=layout.QUIET,
        meanings=COLUMNS,
        controls=lambda: selection.pick("copied", "Ticket", {key: labels[key] for key in keys}, kind="select",
                                        width=260, label_visibility="collapsed"),
    )  # fmt: skip


SECTION = Section(
    "generated", "samples", "Samples", 10, show, "What do tickets make of the same latents, and how good is it?"
)
