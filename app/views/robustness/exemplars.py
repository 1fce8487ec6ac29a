"""Pruning Identified Exemplars: images that pruned networks agree to see otherwise than dense ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.exemplars import exemplars, exemplars_by_chance, runs, summarise_exemplars
from analysis.comparisons.predictions import Predictions, collect_predictions
from app.pictures.grid import Item, gallery, picture
from app.pictures.offer import pictures
from app.pictures.study_images import Pictures
from app.shell import layout
from app.shell.per_sample import class_names
from app.shell.theme import DENSE
from app.views.robustness.section_data import Ids, Scope, labels_of, rows_of
from pruning.errors import UserError

SHOWN = 24


@dataclass(frozen=True)
class Found:
    """What `analysis.comparisons.exemplars` says of some pruned runs and the dense ones."""

    table: pd.DataFrame
    summary: pd.DataFrame
    chance: float
    p: float
    pruned: int
    dense: int


def show(scope: Scope) -> None:
    """Draw the part of the section on exemplars."""
    tickets = scope.selection.study.tickets
    dense = tuple(tickets.loc[tickets["method"] == DENSE, "ticket_id"])
    methods = dict(zip(tickets["key"], tickets["method"], strict=True))
    pruned = {key: style.label for key, style in scope.styles.items() if methods.get(key) != DENSE}
    if not dense:
        layout.empty(
            "There are no dense networks to compare with, so no exemplars can be named.",
            "Find the study's dense networks and measure them.",
            f"python -m pruning run {scope.selection.study.path}",
        )
        return
    if not pruned:
        layout.empty("No pruned ticket is chosen, so no exemplars can be named.", "Choose some at the left.")
        return
    options = {"all": "all chosen tickets"} | pruned
    st.markdown("#### Pruning Identified Exemplars")
    which = scope.selection.pick("exemplars-of", "Exemplars of", options, kind="select", width=260)
    keys = list(pruned) if which == "all" else [which]
    found = scope.computed(("exemplars", which), lambda: find(scope, keys, dense))
    _show(scope, found)


def find(scope: Scope, keys: list[str], dense: tuple[str, ...]) -> Found:
    """The exemplars of all seeds of these tickets, on clean images. Raises UserError when runs are not measured."""
    predictions = clean_predictions(scope, dense)
    wanted = [key for key in keys if key in predictions.predicted]
    if DENSE not in predictions.predicted:
        raise UserError("The dense networks have no results yet; measure the study.")
    pruned, reference = runs(predictions, wanted), runs(predictions, [DENSE])
    table = exemplars(pruned, reference, predictions.labels)
    chance, p = exemplars_by_chance(pruned, reference)
    return Found(table, summarise_exemplars(table), chance, p, len(pruned), len(reference))


def clean_predictions(scope: Scope, dense: tuple[str, ...]) -> Predictions:
    """The classes that all runs give the clean images; the dense runs under the name `DENSE`."""
    ids: Ids = (*((key, each) for key, each in scope.ids if key != DENSE), (DENSE, dense))
    rows = rows_of(scope.selection, ids, [])
    return collect_predictions(rows, dict(ids), labels_of(scope), len(class_names(scope.selection.study)))


def verdict(found: Found) -> str:
    """How many exemplars there are against chance, and who is right on them, as markdown."""
    parts = found.summary.set_index("part")
    own, others = parts.loc["exemplars"], parts.loc["others"]
    share = f"{100 * own['share']:.1f} %, 95 % interval {100 * own['low']:.1f} to {100 * own['high']:.1f}"
    chance = (
        f"Were the runs told apart at random there would be {100 * found.chance:.1f} %"
        f" ({'within noise, ' if found.p >= 0.05 else ''}p {'< 0.01' if found.p < 0.01 else f'= {found.p:.2f}'})."
    )
    count = f"{own['n']:,.0f} of {len(found.table):,} images"
    said = (
        f"**{count} {'is a' if own['n'] == 1 else 'are'} Pruning Identified Exemplar{'' if own['n'] == 1 else 's'}** "
    )
    said += f"({share}): {_runs(found.pruned, 'pruned')} mostly give {'it' if own['n'] == 1 else 'them'} another class "
    said += f"than {_runs(found.dense, 'dense')}. {chance}"
    if own["n"]:
        said += (
            f" On {'it' if own['n'] == 1 else 'them'} the dense networks' majority is right in "
            f"{100 * own['dense_accuracy']:.0f} %, the pruned ones' in {100 * own['pruned_accuracy']:.0f} %; on the "
            f"other images in {100 * others['dense_accuracy']:.0f} and {100 * others['pruned_accuracy']:.0f} %."
        )
    return said


def named_exemplars(found: Found, names: list[str]) -> pd.DataFrame:
    """The exemplars, strongest first: sample, label, dense, dense_runs, pruned, pruned_runs (shares in per cent),
    disagreement (per cent), tied."""
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


def _show(scope: Scope, found: Found) -> None:
    names = class_names(scope.selection.study)
    table = named_exemplars(found, names)
    st.markdown(verdict(found))
    if table.empty:
        return
    _pictures(scope, table)
    layout.table_card(
        "Exemplars, strongest first",
        table,
        "exemplars",
        columns=_columns(),
        help="Hooker et al. 2019: images whose most frequent class over the pruned runs differs from that over the "
        "dense runs. Disagreement: share of pairs of a pruned and a dense run that differ.",
        caption="On clean images, over all seeds. Of few dense runs the most frequent class is partly chance: where it "
        "is tied the smallest class number counts.",
        height=min(318, 38 + 35 * len(table)),
    )


def _pictures(scope: Scope, table: pd.DataFrame) -> None:
    selection, labels = scope.selection, labels_of(scope)
    data = pictures(selection.study, np.arange(len(labels)), labels)
    items = [_item(row, data) for row in table.head(SHOWN).to_dict("records")]
    asked = selection.option("sample")
    with st.container(border=True, key="card-exemplar-images"):
        layout.header(
            "The first of them" if len(table) > SHOWN else "All of them", table.head(SHOWN), "exemplar-images",
            "Below a picture: the true class, and what dense and pruned runs mostly give. The bar: share of pairs of a "
            "pruned and a dense run that differ.", images=False,
        )  # fmt: skip
        gallery(items, int(asked) if asked.isdecimal() else None, selection.theme.bad,
                lambda sample: selection.set(sample=str(sample)))  # fmt: skip
        st.caption("True class, then dense → pruned. The page Samples opens with the picture that is clicked on here.")


def _item(row: dict[Any, Any], data: Pictures | None) -> Item:
    image = picture(data.images[row["sample"]].numpy()) if data is not None else ""
    title = (
        f"Sample {row['sample']}, {row['label']}: {row['dense_runs']:.0f} % of the dense runs say {row['dense']}, "
        f"{row['pruned_runs']:.0f} % of the pruned ones {row['pruned']}"
    )
    note = f"{row['dense']} → {row['pruned']}"
    return Item(int(row["sample"]), image, title, row["label"], note, row["disagreement"] / 100)


def _columns() -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "sample": number("Sample", format="%d"),
        "label": text("True class"),
        "dense": text("Dense say"),
        "dense_runs": number("Dense runs (%)", format="%.0f", help="Share of the dense runs that say so."),
        "pruned": text("Pruned say"),
        "pruned_runs": number("Pruned runs (%)", format="%.0f", help="Share of the pruned runs that say so."),
        "disagreement": number("Disagreement (%)", format="%.0f"),
        "tied": st.column_config.CheckboxColumn("Tied", help="A most frequent class was picked among equals."),
    }
