"""The answer of Generated in a sentence or three: who wins, what controls lack, whose posterior collapsed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons import generative
from analysis.comparisons.generative import IMAGES
from app import load
from app.charts.texts import sizes
from app.load import StudyView
from app.names import listed
from app.shell.layout import plain
from app.shell.selection import Selection
from app.views.generated import facts
from app.views.generated.facts import Score


@st.cache_data(max_entries=16, show_spinner=False)
def pairs(path: Path, stamp: str, name: str, score: Score) -> pd.DataFrame:
    """`comparisons.generative.ratios` of each control against its ticket."""
    study = load.open_study(name, path)
    return generative.ratios(facts.rows(study, score.table), facts.controls(study), score.column)


@st.cache_data(max_entries=16, show_spinner=False)
def divergences(path: Path, stamp: str, name: str) -> pd.DataFrame:
    """`comparisons.generative.collapsed` of all tickets; no rows where none has a KL."""
    return generative.collapsed(facts.rows(load.open_study(name, path), "reconstruction"))


def show(selection: Selection, score: Score, with_kl: bool = True) -> None:
    """Write the answer by a score on the page."""
    study = selection.study
    place = study.path, study.stamp, study.name
    kl = divergences(*place) if with_kl else pd.DataFrame()
    st.markdown(answer(study, facts.curve(selection, score), score, pairs(*place, score), kl))


def answer(study: StudyView, curve: pd.DataFrame, score: Score, pairs: pd.DataFrame, kl: pd.DataFrame) -> str:
    """Markdown.

    Args:
        study: the study.
        curve: of `facts.curve`.
        score: what it is of.
        pairs: of `comparisons.generative.ratios`, controls against their tickets.
        kl: of `comparisons.generative.collapsed`; without rows where there is no KL.
    """
    labels = dict(zip(study.tickets["key"], study.tickets["label"], strict=True))
    said = [_winner(study, curve, score, labels), _controls(pairs, score), _collapsed(kl, labels)]
    return " ".join(filter(None, said))


def _winner(study: StudyView, curve: pd.DataFrame, score: Score, labels: dict[str, str]) -> str:
    dense = curve[curve["key"].isin(study.dense)]
    if dense.empty:
        return f"There is no dense network to hold the {score.brief} of tickets against."
    own = dense.iloc[0]
    of_one = " It is one seed: the intervals are over images, and say nothing of other trainings."
    tail = of_one if own["over"] == IMAGES else ""
    originals = curve[curve["winning"] & ~curve["method"].isin(list(study.originals))]
    beside = f"the dense network has **{facts.with_interval(own)}**"
    if originals.empty:
        return (
            f"No ticket wins by the paper's definition, a mean {score.brief} within the dense network's interval: "
            f"{beside}.{tail}"
        )
    row = originals.sort_values("sparsity").iloc[-1]
    return (
        f"**{plain(labels[row['key']])}** is the sparsest ticket that wins by the paper's definition, a mean within "
        f"the dense network's interval: its {score.brief} is **{facts.with_interval(row)}**, {beside}.{tail}"
    )


def _controls(pairs: pd.DataFrame, score: Score) -> str:
    if pairs.empty:
        return ""
    several = pairs["seeds"].max() > 1
    worse = pairs[pairs["differs"] & (pairs["ratio"] > 1)]
    name = "control" if len(pairs) == 1 else "controls"
    if not several:
        whether = "the control is worse than its ticket" if len(pairs) == 1 else "controls are worse than their tickets"
        return f"Whether {whether} takes more than one seed to say."
    better = int((pairs["differs"] & (pairs["ratio"] < 1)).sum())
    also = f", {better} to be better" if better else ""
    if worse.empty:
        return f"None of {len(pairs)} {name} is shown to be worse than its ticket{also}."
    verb, whose = ("is", "Its") if len(worse) == 1 else ("are", "Their")
    by = sizes(worse, "", "ratio", "{:.2g}", 1)
    return (
        f"{len(worse)} of {len(pairs)} {name} {verb} shown to be worse than the ticket{also}. "
        f"{whose} {score.brief} is the ticket's times {by}."
    )


def _collapsed(kl: pd.DataFrame, labels: dict[str, str]) -> str:
    gone = [plain(labels[key]) for key in kl.loc[kl["collapsed"], "key"]] if len(kl) else []
    if not gone:
        return ""
    return f"The posterior of {listed(gone)} collapsed: the decoder is told next to nothing of the image."
