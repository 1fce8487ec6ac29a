"""Latent space: where test images lie, by class, in the dense network and in a ticket."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import load
from app.charts.texts import bracket
from app.shell import families, layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.generated import facts
from app.views.generated.charts import latent as charts

COLUMNS = {
    "ticket_id": "the ticket's id",
    "sample": "place of the test image among those used, from 0",
    "label": "the image's class, by its number",
    "x": "first principal component of the means of the codes",
    "y": "second principal component",
    "share": "share of the variance of the codes that the two hold",
}


def show(selection: Selection) -> None:
    """Draw the section."""
    study = selection.study
    if study.task.name == "gan":
        layout.empty(
            "A GAN has no code of an image.", "Nothing in it goes from images to latents; see Reconstructions for the "
            "ways between latents.",
        )  # fmt: skip
        return
    own = facts.rows(study, "reconstruction")
    own = own[own["seed"] == study.detail_seed].set_index("key")
    placed = load.table(study, "latent")
    keys = [
        key
        for key in facts.keys(selection)
        if key in own.index and own.at[key, "ticket_id"] in set(placed["ticket_id"])
    ]
    if not keys:
        facts.missing(study)
        return
    labels = dict(zip(study.tickets["key"], study.tickets["label"], strict=True))
    others = keys[1:] or keys
    made = {control for control, _ in facts.controls(study)}
    chosen = next((other for other in reversed(others) if other not in made), others[-1])
    key = selection.option("latent", chosen, others)
    pair = list(dict.fromkeys([keys[0], key]))
    st.markdown(_sentence(own.loc[pair], labels))
    styles = families.styles(selection, pair)
    ids = {str(own.at[each, "ticket_id"]): styles[each] for each in pair}
    shares = placed.groupby("ticket_id")["share"].first()
    notes = {ticket: f"{100 * shares[ticket]:.0f} % of the variance" for ticket in ids}
    rows = placed[placed["ticket_id"].isin(list(ids))]
    layout.card(
        "Codes of test images by class",
        charts.latents(rows, ids, notes, study.classes, selection.theme),
        rows,
        "latent",
        help="The first two principal components of the means of the codes, of each network by itself: axes of two "
        "networks are not the same, but their scale is: codes of a collapsed posterior lie in one place. How much of "
        "the variance the two hold stands beside the name.",
        caption=facts.detail_words(selection),
        config=layout.QUIET,
        meanings=COLUMNS,
        controls=lambda: selection.pick("latent", "Ticket", {each: labels[each] for each in others}, chosen, "select",
                                        width=260, label_visibility="collapsed"),
    )  # fmt: skip


def _sentence(rows: pd.DataFrame, labels: dict[str, str]) -> str:
    """How far codes tell classes apart, in each of the networks."""
    each = [
        f"**{layout.plain(labels[str(key)])}** for **{100 * row['same_class']:.0f} %**"
        f"{bracket(row['same_class_low'], row['same_class_high'], '{:.0f}')} with {row['active']} of {row['latents']} "
        "latents active"
        for key, row in rows.iterrows()
    ]
    return (
        f"The nearest test image by all latents is of the same class in {', in '.join(each)} "
        f"(one network each, {rows['n'].iloc[0]:,} test images, intervals over images)."
    )


SECTION = Section(
    "generated",
    "latent",
    "Latent space",
    40,
    show,
    "Do codes tell classes apart, though nobody told the network of any?",
)
