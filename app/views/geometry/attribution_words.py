"""The section Attribution in words: the answer, no stronger than the seeds allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.attribution import Way
from analysis.comparisons.ticket_attribution import Lost, TicketMaps, position
from analysis.metrics.attribution import Patches
from app.charts.base import Styles
from app.charts.texts import minus
from app.names import listed
from app.shell.layout import plain

UNITS = {"gap": "°", "length": "%"}


def answer(
    maps: TicketMaps,
    measure: str,
    way: Way,
    size: tuple[int, int],
    what: str,
    table: pd.DataFrame,
    styles: Styles,
    under: str = "",
) -> str:
    """What hiding the patch that counts most does, and who leans on other pixels, as markdown.

    Args:
        maps: of the condition that the page looks at.
        measure: "gap" or "length".
        way: how effects were found.
        size: height and width of the image.
        what: the images in words, such as `this 8`.
        table: of `maps.table`.
        styles: key -> how a ticket is named.
        under: the condition, such as `Under **Fog 4**: `; empty for clean images.
    """
    if way.method == "occlusion":
        first = _hiding(maps, measure, way, size, what, styles)
    else:
        first = _content(maps, measure, what, styles) if way.method == "integrated" else ""
    said = " ".join(filter(None, [first, _shapes(maps, table, styles)]))
    return f"{under}{said[:1].lower()}{said[1:]}" if under else said


def _hiding(maps: TicketMaps, measure: str, way: Way, size: tuple[int, int], what: str, styles: Styles) -> str:
    most = maps.strongest(measure)
    if most is None or most.place is None:
        return f"No patch of {what} adds to the {measure} in any of these tickets."
    corner = Patches(*size, way.patch, way.stride).corners[most.place]
    place = position(corner, way.patch, size)
    does = f"turns {what} away from its class" if measure == "gap" else f"shortens the feature of {what}"
    said = f"Hiding the patch at the **{place}** (framed) {does} by {_lost(most, measure)} in {_name(styles, most.key)}"
    if most.key == maps.baseline:
        return f"{said}."
    base = maps.hidden_at(maps.baseline, measure, most.place)
    if base.mean < 0:
        other = "turns it towards it" if measure == "gap" else "lengthens it"
        base = Lost(base.key, -base.mean, -base.high, -base.low)
        return f"{said}, and {other} by {_lost(base, measure)} in {_name(styles, base.key)}."
    return f"{said}, by {_lost(base, measure)} in {_name(styles, base.key)}."


def _content(maps: TicketMaps, measure: str, what: str, styles: Styles) -> str:
    """What all pixels together add, of the ticket where that is least and of the baseline."""
    worth = [maps.content(key, measure) for key in maps.others or [maps.baseline]]
    least = min((each for each in worth if np.isfinite(each.mean)), key=lambda each: each.mean, default=None)
    if least is None:
        return ""
    said = f"All pixels of {what} together add {_lost(least, measure)} to the {measure} in {_name(styles, least.key)}"
    if least.key == maps.baseline:
        return f"{said}."
    return f"{said}, {_lost(maps.content(maps.baseline, measure), measure)} in {_name(styles, maps.baseline)}."


def _lost(hidden: Lost, measure: str) -> str:
    unit = UNITS[measure] if measure == "gap" else f" {UNITS[measure]}"
    said = f"**{hidden.mean:.1f}{unit}**"
    return minus(said if hidden.low == hidden.high else f"{said} ({hidden.low:.1f} to {hidden.high:.1f}{unit} by seed)")


def _shapes(maps: TicketMaps, table: pd.DataFrame, styles: Styles) -> str:
    asked = table[table["p"].notna()]
    base = _name(styles, maps.baseline)
    if not maps.others:
        return ""
    if asked.empty:
        return "One training of each: how far maps differ by chance is not known, so nothing is claimed of methods."
    differ = [_name(styles, key) for key in asked.loc[asked["differs"], "key"]]
    whom = "methods" if (asked["over"] == "seeds").all() else "these networks"
    if not differ:
        return (
            f"No ticket is shown to lean on other pixels than {base}: the maps differ no more than noise lets them "
            f"(smallest p {_p(asked['p_holm'].min())})."
        )
    verb = "leans" if len(differ) == 1 else "lean"
    return (
        f"**{listed(differ)} {verb} on other pixels than {base}** (p {_p(asked.loc[asked['differs'], 'p_holm'].max())}"
        f", of {whom})."
    )


def taken_for(predictions: np.ndarray, classes: Sequence[str]) -> str:
    """What the seeds take an image for: `8`, or `8 (2 of 3), 3`, most frequent first; int [S] -> text."""
    found = pd.Series(predictions).value_counts(sort=True)
    if len(found) == 1:
        return classes[int(found.index[0])]
    return ", ".join(f"{classes[int(number)]} ({count} of {len(predictions)})" for number, count in found.items())


def note(maps: TicketMaps, key: str, measure: str, label: int) -> str:
    """What stands behind a ticket's name: its gap or length, and a cross where most seeds take the image for others."""
    gap, length = maps.whole(key).mean(axis=(0, 1))
    value = gap if measure == "gap" else length
    if not np.isfinite(value):
        return "nothing to turn"
    said = minus(f"gap {gap:.0f}°") if measure == "gap" else f"length {length:.1f}"
    wrong = maps.predictions(key) != label
    return f"{said} ✗" if wrong.shape[1] == 1 and wrong.mean() > 0.5 else said


def _name(styles: Styles, key: str) -> str:
    return plain(styles[key].label)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}" if value < 0.1 else f"= {value:.2f}"
