"""The selection without recorded tickets of which a page lacks something, each named there with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.load import StudyView
from app.shell import families, layout
from app.shell.selection import Selection
from pruning.errors import few


def is_packed(study: StudyView) -> bool:
    """Whether a study was packed, so that it has neither masks, weights nor results of single images."""
    recordings = (entry.info.recording for entry in families.entries(study).values())
    return any(recording is not None and recording.packed for recording in recordings)


def packed_without(study: StudyView, what: str) -> bool:
    """Whether a study was packed, of which the page then says that it holds none of what is meant."""
    if not is_packed(study):
        return False
    layout.empty(f"A packed study holds no {what}.", "Open the study that it was packed from.")
    return True


def without_networks(selection: Selection) -> Selection:
    """The selection without recorded tickets, where networks are run on other images than the test images."""
    brought = families.recordings(selection.study)
    return _without(selection, dict.fromkeys(brought, ""), "recorded, so that no other images can be shown to it")


def without_costs(selection: Selection) -> Selection:
    """The selection without recorded tickets, where the cost of a training is asked for."""
    return _without(selection, families.recordings(selection.study), "recorded, so that nobody noted its training")


def with_features(selection: Selection) -> Selection:
    """The selection without tickets that were recorded without features."""
    brought = families.recordings(selection.study)
    return _without(selection, {key: each for key, each in brought.items() if each.without}, "recorded by logits alone")


def with_layers(selection: Selection) -> Selection:
    """The selection without recorded tickets whose inner layers were not looked into."""
    brought = families.recordings(selection.study)
    lacking = {key: each for key, each in brought.items() if not each.layers}
    return _without(selection, lacking, "recorded without what their inner layers hand on")


def wholly(selection: Selection) -> Selection:
    """The selection without recorded tickets that cannot be paired with the others under every condition."""
    lacking = families.lacking(selection.study)
    chosen = [*selection.ids, selection.baseline.id if selection.baseline else ""]
    conditions = list(dict.fromkeys(name for ticket in chosen for name in lacking.get(ticket, ())))
    return _without(selection, lacking, f"not recorded under {few(conditions)}")


def _without(selection: Selection, ids: Mapping[str, object], why: str) -> Selection:
    """The selection without some tickets, of which the page says why."""
    first = [selection.baseline] if selection.baseline else []
    gone = {ticket.id: ticket.label for ticket in [*selection.tickets, *first] if ticket.id in ids}
    if not gone:
        return selection
    layout.notes([f"Left out, as {why}: {few(list(gone.values()))}."])
    tickets = [ticket for ticket in selection.tickets if ticket.id not in gone]
    baseline = next((ticket for ticket in first if ticket.id not in gone), None)
    return replace(selection, tickets=tickets, keys=[ticket.key for ticket in tickets], baseline=baseline)
