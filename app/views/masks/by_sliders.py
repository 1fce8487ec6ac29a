"""The sliders of What if, what sets them all at once, and the tree of what was tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from analysis.comparisons import budget
from analysis.comparisons.budget import Suggested
from app.shell import layout
from app.shell.selection import Selection
from app.views.masks import sensitivity
from app.views.masks.branches import Branches
from app.views.masks.charts import branches as charts
from app.views.masks.charts.sensitivity import brief
from pruning.errors import UserError
from pruning.study.commands import typed
from pruning.study.opened import only_read

Groups = Mapping[str, Sequence[tuple[str, ...]]]

MOST = 14
"""Sliders that are shown before the rest folds."""
KEEP = "20"
"""Per cent of the weights that the sliders start from, where there is a scan."""
STEP = 0.5
CRITERION, USUAL = "hand", "magnitude"
"""The criterion's option in the URL, and the one that counts where it says none."""
WENT = "went to another criterion"
"""In the session: that a state was gone to whose weights another criterion chose, so that its chooser has to follow."""


def sliders(selection: Selection, name: str, groups: Groups, together: str, criterion: str) -> Branches:
    """Draw a slider a group, what undoes, and what sets all of them. Returns all that was tried, and where it stands.

    Args:
        selection: of the page.
        name: of the study and the network.
        groups: as `analysis.engine.what_if.ByHand` has them.
        together: which of these have one slider.
        criterion: by which weights are chosen.
    """
    tried = _tried(selection, name, groups, criterion)
    tried.move(tried.here.shares, criterion)  # by another criterion than before the same sliders are another state
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button("Undo", icon=":material/undo:", on_click=_go, args=(selection, tried, tried.here.parent),
                  disabled=tried.here.parent is None)  # fmt: skip
        st.button("Whole again", on_click=_go, args=(selection, tried, 0), disabled=tried.current == 0)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _least(selection, tried, groups, criterion)
    st.caption("Removed of each, in %, from the first layer to the last.")
    own = groups[together]
    first = st.container()
    rest = st.expander(f"{len(own) - MOST} more") if len(own) > MOST else first
    for place, group in enumerate(own):
        home = first if place < MOST else rest
        key = f"hand {name} {together} {place}"
        shares = [tried.here.shares.get(each, 0.0) for each in group]
        st.session_state[key] = round(100 * sum(shares) / len(shares) / STEP) * STEP
        label = brief(" + ".join(each.removesuffix(".weight") for each in group))
        home.slider(label, 0.0, 99.5, step=STEP, format="%g", key=key, on_change=_moved,
                    args=(tried, key, group, criterion))  # fmt: skip
    return tried


def tree(selection: Selection, tried: Branches, under: Sequence[str]) -> None:
    """Draw what was tried; a click goes back to a state.

    Args:
        selection: of the page.
        tried: all of it.
        under: names of the conditions looked at, the clean one first.
    """
    if len(tried.states) < 2:
        return
    key = f"branches-{len(tried.states)}-{tried.current}"  # a new chart each time: no point of it is selected yet

    def clicked() -> None:
        points = layout.selected_points(key)
        place = points[-1].get("customdata") if points else None
        if isinstance(place, list):
            place = place[0] if place else None
        if isinstance(place, int):
            _go(selection, tried, place)

    layout.card(
        "What was tried",
        charts.branches(tried, under, selection.theme),
        lambda: rows(tried),
        key,
        help="A point a state of the sliders and of what chooses the weights, with the accuracy on clean images in %. "
        "Whoever goes back and on from there begins a branch. Click a point to go back to it.",
        on_select=clicked,
        selection_mode="points",
        config=layout.QUIET,
        meanings={
            "state": "number of the state, 0 being the whole network",
            "from": "the state before",
            "criterion": "what chose the weights; empty where all are kept",
            "kept": "weights kept [fraction]",
            "condition": "the images shown",
            "accuracy": "share of them that is classified right [fraction]",
        },
    )


def rows(tried: Branches) -> pd.DataFrame:
    """The states to download, a row a condition."""
    found = [
        (place, state.parent, charts.criterion_text(state), state.kept, condition, accuracy)
        for place, state in enumerate(tried.states)
        for condition, accuracy in state.accuracies.items()
    ]
    return pd.DataFrame(found, columns=["state", "from", "criterion", "kept", "condition", "accuracy"])


def _tried(selection: Selection, name: str, groups: Groups, criterion: str) -> Branches:
    """What was tried of this network; it begins with the suggestion, where there is a scan."""
    key = f"by hand {name}"
    if key not in st.session_state:
        tried = st.session_state[key] = Branches()
        try:
            found = _suggested(selection, criterion, KEEP)
        except UserError:
            found = None
        if found is not None:
            tried.move(_shares(found, groups), criterion)
    kept: Branches = st.session_state[key]
    return kept


def _least(selection: Selection, tried: Branches, groups: Groups, criterion: str) -> None:
    """What sets all sliders: a budget, spent where it hurts least."""
    there = _suggested_by(selection, criterion)
    texts = {each: f"Keep {each} %" for each in sensitivity.KEEP}
    key = "hand budget"
    st.session_state.setdefault(key, KEEP)
    look: dict[str, Any] = {"label_visibility": "collapsed", "width": 120, "disabled": not there}
    st.selectbox("Weights kept", [*texts], key=key, format_func=lambda each: texts[each], **look)

    def set_all() -> None:
        try:
            found = _suggested(selection, criterion, str(st.session_state[key]))
        except UserError as error:
            st.toast(str(error), icon=":material/info:")
            return
        if found is not None:
            tried.move(_shares(found, groups), criterion)

    st.button(
        "Where it hurts least",
        icon=":material/savings:",
        on_click=set_all,
        disabled=not there,
        help="Sets all sliders: the budget is spent where the scan of each layer alone says that it costs least."
        if there
        else only_read(selection.study.path)
        or f"No scan by this criterion yet: {typed('analysis', 'sensitivity', selection.study.path)}",
    )


def _suggested_by(selection: Selection, criterion: str) -> bool:
    """Whether single weights were scanned by the criterion."""
    single = selection.study.config.analysis.get("sensitivity_structure", "weight") == "weight"
    return single and sensitivity.has(selection) and sensitivity.scan_of(selection, criterion) is not None


def _suggested(selection: Selection, criterion: str, keep: str) -> Suggested | None:
    """A budget spent where it hurts least on clean images. Raises UserError where the scan does not go so far."""
    scan = sensitivity.scan_of(selection, criterion) if _suggested_by(selection, criterion) else None
    return None if scan is None else budget.suggest(scan, [0], float(keep) / 100)


def _shares(found: Suggested, groups: Groups) -> dict[str, float]:
    """The suggestion by parameter."""
    names = {name.removesuffix(".weight"): name for group in groups["layers"] for name in group}
    return {names[layer]: share for layer, share in found.layers.items() if layer in names}


def _go(selection: Selection, tried: Branches, place: int | None) -> None:
    """Go to a state, and have the chooser of the criterion say what chose its weights."""
    before = selection.option(CRITERION, USUAL)
    tried.go(place or 0)
    criterion = tried.here.criterion
    if criterion and criterion != before:
        selection.set(**{CRITERION: None if criterion == USUAL else criterion})
        st.session_state[WENT] = True


def _moved(tried: Branches, key: str, group: tuple[str, ...], criterion: str) -> None:
    """A slider was let go: its layers lose what it says, all others what they lost before."""
    share = float(st.session_state[key]) / 100
    tried.move({**tried.here.shares, **dict.fromkeys(group, share)}, criterion)
