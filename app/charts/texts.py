"""Numbers with their intervals as text, for hovers and tables, and the disc that stands for a ticket in a table."""

from __future__ import annotations

import base64
from collections.abc import Iterable

import numpy as np
import pandas as pd

from app.names import listed


def widest(texts: Iterable[str], character: float = 6.6, around: int = 22) -> int:
    """Pixels that cut none of the texts: those of a table's column, where a `character` and what is `around` are."""
    return around + round(character * max(map(len, texts), default=0))


def every(count: int) -> str:
    """All of so many, as a word before what they are: `both`, `all 5`."""
    return "both" if count == 2 else f"all {count}"


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign, a true minus: `−1.2`, `+3.0`."""
    return minus(f"{value:+.{digits}f}")


def minus(numbers: str) -> str:
    """Numbers as text, with true minuses in place of hyphens."""
    return numbers.replace("-", "−")


def bracket(low: float, high: float, form: str = "{:.1f}", factor: float = 100.0) -> str:
    """An interval behind its number: ` (91.0 to 95.2)`; nothing where it has none."""
    return minus(f" ({form.format(factor * low)} to {form.format(factor * high)})") if np.isfinite(low) else ""


def spread(low: float, high: float, form: str = "{:.1f}", factor: float = 100.0, unit: str = " %") -> str:
    """An interval by itself, in a table: `−0.4 to 95.2 %`; a dash where there is none."""
    ends = minus(f"{form.format(factor * low)} to {form.format(factor * high)}")
    return f"{ends}{unit}" if np.isfinite(low) else "–"


def points(difference: float) -> str:
    """A difference in accuracy, a fraction, in percentage points with its sign: `−1.2`, `+3.0`, `±0.0`."""
    text = signed(100 * difference)
    return "±0.0" if text[1:] == "0.0" else text


def sizes(
    rows: pd.DataFrame, unit: str = "points", column: str = "difference", form: str = "{:.1f}", factor: float = 100
) -> str:
    """Differences without their signs, each with its interval, as one text.

    `1.2 points (0.4 to 2.0)`; of two, both in the order of the rows; of more, the least and the greatest, which are
    said to be those as measured, so that nobody takes them for an interval.

    Args:
        rows: at least one, with `low` and `high` (NaN: no interval).
        unit: behind the number.
        column: what holds the differences.
        form: of a number.
        factor: what numbers are multiplied with.
    """
    rows = rows if len(rows) < 3 else rows.sort_values(column, key=abs, kind="stable")
    written = []
    for value, *ends in rows[[column, "low", "high"]].astype(float).abs().to_numpy():
        number = f"{form.format(factor * value)} {unit}".rstrip()
        written.append(number + bracket(min(ends), max(ends), form, factor))
    if len(written) < 3:
        return listed(written)
    return f"{written[0]} at least and {written[-1]} at most, as measured"


def dot(color: str) -> str:
    """A disc of the colour, as the address of a picture."""
    circle = f'<circle cx="12" cy="12" r="7" fill="{color}"/>'
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{circle}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode()
