"""Of the section Ranking: how accurate tickets are on the same classes in other pictures."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons import domains
from analysis.statistics.verdicts import DIFFERS
from analysis.transfer.domains import labels_of
from app import load
from app.answers import cells
from app.charts.base import NOISE
from app.shell import layout
from app.shell.verdicts import equivalence
from app.views.robustness.charts.matrix import matrix
from app.views.robustness.compared_tickets import ComparedTickets, named

SHOWS = {"accuracy": "Accuracy", "difference": "Difference"}
HELP = (
    "Folders of the user's with images of the study's classes from another domain, such as the paintings, cartoons and "
    "sketches of PACS, brought to the network's input size. Classes are matched by name; a network answers among "
    "all its classes. Tickets see the same images, so their differences are paired."
)


def show(compared: ComparedTickets) -> None:
    """Draw a sentence and the card; nothing is drawn of a study that names no domains."""
    selection, tickets = compared.selection, compared.seeds
    ids = tuple(each for own in tickets.values() for each in own)
    rows = load.table(selection.study, "domains", ids=ids)
    if rows.empty:
        return
    found = compared.computed("domains", lambda: domains.of_results(rows, tickets, compared.seed_of))
    there = {key for outcomes in found.values() for key in outcomes.right}
    styles = {key: style for key, style in compared.styles.items() if key in there}
    base = compared.baseline if compared.baseline in styles and len(styles) > 1 else None
    what = selection.option("domains", "accuracy", list(SHOWS)) if base else "accuracy"
    within = equivalence(selection)
    table = compared.computed(("domains apart", base, within), lambda: domains.apart(found, str(base), within))
    labels = {key: style.label for key, style in styles.items()}
    if base and len(table):
        places = cells.conditions("in", len(found), "other domain", "other domains")
        said = cells.answer(
            table.assign(place=table["domain"]), labels, labels[base], places, lambda place: f"in {place}"
        )
        st.markdown(said)
    rates, shown = compared.computed("domain accuracies", lambda: domains.accuracies(found)), styles
    if what == "difference":
        rates = table.assign(within_noise=table["verdict"] != DIFFERS)
        shown = {key: style for key, style in styles.items() if key != base}
    against = f" minus that of {labels[base]}, in points," if what == "difference" and base else ""
    drawn = rates.rename(columns={"domain": "corruption"})
    layout.card(
        f"Accuracy{against} in other domains",
        lambda: compared.figure(
            ("domains", what, base, within),
            shown,
            lambda: matrix(drawn, shown, list(found), (None, None), "", selection.theme),
        ),
        lambda: named(rates, styles),
        "domains",
        help=HELP,
        controls=(lambda: selection.pick("domains", "Cells show", SHOWS, width="content")) if base else None,
        caption=_caption(rows, what),
        folded=True,
    )


def _caption(rows: pd.DataFrame, what: str) -> str:
    first = rows.drop_duplicates("kind")
    names = labels_of(list(first["kind"]))
    said = [f"{names[row['kind']]}: {row['n']:,} images of {row['classes']} classes{_lacking(row)}"
            for _, row in first.iterrows()]  # fmt: skip
    noise = (
        f" {NOISE} and pale: not shown to differ; all tickets and domains are one family." if what != "accuracy" else ""
    )
    return f"{'; '.join(said)}.{noise}"


def _lacking(row: pd.Series) -> str:
    said = []
    if row["absent"]:
        said.append(f"none of {row['absent']}")
    if row["left_out"]:
        said.append(f"{row['left_out']} left out")
    return f" ({'; '.join(said)})" if said else ""
