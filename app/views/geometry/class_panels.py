"""The matrices of the section Global as charts take them: colours, numbers in the cells, words for the hover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.comparisons.class_geometry import Matrix, class_vectors, differs, towards
from app.charts.base import Scale
from app.charts.texts import bracket, minus, signed
from app.shell.selection import Chosen
from app.shell.theme import Theme
from app.views.geometry.charts.class_matrices import Panel, Strip
from app.views.geometry.class_view import MOST_CLASSES, View

QUANTITIES = {"excess": "Angle less own", "angle": "Angle", "cosine": "Cosine", "logit": "Logit"}
KINDS = {"errors": "Confusion", "angles": "Angles", "cosines": "Class directions"}
UNITS = {"excess": "degrees beyond the own", "angle": "degrees", "cosine": "cosine", "logit": "logit less the mean"}
FORMS = {"excess": "{:.0f}", "angle": "{:.0f}", "cosine": "{:.2f}", "logit": "{:.1f}"}


def panel_of(kind: str, view: View, tickets: Sequence[Chosen]) -> dict[str, Panel]:
    """Ticket id -> its matrix of a kind of `KINDS`, all on one scale; tickets without one are left out."""
    make = {"errors": _errors, "angles": _angles, "cosines": _cosines}[kind]
    return make(view, tickets)


def heading(ticket: Chosen) -> str:
    """A ticket's name with its colour."""
    return f'<span style="color:{ticket.style.color}">●</span> <b>{ticket.style.label}</b>'


def strips_of(view: View, ticket: Chosen) -> list[Strip]:
    """The lengths of the class directions, the biases, and the mean logits of all images, by row."""
    lengths = np.linalg.norm(class_vectors(view.weight(ticket), view.centred), axis=1)
    bias = view.bias(ticket).astype(np.float64)
    bias = bias - bias.mean()
    if not np.isfinite(lengths).any():
        return []
    theme, seen = view.selection.theme, view.seen(ticket)
    norm = _grouped(lengths, view)
    up_to = theme.sequential, 0.0, float(norm.max()) or 1.0
    strips = [
        Strip("‖w‖", norm, up_to, "length of the class direction", [f"{each:.2f}" for each in norm]),
        _around("b", _grouped(bias, view), "bias less the mean of all", theme),
    ]
    if seen is not None and np.isfinite(seen.logits).any():
        logits = towards(seen, "logit", None)
        mean = logits[np.isfinite(logits).all(axis=1)].mean(axis=0)
        strips.append(
            _around("logit", _grouped(mean, view), "logit less the mean of all, the mean of all images", theme)
        )
    return strips


def _grouped(values: np.ndarray, view: View) -> np.ndarray:
    return np.array([values[group].mean() for group in view.row_groups])


def _around(heading: str, values: np.ndarray, meaning: str, theme: Theme) -> Strip:
    top = float(np.abs(values).max()) or 1.0
    digits = 2 if top < 10 else 0
    return Strip(heading, values, (theme.diverging, -top, top), meaning, [signed(each, digits) for each in values])


def _errors(view: View, tickets: Sequence[Chosen]) -> dict[str, Panel]:
    found = {ticket.id: each for ticket in tickets if (each := view.errors(ticket)) is not None}
    values = {ticket: 100 * each.value for ticket, each in found.items()}
    minus = view.baseline is not None
    if view.rows == view.columns and not view.by_cluster and not minus:
        own = np.eye(len(view.rows), dtype=bool)  # nobody is wrongly taken for what it is
        values = {ticket: np.where(own, np.nan, each) for ticket, each in values.items()}
    scale = _scale(view.selection.theme, list(values.values()), minus, flipped=True)
    panels = {}
    for ticket in tickets:
        if ticket.id in found:
            each = found[ticket.id]
            texts = _texts(values[ticket.id], "{:+.0f}" if minus else "{:.0f}", ("0", "+0", "-0"))
            several = view.errors_of_trainings(ticket) if minus else None
            faded = _faded(view, several or each)
            hovers = _hovers(each, several, "{:+.1f}" if minus else "{:.1f}", 100.0, " % of its images", faded)
            hovers = _over_seeds(view, ticket, hovers)
            panels[ticket.id] = Panel(
                heading(ticket), f"{ticket.id} errors", values[ticket.id], texts, hovers, scale,
                "points more than the baseline" if minus else "of the class's images, taken for another (%)",
                "taken for", faded,
            )  # fmt: skip
    return panels


def _over_seeds(view: View, ticket: Chosen, hovers: np.ndarray) -> np.ndarray:
    """With the range over all trainings, where the predictions of several are stored, class by class."""
    stored = view.stored
    if view.by_cluster or view.baseline is not None or stored is None or len(view.rows) > MOST_CLASSES:
        return hovers
    runs = stored.predicted.get(ticket.key)
    if runs is None or len(runs) < 2:
        return hovers
    given = stored.chosen([view.condition], [ticket.key]).predicted[ticket.key][:, 0]
    found = hovers.copy()
    columns = [int(group[0]) for group in view.column_groups]
    for line, group in enumerate(view.row_groups):
        own = given[:, stored.labels == group[0]]
        if own.shape[1]:
            shares = 100 * np.stack([(own == column).mean(axis=1) for column in columns])
            for place, each in enumerate(shares):
                if columns[place] != group[0]:
                    found[line, place] += f"<br>over {len(given)} trainings {each.min():.0f} to {each.max():.0f} %"
    return found


def _angles(view: View, tickets: Sequence[Chosen]) -> dict[str, Panel]:
    found = {ticket.id: each for ticket in tickets if (each := view.angles(ticket)) is not None}
    minus, quantity, theme = view.baseline is not None, view.quantity, view.selection.theme
    values = [each.value for each in found.values()]
    if quantity == "angle" and not minus and values:
        low, high = (float(end(np.concatenate([each.ravel() for each in values]))) for end in (np.nanmin, np.nanmax))
        near = tuple((1 - place, colour) for place, colour in reversed(theme.sequential))
        scale: Scale = (near, low, max(high, low + 1e-9))
    else:
        scale = _scale(theme, values, True)
    form, unit = FORMS[quantity], UNITS[quantity]
    panels = {}
    for ticket in tickets:
        if ticket.id in found:
            each = found[ticket.id]
            several = view.angles_of_trainings(ticket)
            faded, degrees = _faded(view, several or each), "°" if quantity in ("excess", "angle") else ""
            panels[ticket.id] = Panel(
                heading(ticket), f"{ticket.id} angles", each.value, _texts(each.value, form),
                _hovers(each, several, form.replace("0f", "1f"), 1.0, degrees, faded), scale,
                f"{unit}, minus the baseline's" if minus else unit, "direction of", faded,
            )  # fmt: skip
    return panels


def _cosines(view: View, tickets: Sequence[Chosen]) -> dict[str, Panel]:
    found = {ticket.id: each for ticket in tickets if (each := view.cosines(ticket)) is not None}
    minus, theme = view.baseline is not None, view.selection.theme
    ideal = -1 / max(len(view.classes) - 1, 1) if view.centred and not minus else 0.0
    spread = max((float(np.nanmax(np.abs(each - ideal), initial=0.0)) for each in found.values()), default=1.0) or 1.0
    scale = theme.diverging, ideal - spread, ideal + spread
    panels = {}
    for ticket in tickets:
        if ticket.id in found:
            each = found[ticket.id]
            words = [[f"cosine <b>{value:.3f}</b>" for value in line] for line in each]
            panels[ticket.id] = Panel(
                heading(ticket), f"{ticket.id} cosines", each, _texts(each, "{:.2f}"), np.array(words, dtype=object),
                scale, "cosine, minus the baseline's" if minus else f"cosine (simplex: {signed(ideal, 2)})" if ideal
                else "cosine", "direction of",
            )  # fmt: skip
    return panels


def _faded(view: View, matrix: Matrix) -> np.ndarray | None:
    """Differences that are within noise; nothing else is held against 0."""
    return ~differs(matrix) & np.isfinite(matrix.value) if view.baseline is not None else None


def _scale(theme: Theme, values: Sequence[np.ndarray], signed: bool, flipped: bool = False) -> Scale:
    """From nothing to the most; or to both sides of 0, where `flipped` says that much is bad."""
    top = max((float(np.nanmax(np.abs(each), initial=0.0)) for each in values), default=1.0) or 1.0
    if not signed:
        return theme.sequential, 0.0, top
    colours = theme.diverging
    if flipped:
        colours = tuple((1 - place, colour) for place, colour in reversed(colours))
    return colours, -top, top


def _texts(values: np.ndarray, form: str, nothing: Sequence[str] = ()) -> np.ndarray:
    texts = [["" if np.isnan(value) else form.format(value) for value in line] for line in values]
    found = np.array([["" if each in nothing else _short(each) for each in line] for line in texts], dtype=object)
    return found.reshape(values.shape)


def _short(text: str) -> str:
    """Without the naught before the point, with a true minus, and nothing as 0."""
    if text and not text.strip("+-0."):
        return "0"
    for sign in ("", "-", "+"):
        if text.startswith(f"{sign}0."):
            text = sign + text[len(sign) + 1 :]
            break
    return minus(text)


def _hovers(
    matrix: Matrix, several: Matrix | None, form: str, factor: float, unit: str, faded: np.ndarray | None
) -> np.ndarray:
    """The number of the network shown with its interval over images, and the mean over all its trainings."""
    found = np.empty(matrix.value.shape, dtype=object)
    for (line, place), value in np.ndenumerate(matrix.value):
        interval = bracket(float(matrix.low[line, place]), float(matrix.high[line, place]), form, factor)
        found[line, place] = f"<b>{minus(form.format(factor * value))}{unit}</b>{interval}, {matrix.n[line]:,} images"
        if several is not None and np.isfinite(several.value[line, place]):
            interval = bracket(float(several.low[line, place]), float(several.high[line, place]), form, factor)
            mean = minus(form.format(factor * several.value[line, place]))
            found[line, place] += f"<br>over {several.trainings} trainings {mean}{unit}{interval}"
        if faded is not None and faded[line, place]:
            found[line, place] += "<br>within noise"
    return found
