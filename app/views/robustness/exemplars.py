"""Pruning Identified Exemplars: images that pruned networks agree to see otherwise than dense ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.exemplars import Exemplars, find_exemplars
from analysis.comparisons.stored_conditions import stored_predictions
from app.inspector.asked import inspect
from app.pictures.grid import Item, gallery, picture
from app.pictures.offer import pictures
from app.pictures.study_images import Pictures
from app.shell import layout
from app.shell.images_behind import select
from app.shell.lacking import unfound
from app.shell.theme import DENSE
from app.views.robustness.compared_tickets import ComparedTickets
from pruning.errors import UserError

SHOWN = 24


def show(compared: ComparedTickets) -> None:
    """Draw the part of the section on exemplars."""
    tickets = compared.selection.study.tickets
    dense = tuple(tickets.loc[tickets["method"] == DENSE, "ticket_id"])
    methods = dict(zip(tickets["key"], tickets["method"], strict=True))
    pruned = {key: style.label for key, style in compared.styles.items() if methods.get(key) != DENSE}
    if not dense:
        unfound(
            compared.selection.study,
            "There are no dense networks to compare with, so no exemplars can be named.",
            "Find the study's dense networks and measure them.",
        )
        return
    if not pruned:
        layout.empty("No pruned ticket is chosen, so no exemplars can be named.", "Choose some at the left.")
        return
    options = {"all": "all chosen tickets"} | pruned
    st.markdown("#### Pruning Identified Exemplars")
    which = compared.selection.pick("exemplars-of", "Exemplars of", options, kind="select", width=260)
    keys = list(pruned) if which == "all" else [which]
    _show(compared, compared.computed(("exemplars", which), lambda: _find(compared, keys, dense)), options[which])


def _find(compared: ComparedTickets, keys: list[str], dense: tuple[str, ...]) -> Exemplars:
    """The exemplars of all seeds of these tickets, on clean images. Raises UserError when runs are not measured."""
    seeds = {key: ids for key, ids in compared.ids if key != DENSE} | {DENSE: dense}
    predictions = stored_predictions(compared.results, seeds, [], len(compared.selection.study.classes))
    if DENSE not in predictions.predicted:
        raise UserError("The dense networks have no results yet; measure the study.")
    return find_exemplars(predictions, [key for key in keys if key in predictions.predicted], [DENSE])


def verdict(found: Exemplars) -> str:
    """How many exemplars there are against chance, and who is correct on them, as markdown."""
    parts = found.summary.set_index("part")
    own, others = parts.loc["exemplars"], parts.loc["others"]
    share = f"{100 * own['share']:.1f} %, 95 % interval {100 * own['low']:.1f} to {100 * own['high']:.1f}"
    chance = (
        f"Were the runs told apart at random there would be {100 * found.chance:.1f} %"
        f" ({'within noise, ' if found.within_noise else ''}p {'< 0.01' if found.p < 0.01 else f'= {found.p:.2f}'})."
    )
    one = own["n"] == 1
    said = (
        f"**{own['n']:,.0f} of {len(found.table):,} images {'is a' if one else 'are'} Pruning Identified "
        f"Exemplar{'' if one else 's'}** ({share}): the modal class over {_runs(found.pruned, 'pruned')} differs from "
        f"that over {_runs(found.dense, 'dense')}. {chance}"
    )
    if own["n"]:
        said += (
            f" On {'it' if one else 'them'} the dense networks' modal class is correct in "
            f"{100 * own['dense_accuracy']:.0f} %, the pruned ones' in {100 * own['pruned_accuracy']:.0f} %; on the "
            f"other images in {100 * others['dense_accuracy']:.0f} and {100 * others['pruned_accuracy']:.0f} %."
        )
    return said


def named_exemplars(found: Exemplars, names: Sequence[str]) -> pd.DataFrame:
    """The exemplars, strongest first.

    Sample, label, dense, dense_runs, pruned, pruned_runs (shares in per cent), disagreement (per cent), tied.
    """
    own = found.table[found.table["pie"]]
    label, dense, pruned = ([names[value] for value in own[column]] for column in ("label", "dense", "pruned"))
    return pd.DataFrame(
        {
            "sample": own["sample"], "label": label, "dense": dense, "dense_runs": 100 * own["dense_agreement"],
            "pruned": pruned, "pruned_runs": 100 * own["pruned_agreement"], "disagreement": 100 * own["disagreement"],
            "tied": own["tied"],
        }
    )  # fmt: skip


def _runs(count: int, kind: str) -> str:
    return f"the {kind} run" if count == 1 else f"{count} {kind} runs"


def _show(compared: ComparedTickets, found: Exemplars, whose: str) -> None:
    table, images = named_exemplars(found, compared.selection.study.classes), found.images
    st.markdown(verdict(found))
    marked = compared.selection.samples
    if marked is not None and len(marked):
        table, images = table[table["sample"].isin(marked)], images[np.isin(images, marked)]
        st.markdown(f"Of the {len(marked):,} selected images {len(images):,} are exemplars; these are shown.")
    if table.empty:
        return
    count = len(images)
    st.button(
        f"Select {'this image' if count == 1 else f'these {count:,} images'}", icon=":material/select_all:",
        key="select-exemplars", on_click=select, args=(compared.selection, images, f"exemplars of {whose}"),
    )  # fmt: skip
    _pictures(compared, table)
    layout.table_card(
        "Exemplars, most disagreement first",
        table,
        "exemplars",
        folded=True,
        columns=_columns(),
        help="Hooker et al. 2019: images whose modal class over the pruned runs differs from that over the dense runs. "
        "Disagreement: share of pairs of a pruned and a dense run that differ.",
        caption="On clean images, over all seeds. Of few dense runs the modal class is partly chance: where it is tied "
        "the smallest class number counts.",
        height=min(318, 38 + 35 * len(table)),
    )


def _pictures(compared: ComparedTickets, table: pd.DataFrame) -> None:
    selection, labels = compared.selection, compared.labels
    data = pictures(selection.study, np.arange(len(labels)), labels)
    items = [_item(row, data) for row in table.head(SHOWN).to_dict("records")]
    asked = selection.option("sample")
    with st.container(border=True, key="card-exemplar-images"):
        layout.header(
            f"The first {SHOWN} exemplars" if len(table) > SHOWN else "All exemplars", table.head(SHOWN),
            "exemplar-images", "Below a picture: the true class, and the modal classes of the dense and of the pruned "
            "runs. The bar: share of pairs of a pruned and a dense run that differ.", images=False, columns=_columns(),
        )  # fmt: skip
        gallery(items, int(asked) if asked.isdecimal() else None, selection.theme.bad,
                partial(inspect, selection))  # fmt: skip
        st.caption("True class, then dense → pruned. A picture that is clicked on is seen closely.")


def _item(row: dict[Any, Any], data: Pictures | None) -> Item:
    image = picture(data.images[row["sample"]].numpy()) if data is not None else ""
    title = (
        f"Image {row['sample']}, {row['label']}: {row['dense_runs']:.0f} % of the dense runs predict {row['dense']}, "
        f"{row['pruned_runs']:.0f} % of the pruned ones {row['pruned']}"
    )
    note = f"{row['dense']} → {row['pruned']}"
    return Item(int(row["sample"]), image, title, row["label"], note, row["disagreement"] / 100)


def _columns() -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "sample": number("Image", format="%d"),
        "label": text("True class"),
        "dense": text("Dense prediction", help="The modal class over the dense runs."),
        "dense_runs": number("Dense agreement (%)", format="%.0f", help="Share of the dense runs that predict it."),
        "pruned": text("Pruned prediction", help="The modal class over the pruned runs."),
        "pruned_runs": number("Pruned agreement (%)", format="%.0f", help="Share of the pruned runs that predict it."),
        "disagreement": number("Disagreement (%)", format="%.0f"),
        "tied": st.column_config.CheckboxColumn("Tied", help="A modal class was picked among equally frequent ones."),
    }
