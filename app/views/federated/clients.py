"""Clients: who has which images, and their own networks beside the server's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import federated
from app.charts.texts import dot
from app.shell import layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.federated import facts, words
from app.views.federated.charts import clients as charts
from app.views.federated.facts import View

MEANING = {"measure": "global: server's network on all classes; the others as in the table of clients"}
PARTS = ("global", "global_personal", "personal", "chance")


def show(selection: Selection) -> None:
    """Draw the section."""
    view = facts.view(selection)
    key = view.pick()
    rows = federated.clients(view.found)
    parts = {name: federated.over_keys(rows, name).set_index("key") for name in PARTS[1:]}
    parts["global"] = federated.over_keys(federated.last(view.rounds), federated.GLOBAL).set_index("key")
    if key in parts["personal"].index:
        own, every, chance = (parts[name].loc[key] for name in ("personal", "global", "chance"))
        st.markdown(words.personal(view.labels[key], own, every, chance))
    else:
        st.markdown(
            "No client ever sent a network of its own, so that there is nothing to hold the global one against."
        )
    _mixtures(view, key)
    _personal(view, key, rows[rows["key"] == key])
    _both(view, parts)


def _mixtures(view: View, key: str) -> None:
    entry = next((each for each in view.found[key] if each.recipe.seed == view.selection.seed), view.found[key][0])
    counts = federated.mixtures(entry)
    names = list(entry.info.classes)
    rows = pd.DataFrame(
        {
            "client": np.repeat(np.arange(1, len(counts) + 1), len(names)),
            "class": np.tile(names, len(counts)),
            "images": counts.ravel(),
        }
    )
    layout.card(
        "Who has which images",
        charts.mixtures(counts, names, view.selection.theme),
        rows,
        "federated-mixtures",
        help="A row is a client, a column a class, a number the training images that the client has of it. Colours say "
        "what share of the client's images that is.",
        caption=f"Seed {entry.recipe.seed}; every seed shares the images out anew, and all tickets of a seed alike.",
        config=layout.QUIET,
        meanings=facts.COLUMNS,
    )


def _personal(view: View, key: str, rows: pd.DataFrame) -> None:
    never = int(rows[federated.PERSONAL].isna().sum())
    lost = f" {never} never sent a network and are left out." if never else ""
    layout.card(
        "Clients' own networks against the server's, on their own classes",
        charts.personal(rows, view.styles[key], view.selection.theme),
        lambda: view.named(rows.assign(client=rows["client"] + 1)),
        "federated-personal",
        help="A dot is a client of a seed. Both networks are shown the test images, classes weighted as the client has "
        "them. The line under a dot goes down to what always naming the client's most frequent class gives; above "
        "the diagonal the client is better off with its own network.",
        caption=f"{len(rows) - never} clients of {rows['seed'].nunique()} seeds.{lost}",
        config=layout.QUIET,
        meanings=facts.COLUMNS,
    )


def _both(view: View, parts: dict[str, pd.DataFrame]) -> None:
    def told(name: str, key: str) -> str:
        return words.share(parts[name].loc[key]) if key in parts[name].index else "–"

    frame = pd.DataFrame(
        {
            "colour": [dot(style.color) for style in view.styles.values()],
            "ticket": list(view.labels.values()),
            **{name: [told(name, key) for key in view.found] for name in PARTS},
        }
    )
    layout.table_card(
        "Global and personal accuracy, always both",
        frame,
        "federated-both",
        folded=True,
        data=lambda: view.named(pd.concat([rows.reset_index().assign(measure=name) for name, rows in parts.items()])),
        meanings=facts.COLUMNS | MEANING,
        columns={
            "colour": st.column_config.ImageColumn("", width=40),
            "ticket": st.column_config.TextColumn("Ticket"),
            "global": st.column_config.TextColumn("Server's network, all classes"),
            "global_personal": st.column_config.TextColumn("Server's, clients' classes"),
            "personal": st.column_config.TextColumn("Clients' own, their classes"),
            "chance": st.column_config.TextColumn("Most frequent class"),
        },
        caption=f"Means over clients, then over seeds; {view.interval_words()}",
        height="content",
    )


SECTION = Section("federated", "clients", "Clients", 20, show, "Who has which images, and what does each client get?")
