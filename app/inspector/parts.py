"""The inspector's parts as HTML: the head, the pictures, what tickets read, and the bars of their scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import pandas as pd

from analysis.comparisons.one_image import class_scores, difference
from analysis.corruptions.conditions import CLEAN, Condition
from app.charts.names import name
from app.condition import condition_text
from app.inspector.subject import Subject
from app.pictures.grid import picture
from app.shell.colour import fade
from app.shell.selection import Chosen
from app.shell.theme import Theme

Cells = Mapping[tuple[str, Condition], tuple[int, float]]
"""(Ticket id, condition) -> class predicted and confidence."""

THICKNESS = {4: 7, 6: 5, 10: 3}
"""Up to how many tickets a bar is so many pixels thick."""


def head(sample: int, title: str, place: str, steps: bool) -> str:
    """The title, the way to the images before and after, and the way out.

    Args:
        sample: the image.
        title: its class; "" where it is not known.
        place: where it stands in the selection, in words.
        steps: whether there is another image to go to.
    """
    named = f"Image {sample}" + (f": {escape(title)}" if title else "")
    buttons = (
        ("previous", "‹", "The image before", "←", steps),
        ("next", "›", "The next image", "→", steps),
        ("close", "✕", "Close the inspector", "Esc", True),
    )
    told = "".join(
        f'<button type="button" title="{what} ({key})" aria-label="{what}" {_ask(act=act)}{"" if on else " disabled"}>'
        f"{sign}</button>"
        for act, sign, what, key, on in buttons
    )
    return f'<div class="head"><h2>{named}</h2>{told}</div><p>{escape(place)}</p>'


def pictures(subject: Subject) -> str:
    """The clean image, the corrupted one, and where they differ most."""
    clean = subject.pictures[0]
    figures = [_figure(picture(clean), "Clean")]
    if subject.condition != CLEAN:
        corrupted = subject.pictures[subject.place]
        change = difference(clean, corrupted)
        size = clean.shape[1:]
        # Pictures stand in a square, the longer side filling it.
        left, top = (
            50 + 100 * (at + 0.5 - length / 2) / max(size)
            for at, length in ((change.column, size[1]), (change.row, size[0]))
        )
        spot = f'<span class="spot" style="left:{left:.1f}%;top:{top:.1f}%" title="The pixel that changes most"></span>'
        figures.append(_figure(picture(corrupted), condition_text(subject.condition)))
        figures.append(_figure(picture(change.picture), f"Difference, {100 * change.mean:.1f} % of the range", spot))
    return f'<div class="pictures">{"".join(figures)}</div>'


def conditions(offered: Mapping[str, Sequence[int]], condition: Condition) -> str:
    """The choosers of corruption and severity."""
    if not offered:
        return ""
    options = "".join(
        f'<option value="{escape(each)}"{" selected" if each == condition[0] else ""}>{escape(name(each))}</option>'
        for each in offered
    )
    levels = "".join(
        f'<button type="button" aria-pressed="{str(level == condition[1]).lower()}" aria-label="Severity {level}" '
        f"{_ask(corruption=condition[0], severity=level)}>{level}</button>"
        for level in offered.get(condition[0], [])
    )
    return f'<div class="row"><select name="corruption" aria-label="Corruption">{options}</select>{levels}</div>'


def readings(
    tickets: Sequence[Chosen],
    shown: Sequence[Condition],
    cells: Cells,
    label: int,
    classes: Sequence[str],
    theme: Theme,
) -> str:
    """What each ticket takes the image for: a row a ticket, a column a condition."""
    heads = "".join(f"<th>{escape('Clean' if each == CLEAN else condition_text(each))}</th>" for each in shown)
    rows = "".join(
        f'<tr><th><i style="background:{ticket.style.color}"></i>{escape(ticket.label)}</th>'
        + "".join(_cell(cells.get((ticket.id, each)), label, classes, theme) for each in shown)
        + "</tr>"
        for ticket in tickets
    )
    return f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def predictions(subject: Subject) -> dict[tuple[str, Condition], tuple[int, float]]:
    """What `readings` shows of networks at hand."""
    scores = {ticket: class_scores({ticket: own}, 10**6) for ticket, own in subject.seen.items()}
    return {
        (ticket, subject.views[view]): (
            int(subject.seen[ticket].predictions[view]), float(own.loc[own["view"] == view, "score"].max())
        )
        for ticket, own in scores.items()
        for view in subject.shown
    }  # fmt: skip


def bars(subject: Subject) -> str:
    """The scores of the classes that matter: a bar a ticket, clean at the left, corrupted at the right."""
    there = {ticket.id: subject.seen[ticket.id] for ticket in subject.tickets}
    table = class_scores(there)
    table = table[table["view"].isin(subject.shown)]
    scores = {key: float(score) for *key, score in table.itertuples(index=False, name=None) for key in [tuple(key)]}
    classes = subject.selection.study.classes
    thick = next((pixels for most, pixels in THICKNESS.items() if len(there) <= most), 3)
    rows = '<span></span><span class="top">Clean</span>'
    rows += (
        "<span></span>" if len(subject.shown) < 2 else f'<span class="top">{condition_text(subject.condition)}</span>'
    )
    for number in dict.fromkeys(table["class"]):
        own = number == subject.label
        title = "the true class" if own else ""
        rows += f'<span class="class{" true" if own else ""}" title="{title}">{escape(classes[number])}</span>'
        parts = [_bars(subject.tickets, scores, view, number, classes[number]) for view in subject.shown]
        rows += "".join(parts) + "<span></span>" * (2 - len(parts))
    return f'<div class="scores" style="--thick:{thick}px">{rows}</div>'


def ways() -> str:
    """Where one can go from here."""
    places = {
        "map": ("Show on the map", "The maps of the features, with this image ringed"),
        "similar": ("More like this", "Adds its neighbours in all tickets' feature spaces to the selection"),
        "attribution": ("Which pixels?", "Attribution: the pixels that turn its feature"),
        "gallery": ("All corruptions", "The gallery of this image"),
    }
    buttons = "".join(
        f'<button type="button" title="{title}" {_ask(act=act)}>{text}</button>'
        for act, (text, title) in places.items()
    )
    return f'<div class="row">{buttons}</div>'


def _bars(
    tickets: Sequence[Chosen], scores: Mapping[tuple[object, ...], float], view: int, number: int, of: str
) -> str:
    spans = "".join(
        f'<span style="--colour:{ticket.style.color};width:{100 * score:.1f}%" '
        f'title="{escape(f"{ticket.label}: {of} {100 * score:.1f} %")}"></span>'
        for ticket in tickets
        for score in [np.nan_to_num(scores[ticket.id, view, number])]
    )
    return f'<div class="bars">{spans}</div>'


def _cell(read: tuple[int, float] | None, label: int, classes: Sequence[str], theme: Theme) -> str:
    if read is None or not np.isfinite(read[1]):
        return "<td>–</td>"
    guess, sure = read
    right = guess == label
    tint = fade(theme.good if right else theme.bad, 0.08 + 0.3 * sure)
    mark = "" if right else "✗ "
    return f'<td style="background:{tint}"><b>{mark}{escape(classes[guess])}</b> <small>{100 * sure:.0f} %</small></td>'


def _figure(source: str, caption: str, more: str = "") -> str:
    return (
        f'<figure><div><img src="{escape(source)}" alt="{escape(caption)}">{more}</div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _ask(**request: object) -> str:
    return f"data-ask='{escape(json.dumps(request))}'"


def read_from(rows: pd.DataFrame) -> dict[tuple[str, Condition], tuple[int, float]]:
    """What `readings` shows of rows of the results: ticket_id, corruption, severity, prediction, confidence."""
    return {
        (row.ticket_id, (str(row.corruption), int(row.severity))): (int(row.prediction), float(row.confidence))
        for row in rows.itertuples()
    }
