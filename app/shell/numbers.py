"""Numbers of a table as the browser writes them, by the printf form of their column."""

from __future__ import annotations

import re

import numpy as np

_PLACE = re.compile(r"%(\+?)(?:\.(\d+))?([dfg])")
"""What the app's forms know: a sign, digits, and one of three kinds."""


def written(value: float, form: str = "") -> str:
    """A number in a form: `%.1f %%`, `%+.2f`, `%.2g`, `localized`; without one, up to four decimals.

    As in the browser, `g` rounds to so many digits and writes no exponent between a millionth and 1e21.
    """
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    if form == "localized":
        return _trimmed(f"{value:,.3f}")
    place = _PLACE.search(form)
    if place is None:
        decimals = 4 if value == 0 or abs(value) >= 1e-4 else -int(np.floor(np.log10(abs(value))))
        return _trimmed(f"{value:,.{decimals}f}")
    sign, digits, kind = place.groups()
    if kind == "g":
        text = _positional(float(f"{value:.{digits}g}") if digits else value)
        text = f"+{text}" if sign and value >= 0 else text
    else:
        text = f"{int(value) if kind == 'd' else value:{sign}{f'.{digits or 6}f' if kind == 'f' else 'd'}}"
    return (form[: place.start()] + text + form[place.end() :]).replace("%%", "%")


def without_unit(form: str) -> tuple[str, str]:
    """A form for the number alone, and the unit that it writes behind each: `%.1f %%` -> `%.1f`, `%`."""
    place = _PLACE.search(form)
    if place is None:
        return form, ""
    return place[0], (form[: place.start()] + form[place.end() :]).replace("%%", "%").strip()


def _positional(value: float) -> str:
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return np.format_float_positional(value, trim="-")
    digits, power = f"{value!r}".split("e")
    return f"{digits}e{int(power):+d}"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
