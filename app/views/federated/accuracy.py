"""Accuracy over what was sent, at equal rounds and at equal bytes, and the bill."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import federated
from app.charts.texts import dot, points
from app.shell import layout, verdicts
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.federated import facts, words
from app.views.federated.charts import spending as charts
from app.views.federated.facts import View


def show(selection: Selection) -> None:
    """Draw the section."""
    view = facts.view(selection)
    within = verdicts.equivalence(selection)
    baseline = federated.baseline(view.found)
    last = federated.last(view.rounds)
    means = federated.over_seeds(view.rounds, federated.GLOBAL)
    table = federated.against(last, baseline, equivalence=within)
    spent = federated.spent(view.rounds)
    st.markdown(
        f"{words.reached(means, baseline, spent, view.labels)} {words.held_against(table, baseline, view.labels)}"
    )
    _curves(view)
    if len(view.found) > 1:
        _verdicts(view, table, last, baseline, "rounds", "In as many rounds")
        _at_equal_bytes(view, spent, within)
    _bill(view)


def _curves(view: View) -> None:
    selection = view.selection
    way = selection.pick("federated-bytes", "Bytes that count", federated.DIRECTIONS)
    rows = federated.over_seeds(view.rounds, federated.GLOBAL, way)
    layout.card(
        "Accuracy on all classes against what was sent",
        charts.curves(rows, view.styles, selection.theme, federated.DIRECTIONS[way]),
        lambda: view.named(rows),
        "federated-curves",
        help="A mark is a round; round 0, before anything is sent, has no place on the axis. Bytes are counted to the "
        "bit, of all clients, the mask and the first network included. Up and to the left is better.",
        caption=f"Means over seeds; bars at the last round: {view.interval_words()}",
        config=layout.QUIET,
        meanings=facts.COLUMNS,
    )


def _at_equal_bytes(view: View, spent: dict[str, float], within: float) -> None:
    with st.container(key="federated-budget"):
        names = {key: f"what {view.labels[key]} spends: {words.size(count)}" for key, count in spent.items()}
        payer = view.selection.pick("federated-budget", "For as many bytes as", names, kind="select", width=460)
    paid = federated.affordable(view.rounds, spent[payer] * (1 + 1e-9))
    table = federated.against(paid, payer, equivalence=within)
    st.markdown(
        f"For {words.size(spent[payer])} up and down each. {words.held_against(table, payer, view.labels)}"
        f"{words.unpaid(paid, view.labels)}"
    )
    _verdicts(view, table, paid, payer, "bytes", "For as many bytes")


def _verdicts(view: View, table: pd.DataFrame, rows: pd.DataFrame, base: str, name: str, title: str) -> None:
    """A row a ticket: how accurate it is after which round, and the verdict against the ticket `base`."""
    within = verdicts.equivalence(view.selection)
    means = federated.over_keys(rows, federated.GLOBAL).set_index("key")
    at = rows.groupby("key")["round"].mean()
    told = table.set_index("key")
    keys = [base, *(key for key in view.found if key in told.index)]
    own = [told.loc[key] if key != base else None for key in keys]
    frame = pd.DataFrame(
        {
            "colour": [dot(view.styles[key].color) for key in keys],
            "ticket": [view.labels[key] for key in keys],
            "round": [at[key] for key in keys],
            "accuracy": [words.share(means.loc[key]) for key in keys],
            "difference": ["–" if row is None else points(row["difference"]) for row in own],
            "interval": ["–" if row is None else _interval(row) for row in own],
            "verdict": ["held against" if row is None else verdicts.words(row, within) for row in own],
            "p_holm": ["–" if row is None else _p(row["p_holm"]) for row in own],
        }
    )
    layout.table_card(
        f"{title}: held against {view.labels[base]}",
        frame,
        f"federated-{name}",
        folded=True,
        columns={
            "colour": st.column_config.ImageColumn("", width=40),
            "ticket": st.column_config.TextColumn("Ticket"),
            "round": st.column_config.NumberColumn("After round", format="%.3g"),
            "accuracy": st.column_config.TextColumn("On all classes"),
            "difference": st.column_config.TextColumn("Points"),
            "interval": st.column_config.TextColumn("Interval"),
            "verdict": st.column_config.TextColumn("Verdict", width=270),
            "p_holm": st.column_config.TextColumn("p (Holm)"),
        },
        caption=verdicts.speak_of(table, drawn=False, and_images=""),
        data=lambda: view.named(table),
        meanings=verdicts.OF_SHARES,
        height="content",
    )


def _interval(row: pd.Series) -> str:
    return f"{points(row['low'])} to {points(row['high'])}" if np.isfinite(row["low"]) else "–"


def _p(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "–"


def _bill(view: View) -> None:
    table = federated.bill(view.found).sort_values("both", kind="stable")
    sizes = ("joining_down", "joining_up", "up", "down", "all_up", "all_down", "both")
    frame = pd.DataFrame(
        {
            "colour": [dot(view.styles[key].color) for key in table["key"]],
            "ticket": [view.labels[key] for key in table["key"]],
            **{name: [words.size(count) for count in table[name]] for name in sizes},
        }
    )
    layout.table_card(
        "The bill",
        frame,
        "federated-bill",
        folded=True,
        columns={
            "colour": st.column_config.ImageColumn("", width=40),
            "ticket": st.column_config.TextColumn("Ticket"),
            "joining_down": st.column_config.TextColumn("Once, down"),
            "joining_up": st.column_config.TextColumn("Once, up"),
            "up": st.column_config.TextColumn("A round, up"),
            "down": st.column_config.TextColumn("A round, down"),
            "all_up": st.column_config.TextColumn("All, up"),
            "all_down": st.column_config.TextColumn("All, down"),
            "both": st.column_config.TextColumn("In all"),
        },
        help="Once and a round are of one client; the last three of all clients in all rounds.",
        caption="Means over seeds. Up is from a client to the server. The mask is sent once.",
        data=lambda: view.named(table),
        meanings=facts.COLUMNS,
        height="content",
    )


SECTION = Section(
    "federated",
    "accuracy",
    "Accuracy and bytes",
    10,
    show,
    "How good a network do clients find, and for how many bytes?",
)
