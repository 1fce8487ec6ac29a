"""Of the section Lost images: what undoing a drift of the logits brings back, asked of the networks and kept."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from analysis.comparisons.logit_drift import rescue
from analysis.comparisons.lost_to_baseline import Pairs
from analysis.corruptions.conditions import Condition
from analysis.engine.images import TestImages
from app import live
from app.views.robustness.compared_tickets import ComparedTickets
from pruning.progress import Progress

ROOM = 20_000
"""Rows that are kept, a ticket under a condition each; the oldest are given up first."""


def rescued(
    compared: ComparedTickets,
    shown: TestImages,
    baseline: str,
    pairs: Mapping[str, Pairs],
    condition: Condition,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Rows of `logit_drift.rescue`, one a ticket and seed; kept one by one, so that none is asked twice.

    Args:
        compared: the tickets.
        shown: the images.
        baseline: its key.
        pairs: as in `LogitDrift`.
        condition: the clean one too.
        progress: as for `live.features`.

    Raises:
        UserError: as `live.features` and `rescue` do.
    """
    study, ids, kept = compared.selection.study, compared.seeds, _kept()
    wanted = _wanted(compared, baseline, pairs)
    keys = {each: (str(study.path), study.stamp, *each, *condition) for each in wanted}
    for base in ids[baseline]:  # a seed at a time, so that few features are held at once
        own = [ticket for ticket, other in wanted if other == base and keys[ticket, base] not in kept]
        found = live.features(study, shown, [base, *own], condition, progress) if own else {}
        for ticket in own:
            kept[keys[ticket, base]] = rescue(ticket, found[base], found[ticket], condition)
    for key in list(kept)[: max(len(kept) - ROOM, 0)]:
        kept.pop(key, None)
    return pd.DataFrame([kept[keys[each]] for each in wanted])


def is_kept(compared: ComparedTickets, baseline: str, pairs: Mapping[str, Pairs], condition: Condition) -> bool:
    """Whether `rescued` has all its rows already."""
    study, kept = compared.selection.study, _kept()
    wanted = _wanted(compared, baseline, pairs)
    return all((str(study.path), study.stamp, *each, *condition) in kept for each in wanted)


def _wanted(compared: ComparedTickets, baseline: str, pairs: Mapping[str, Pairs]) -> list[tuple[str, str]]:
    """Ids of tickets, each with the baseline's of the same seed."""
    ids = compared.seeds
    return [(ids[key][own], ids[baseline][other]) for key, both in pairs.items() for own, other in both]


@st.cache_resource(show_spinner=False)
def _kept() -> dict[tuple[object, ...], dict[str, object]]:
    return {}
