"""Provenance: how one ticket was made, what it descends from, and the command that finds it again."""

from __future__ import annotations

from datetime import datetime
from html import escape

import pandas as pd
import streamlit as st

from analysis.comparisons import descent
from analysis.comparisons.descent import Step
from analysis.comparisons.recipe_words import in_words
from analysis.statistics.intervals import wilson
from app import load
from app.charts.texts import bracket
from app.shell import families, layout, theme
from app.shell.lacking import unfound
from app.shell.score import ShownScore
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.overview.charts import story as charts
from pruning.cli.find_command import command_line
from pruning.errors import few
from pruning.recipe import percent
from pruning.study.folder import Entry
from pruning.ticket import TicketInfo
from pruning.training.recording import of_elsewhere


def show(selection: Selection) -> None:
    """Draw the section."""
    entry = _pick(selection)
    if entry is None:
        unfound(selection.study, "This ticket's file cannot be read any more.", "Find it anew.")
        return
    line = descent.steps(entry.recipe, families.entries(selection.study))
    shown = ShownScore(selection.study.task.score, selection.study.task.classifies_images)
    st.markdown(answer(entry, line, load.table(selection.study, "summary", [entry.id])))
    _tiles(entry, line, shown)
    _collapse(entry)
    _descent(line, shown)
    left, right = st.columns([1, 1.25], gap="medium")
    with left:
        _recipe(entry)
    with right:
        _training(selection, entry, line, shown)
    _again(selection, entry)


def _pick(selection: Selection) -> Entry | None:
    """The chooser of the ticket, and what its file says."""
    there = selection.study.tickets
    there = there[there["seed"] == selection.seed]
    labels = dict(zip(there["key"], there["label"], strict=True))
    found = families.entries(selection.study)
    default = _last_pruned(selection, found) or next(iter(labels))
    key = selection.pick("story", "Ticket", labels, default=default, kind="select", width=270)
    ticket = there.set_index("key")["ticket_id"][key]
    return found.get(str(ticket))


def _last_pruned(selection: Selection, found: dict[str, Entry]) -> str:
    """The last of the chosen tickets that is neither dense nor a control, for the provenance shown first."""
    keys = [
        ticket.key
        for ticket in selection.tickets
        if ticket.method != theme.DENSE and ticket.id in found and found[ticket.id].recipe.of is None
    ]
    return keys[-1] if keys else ""


def answer(entry: Entry, line: list[Step], summary: pd.DataFrame) -> str:
    """How a ticket came about and how accurate it is, in a sentence.

    Args:
        entry: what its file says.
        line: it and what it descends from, the first first.
        summary: its row of that table; none where it was not measured, or does not classify images.
    """
    steps = len(line) - 1
    said = f"**{layout.plain(entry.recipe.label)}** "
    first = layout.plain(line[0].recipe.label)
    said += f"descends from {first} in {steps} step{'s' * (steps > 1)}" if steps else "descends from no other ticket"
    if "correct" not in summary or summary.empty:
        return f"{said}."
    right, images = int(summary["correct"].iloc[0]), int(summary["n"].iloc[0])
    low, high = wilson(right, images)
    interval = bracket(float(low), float(high))
    return (
        f"{said} and is right on **{100 * right / images:.1f} %**{interval} of {images:,} clean test images; one "
        "network, so another training may come out otherwise."
    )


def _tiles(entry: Entry, line: list[Step], shown: ShownScore) -> None:
    info = entry.info
    recorded = of_elsewhere(info.recording) is not None
    left = "as said; its masks are not here" if recorded else f"{entry.kept:,} of {entry.total:,} weights kept"
    sparsity = entry.recipe.sparsity if recorded else entry.sparsity
    own = f"{info.own_seconds:,.1f} s of it its own step" if len(line) > 1 else "descends from no other ticket"
    layout.tiles(
        [
            ("Sparsity", percent(sparsity) if sparsity else "0 %", left),
            (
                f"Clean {shown.name}" if shown.images else shown.title,
                shown.write(info.accuracy),
                f"{shown.where}, this seed",
            ),
            ("Training time", "–", "not known") if recorded else ("Training time", _duration(info.seconds), own),
            (
                "Seed",
                str(entry.recipe.seed),
                f"{info.precision}, {'recorded' if recorded else 'found'} {_day(info.created)}",
            ),
        ]
    )


def _collapse(entry: Entry) -> None:
    if entry.info.collapsed:
        layers = layout.plain(few(entry.info.collapsed))
        st.warning(
            f"Layer collapse: nothing is kept in {layers}, so that no image can change what comes after.",
            icon=":material/warning:",
        )


def _descent(line: list[Step], shown: ShownScore) -> None:
    """The steps on the way, in a row."""
    with st.container(border=True, key="card-descent"):
        st.markdown(
            "**Lineage**",
            help="Each step starts from the one before. Dashed steps are not among the study's tickets, "
            "because only others needed them, and have no numbers.",
        )
        st.html(f'<div class="descent">{_arrowed([_step(step, shown) for step in line])}</div>')
        rewound = line[-1].recipe.option("rewind")
        if rewound and not line[-1].recipe.is_dense:
            st.caption(f"At each level the weights are rewound to iteration {rewound} of the first training.")


def _arrowed(cells: list[str]) -> str:
    return '<span class="arrow">→</span>'.join(cells)


def _step(step: Step, shown: ShownScore) -> str:
    label, entry = escape(step.recipe.label), step.entry
    if entry is None:
        return f'<span class="step absent" title="not among the tickets"><b>{label}</b></span>'
    return f'<span class="step"><b>{label}</b><span>{shown.write(entry.info.accuracy)}</span></span>'


def _recipe(entry: Entry) -> None:
    frame = pd.DataFrame(in_words(entry.recipe), columns=["what", "how"])
    with st.container(border=True, key="card-recipe"):
        layout.header("Recipe", frame, "recipe", "Everything that decides the ticket.", images=False)
        cells = "".join(f"<i>{escape(what)}</i><b>{escape(how)}</b>" for what, how in frame.itertuples(index=False))
        st.html(f'<div class="recipe">{cells}</div>')
        versions = ", ".join(f"{name} {version}" for name, version in entry.info.versions.items())
        st.caption(f"Id {entry.id}" + (f"; found with {versions}." if versions else "."))


def _training(selection: Selection, entry: Entry, line: list[Step], shown: ShownScore) -> None:
    curves = descent.curves(line)
    if curves.empty:
        with st.container(border=True):
            st.markdown("**Training curves**")
            layout.empty(
                "There are no training curves of this ticket.", "It was imported, recorded, packed, or not trained."
            )
        return
    style = families.styles(selection)[_key(selection, entry)]
    layout.card(
        "Training curves",
        charts.training(curves, style, len(line) - 1, selection.theme, shown),
        shown.table(curves),
        "training",
        config=layout.QUIET,
        help="The ticket in its colour, what it descends from in grey, the older the fainter. Epochs are counted anew "
        "in each step.",
        caption=f"{_lines(curves, shown)}, as measured during training. One run each, so no intervals.",
        meanings={"loss": "mean loss of the training images since the row before"} | shown.meanings,
    )


def _lines(curves: pd.DataFrame, shown: ShownScore) -> str:
    """What the lines of the right panel are."""
    if shown.images:
        return "Accuracy: solid on test images, dotted on training images"
    right = curves["train_accuracy"].notna().any() and shown.score.is_share
    return f"{shown.title}: solid on test data" + (", dotted on training data" if right else "")


def _key(selection: Selection, entry: Entry) -> str:
    tickets = selection.study.tickets
    return str(tickets.loc[tickets["ticket_id"] == entry.id, "key"].iloc[0])


def _again(selection: Selection, entry: Entry) -> None:
    with st.container(border=True, key="card-again"):
        if of_elsewhere(entry.info.recording) is not None:
            st.markdown("**Reproduce this ticket**")
            st.caption("It was recorded, and is not found anew: call `analysis.record` with the network.")
            return
        st.markdown("**Reproduce this ticket**", help=_sameness(entry.info))
        st.code(command_line(entry.recipe, selection.study.path, entry.info.threads), language="bash", wrap_lines=True)


def _sameness(info: TicketInfo) -> str:
    """Where the command gives the same bits, as far as the ticket says what it was made on."""
    if not info.made_on:
        return "On the same machine this gives the same ticket, bit for bit; on how many threads was not noted."
    return f"Bit for bit the same ticket on {info.made_on}, which made it; elsewhere sums are rounded otherwise."


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _day(created: str) -> str:
    try:
        return datetime.fromisoformat(created).strftime("%-d %B %Y")
    except ValueError:
        return "at an unknown time"


SECTION = Section("overview", "story", "Provenance", 30, show)
