"""Two studies, ticket by ticket: a second study of the same network and data beside the first."""

from __future__ import annotations

import streamlit as st

from app.shell import families, layout, verdicts
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.studies import cards
from app.views.studies import pair as pair_of
from app.views.studies.others import nothing_fits, others, say_refused
from app.views.studies.pair import Pair
from pruning.study.commands import measuring
from pruning.study.opened import only_read


def show(selection: Selection) -> None:
    """Draw the section."""
    fitting, refused = others(selection.study)
    if not fitting:
        nothing_fits(refused)
        return
    pair = pair_of.pick(selection, fitting)
    for keys, where, what in zip(pair.keys, ("at the left", "above"), ("this", "the second"), strict=True):
        if not keys:
            layout.empty(f"No ticket of {what} study is chosen.", f"Choose some {where}.")
            return
    if not families.score(selection.study).images:
        cards.score_card(selection, pair)
        _below(selection, pair)
        say_refused(refused)
        return
    table = pair_of.compared(pair, verdicts.equivalence(selection))
    if table.empty:
        layout.empty(
            "No chosen ticket has results in either study under conditions that both measured.",
            "Choose others at the left, or measure the studies.",
            "\n".join(measuring(each.path) for each in (pair.one, pair.other) if not only_read(each.path)),
        )
    else:
        labels = {key: style.label for key, style in pair.styles.items()}
        st.markdown(cards.sentence(table, labels, pair.names, verdicts.equivalence(selection)))
        cards.accuracy_card(selection, pair, table)
    _below(selection, pair)
    if not table.empty:
        cards.table_card(pair, table)
    say_refused(refused)


def _below(selection: Selection, pair: Pair) -> None:
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        cards.masks_card(selection, pair)
    with right:
        cards.settings_card(pair)


SECTION = Section(
    "studies",
    "pair",
    "Two, ticket by ticket",
    20,
    show,
    "Two studies of one network on the same test images: do their tickets differ in accuracy, and do their masks agree?",
    of_scores="Two studies of one network on the same data: do their tickets differ in what they reached, and do their "
    "masks agree?",
)
