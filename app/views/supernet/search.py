"""On the way: accuracy, multiply-adds and density at each event, and what returned under each rule."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons import supernets
from app.shell import families, layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.supernet import facts, words
from app.views.supernet.charts import events as charts
from app.views.supernet.facts import View

MOST = 6
"""Lines that the panels show clearly."""


def show(selection: Selection) -> None:
    """Draw the section."""
    view = facts.view(selection)
    rules = {key: view.found[key][0].recipe.option("reactivation") for key in view.searches if _together(view, key)}
    if not rules:
        layout.empty("No ticket of this study was searched for: architectures were given.", "Find one with 'supernet'.")
        return
    noted = supernets.events(view.found)
    back = supernets.over_seeds(noted, "returned")
    st.markdown(words.returned(back, rules, view.styles))
    _stairs_card(view, noted)
    layout.card(
        "How many pruned weights return",
        charts.returned(back, view.styles, selection.theme, list(rules)),
        lambda: view.named(back),
        "supernet-returned",
        help="At each event weights are ranked anew, over the whole network. Under the rule 'keep' a pruned weight "
        "takes part with its last value, under 'reset' all are trained between events, under 'monotone' none returns. "
        "Shown is the share of the weights kept after an event that were pruned before it.",
        caption=families.mean_words(_seeds(view)),
        config=layout.QUIET,
        meanings=facts.COLUMNS,
    )


def _stairs_card(view: View, noted: pd.DataFrame) -> None:
    chosen = [key for key in view.selection.keys if key in view.found] or list(view.found)
    keys = [key for key in view.found if key in chosen][:MOST]
    means = {name: supernets.over_seeds(noted, name) for name in charts.PANELS}
    shown = {name: rows[rows["key"].isin(keys)] for name, rows in means.items()}
    table = pd.concat([rows.assign(measure=name) for name, rows in shown.items()])
    more = len(chosen) - len(keys)
    left_out = f" {more} more {'is' if more == 1 else 'are'} left out." if more > 0 else ""
    layout.card(
        "Smaller step by step, and what it costs at once",
        charts.stairs(shown, {key: view.styles[key] for key in keys}, view.selection.theme),
        lambda: view.named(table),
        "supernet-stairs",
        help="Accuracy is that of the network just cut and pruned, its batch norms measured anew, before it is trained "
        "on. After the last event the rate starts anew, and what is left is trained.",
        caption=("Means over seeds." if _seeds(view) > 1 else "One seed.") + left_out,
        config=layout.QUIET,
        meanings=facts.COLUMNS,
    )


def _together(view: View, key: str) -> bool:
    """Whether its weights were pruned while channels were cut; afterwards none returns."""
    return bool(view.found[key][0].recipe.option("weights") == "together")


def _seeds(view: View) -> int:
    return max((len(entries) for entries in view.found.values()), default=0)


SECTION = Section(
    "supernet", "search", "On the way", 20, show, "What does each cut cost at once, and do pruned weights ever return?"
)
