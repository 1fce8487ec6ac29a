"""Of the section Lost images: what a drift between the logits of two networks explains of the images one loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.comparisons.lost_images import causes, lost_between
from analysis.comparisons.lost_to_baseline import Pairs
from analysis.engine.images import TestImages
from app import live
from app.shell import layout
from app.shell.images_behind import select
from app.views.robustness import lost_causes
from app.views.robustness.charts.lost import NAMES
from app.views.robustness.logit_rescues import rescued
from app.views.robustness.lost_view import View
from pruning.errors import UserError

CARD = "lost-to-cause"

ENDINGS = {
    "drift": "a correction of the biases would undo it",
    "scale": "a scale and a bias a class, fitted to the baseline's logits, would undo it",
    "class": "a vector a class undoes it, which takes labels, so that the label itself may be what helps",
    "scatter": "images move one by one, which no shift of the logits undoes",
}

HELP = (
    "Right for the baseline, wrong for the ticket. Common drift: right again once the ticket's logits are shifted by "
    "one vector, the same for all images, to the baseline's mean logits, as a correction of the biases would; drift "
    "and scale: once each logit also has the baseline's spread over the images, as vector scaling would (Guo et al. "
    "2017); class drift: once the images of each true class are shifted by a vector of their own, which uses the label "
    "and so is an upper bound; scatter: the rest. Fitted on every second image, applied to the others. Against clean "
    "images the same is asked of the features of one network; here there are two networks, whose features have no axes "
    "in common, and whose logits have: the classes."
)


@dataclass(frozen=True)
class LogitDrift:
    """The drift of tickets' logits from the baseline's, under the condition of the view.

    Attributes:
        view: what is looked at.
        shown: the images.
        baseline: its key.
        pairs: key -> places of its seeds and of the baseline's that are the same.
        rescues: of `logit_drift.rescue`, a row a pair of seeds.
        rows: of `causes`, a row a ticket.
    """

    view: View
    shown: TestImages
    baseline: str
    pairs: Mapping[str, Pairs]
    rescues: pd.DataFrame
    rows: pd.DataFrame

    def say(self) -> None:
        """To which cause the tickets lose images."""
        lost = self.rows[self.rows["lost"] > 0]
        if len(lost):
            st.markdown(f"**Would a shift mend it?** {lost_causes.of_causes(lost, self.view.styles, ENDINGS)}")

    def bars(self) -> None:
        """The images lost, by cause."""
        title = f"Lost to {self.view.compared.label(self.baseline)}, by cause: {self.view.words}"
        lost_causes.bars(self.view, self.rows, CARD, title, HELP, self._mark)

    def table(self) -> None:
        """What undoing each drift does to all images, folded."""
        lost_causes.table(self.view, self.rows, f"{CARD}-table")

    def _mark(self) -> None:
        """Mark the images of the segment that was clicked, of the selected seed."""
        clicked, seeds = layout.picked(CARD, 2), self.view.compared.seeds
        if clicked is None or clicked[0] not in self.pairs:
            return
        place, other = self.view.compared.seed_place(clicked[0]), dict(self.pairs[clicked[0]])
        if place not in other:
            return
        ids, selection = [seeds[clicked[0]][place], seeds[self.baseline][other[place]]], self.view.compared.selection
        own, base = live.features(selection.study, self.shown, ids, self.view.condition).values()
        rescues = self.rescues.set_index("ticket_id").at[ids[0], "rescues"]
        images = lost_between(base.predictions, own.predictions, own.labels, rescues)
        found = images.loc[images["cause"] == clicked[1], "sample"].to_numpy()
        select(selection, found, self.view.images_of(clicked[0], f"lost by {{}} to {NAMES[clicked[1]].lower()}"))


def drift_of(view: View, shown: TestImages, baseline: str, pairs: Mapping[str, Pairs]) -> LogitDrift | None:
    """The drift of every seed that a ticket and the baseline both have; None, and why, where there is none to show."""
    try:
        rescues = rescued(view.compared, shown, baseline, pairs, view.condition)
    except UserError as error:
        layout.empty(f"What a shift of the logits would mend cannot be shown: {error}")
        return None
    if rescues.empty:
        return None
    return LogitDrift(view, shown, baseline, pairs, rescues, causes(rescues, view.compared.seeds))
