r"""Tables for a paper: a DataFrame as LaTeX with booktabs, which compiles as it is with `\usepackage{booktabs}`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

Digits = int | Callable[[float], str]
"""Digits behind the point, or what writes a finite number as text."""

MISSING = "--"
SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",  # the default encoding has no other straight one
    **{char: f"\\{char}" for char in "&%$#_{}"},
    # What the page shows and pdflatex does not know
    "−": "$-$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "·": r"$\cdot$",
    "→": r"$\rightarrow$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "∞": r"$\infty$",
    "Δ": r"$\Delta$",
    "σ": r"$\sigma$",
    "τ": r"$\tau$",
    "ρ": r"$\rho$",
    "ℓ": r"$\ell$",
    "°": r"$^\circ$",
    "○": r"$\circ$",
    "●": r"$\bullet$",
    "²": r"$^2$",
    "…": r"\ldots{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "\N{NO-BREAK SPACE}": "~",
}


def table(
    frame: pd.DataFrame,
    digits: Digits | Mapping[str, Digits] = 1,
    intervals: Mapping[str, tuple[str, str]] | None = None,
    bold: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    caption: str | None = None,
    label: str | None = None,
) -> str:
    r"""A DataFrame as a booktabs table.

    Args:
        frame: a row a line; its index is left out. Text is escaped and set left, numbers are set right, whole ones as
            they are unless `digits` writes them, missing ones (NaN, None) as "--". Numbers are shown as given: multiply
            fractions by 100 before.
        digits: behind the point, or what writes a number, for all columns or by column (then 1 for those not named).
        intervals: column -> (column of its low, column of its high): these two go into the first one's cells, as
            "71.2 [70.1, 72.3]", and are no columns of their own. A missing bound leaves the value alone.
        bold: column -> a column of bool of the same table, which says what is bold and is no column of its own: marks
            lie in the rows they are of, however these are sorted. Mark the best and all that are not shown to be worse
            (`comparisons.ranking`, its `best`), or a reader takes noise for a win. Of an interval cell only the value
            is bold.
        headers: column -> what stands above it, plain text; the column's name otherwise.
        caption: plain text. With a caption or a label the tabular is put into a table float, caption above.
        label: used as `\label{...}`; it may hold letters, digits and ``:-._``.

    Returns LaTeX, ending with a newline; the first line is a comment that names the package needed.

    Raises ValueError for a column that is not there, a column name that occurs twice, marks that are no bool, or a
    label of other characters.
    """
    intervals, headers, bold = intervals or {}, headers or {}, bold or {}
    places = digits if isinstance(digits, Mapping) else dict.fromkeys(frame.columns, digits)
    aside = [*(column for pair in intervals.values() for column in pair), *bold.values()]
    _check(frame, [*places, *intervals, *aside, *bold, *headers], list(bold.values()), label)
    shown = [column for column in frame.columns if column not in aside]
    cells = [_cells(frame, column, places.get(column, 1), intervals.get(column), bold.get(column)) for column in shown]
    lines = [
        f"\\begin{{tabular}}{{{''.join('r' if _numeric(frame[column]) else 'l' for column in shown)}}}",
        "\\toprule",
        _line([escape(str(headers.get(column, column))) for column in shown]),
        "\\midrule",
        *(_line(row) for row in zip(*cells, strict=True)),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    return "\n".join(["% \\usepackage{booktabs}", *_floated(lines, caption, label)]) + "\n"


def escape(text: str) -> str:
    """Plain text for LaTeX: nothing in it is taken for a command or a longer dash.

    Line breaks become spaces, other control characters go. Letters beyond ASCII stay, of which pdflatex knows the
    accented ones.
    """
    spaced = " ".join(text.split())
    kept = "".join(SPECIAL.get(char, char) for char in spaced if char.isprintable() or char in SPECIAL)
    return re.sub(r"-(?=-)|[?!](?=`)", r"\g<0>{}", kept)


def number(value: float | None, digits: Digits = 1) -> str:
    """A number with so many digits behind the point, with a true minus sign; "--" where it is missing. No "-0.0".

    Instead of a count, `digits` may be what writes the number as text, in which 7e-9 becomes a power of ten.
    """
    if value is None or pd.isna(value):
        return MISSING
    if math.isinf(value):
        return r"$\infty$" if value > 0 else r"$-\infty$"
    text = digits(float(value)) if callable(digits) else f"{value:.{digits}f}"
    if not text.strip("+-0."):
        text = text.lstrip("+-")
    if power := re.fullmatch(r"([+-]?[\d.]+)e([+-]?\d+)", text):
        return rf"${power[1]} \times 10^{{{int(power[2])}}}$"
    return text.replace("-", "$-$")


def interval(value: float | None, low: float | None, high: float | None, digits: Digits = 1, bold: bool = False) -> str:
    """Return "value [low, high]"; without an interval where a bound is missing. The value in bold if wanted."""
    text = _bold(number(value, digits), bold)
    if any(each is None or pd.isna(each) for each in (value, low, high)):
        return text
    return f"{text} [{number(low, digits)}, {number(high, digits)}]"


def _cells(
    frame: pd.DataFrame, column: str, digits: Digits, bounds: tuple[str, str] | None, marks: str | None
) -> list[str]:
    """One column, a text a row; bold where the column `marks` says so."""
    values, bold = frame[column], frame[marks] if marks else [False] * len(frame)
    if bounds is not None:
        rows = zip(values, frame[bounds[0]], frame[bounds[1]], bold, strict=True)
        return [interval(value, low, high, digits, bool(mark)) for value, low, high, mark in rows]
    if _numeric(values):
        places = 0 if pd.api.types.is_integer_dtype(values) and not callable(digits) else digits
        texts = [number(value, places) for value in values]
    else:
        texts = [MISSING if pd.isna(value) else escape(str(value)) for value in values]
    return [_bold(text, bool(mark)) for text, mark in zip(texts, bold, strict=True)]


def _numeric(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _bold(text: str, wanted: bool) -> str:
    return f"\\textbf{{{text}}}" if wanted and text != MISSING else text


def _line(cells: Sequence[str]) -> str:
    # After the \\ of the line before, a bracket or an asterisk would be taken for its argument.
    first = f"{{}}{cells[0]}" if cells[0].startswith(("[", "*")) else cells[0]
    return f"{' & '.join([first, *cells[1:]])} \\\\"


def _floated(lines: list[str], caption: str | None, label: str | None) -> list[str]:
    if caption is None and label is None:
        return lines
    above = [f"\\caption{{{escape(caption)}}}"] if caption is not None else []
    above += [f"\\label{{{label}}}"] if label is not None else []
    return ["\\begin{table}", "\\centering", *above, *lines, "\\end{table}"]


def _check(frame: pd.DataFrame, named: Sequence[str], marks: Sequence[str], label: str | None) -> None:
    if not len(frame.columns) or frame.columns.has_duplicates:
        raise ValueError(f"A table needs columns, each with a name of its own: {list(frame.columns)}.")
    missing = [column for column in named if column not in frame.columns]
    if missing:
        raise ValueError(f"There is no column {missing[0]!r} among {list(frame.columns)}.")
    for column in marks:
        if not pd.api.types.is_bool_dtype(frame[column]):
            raise ValueError(f"What is bold is said by a column of bool, and {column!r} is of {frame[column].dtype}.")
    if label is not None and not re.fullmatch(r"[A-Za-z0-9:._-]+", label):
        raise ValueError(f"A label holds letters, digits and : . _ - only, not {label!r}.")
