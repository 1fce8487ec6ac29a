"""What a card gives away: its chart as PNG, SVG, PDF and Python, its rows as CSV, its table as LaTeX."""

from __future__ import annotations

import base64
import csv
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st
import streamlit.components.v2

from analysis import latex
from app.assets import read
from app.shell.light import light_changes
from app.shell.paper import to_pdf
from pruning.errors import UserError

_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d.]*$)")
"""How text begins that a spreadsheet takes for a formula; a signed number is none."""


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    script = read("samples.js") + read("fitting.js") + read("images.js")
    return streamlit.components.v2.component(
        "chart_images", html=read("images.html"), css=read("images.css"), js=script
    )


@st.fragment
def image_buttons(key: str, name: str) -> None:
    """The buttons for the chart of the card `key`; files are called `name`, with the width of those for a paper.

    The browser draws them; a PDF is made here of what it drew, and goes back to it. Of a dark chart it hears what to
    change so that it is in light colours.
    """
    widget, ready = f"images-{key}", f"images made {key}"

    def make() -> None:
        asked = (st.session_state.get(widget) or {}).get("paper") or {}
        if asked.get("light"):
            st.session_state[ready] = {"id": asked.get("id"), "changes": light_changes(key)}
            return
        try:
            pdf = to_pdf(str(asked.get("svg", "")), float(asked.get("cm", 0)))
            st.session_state[ready] = {"id": asked.get("id"), "pdf": base64.b64encode(pdf).decode()}
        except UserError as error:
            st.session_state[ready] = {"id": asked.get("id"), "error": str(error)}

    data = {
        "key": key,
        "name": name,
        "dark": st.context.theme.type == "dark",
        "made": st.session_state.pop(ready, None),
    }
    _component()(data=data, key=widget, on_paper_change=make)


def to_csv(frame: pd.DataFrame, meanings: Mapping[str, str] | None = None) -> bytes:
    """The frame as CSV, its index left out, below lines that begin with # and say what its columns mean.

    `pandas.read_csv(file, comment="#")` gives the frame back. Text is quoted where a # is part of it; an apostrophe
    goes before text that a spreadsheet would run as a formula.

    Args:
        frame: the rows.
        meanings: column -> what it means, with its unit.
    """
    frame = frame.rename(columns=_as_text).map(_as_text)
    notes = [f"# {name}: {' '.join(meaning.split())}\n" for name, meaning in (meanings or {}).items()]
    table = frame.to_csv(index=False)
    if "#" in table or "\r" in table:
        table = frame.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC)
    return "".join([*notes, table]).encode()


def _as_text(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def to_latex(frame: pd.DataFrame, columns: dict[str, Any] | None = None, **more: Any) -> str:
    """The frame as a booktabs table.

    Args:
        frame: the rows.
        columns: Streamlit's `column_config`: headings, decimals and hidden columns are those of the page.
        more: goes to `analysis.latex.table`.
    """
    columns = columns or {}
    used = {*(bound for pair in more.get("intervals", {}).values() for bound in pair), *more.get("bold", {}).values()}
    hidden = [name for name in frame.columns if name in columns and columns[name] is None and name not in used]
    digits, heads = {}, {}
    for name, config in columns.items():
        if not config or name not in frame.columns:
            continue
        heads[name] = config.get("label") or str(name)
        decimals = re.search(r"\.(\d)", str((config.get("type_config") or {}).get("format") or ""))
        if decimals:
            digits[name] = int(decimals[1])
    keep = {name: value for name, value in digits.items() if name not in hidden}
    return latex.table(frame.drop(columns=hidden), **{"digits": keep, "headers": heads, **more})


def file_name(title: str) -> str:
    """A title as a file name: lower case, words joined by hyphens, at most 60 characters."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].rstrip("-") or "chart"
