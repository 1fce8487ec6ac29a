"""What a card gives away: its chart as PNG, SVG, PDF and Python, its rows as CSV, its table as LaTeX."""

from __future__ import annotations

import base64
import csv
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
import streamlit.components.v2

from analysis import latex
from app.assets import read
from app.shell.columns import form_of, heading, is_picture
from app.shell.light import light_changes
from app.shell.numbers import without_unit, written
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
        columns: Streamlit's `column_config`: headings, the form of numbers and hidden columns are those of the page;
            a unit goes into the heading, and pictures are left out.
        more: goes to `analysis.latex.table`.
    """
    columns = columns or {}
    bold = more.get("bold", {}).values()
    used = {*(bound for pair in more.get("intervals", {}).values() for bound in pair), *bold}
    hidden = [name for name in frame.columns if name in columns and columns[name] is None and name not in used]
    shown = without_pictures(frame.drop(columns=hidden), columns)
    marks = [name for name in shown if pd.api.types.is_bool_dtype(shown[name]) and name not in bold]
    shown = shown.assign(**{name: shown[name].map({True: "yes", False: "no"}) for name in marks})
    digits: dict[Any, Callable[[float], str]] = {}
    heads = {}
    for name in shown.columns:
        config = columns.get(name)
        heads[name] = heading(config) or str(name)
        form, _ = without_unit(form_of(config if isinstance(config, dict) else None))
        if form or pd.api.types.is_float_dtype(shown[name]):
            digits[name] = partial(written, form=form)
    return latex.table(shown, **{"digits": digits, "headers": heads, **more})


def without_pictures(frame: pd.DataFrame, columns: Mapping[str, Any] | None) -> pd.DataFrame:
    """The frame without the columns that hold pictures, by Streamlit's `column_config`."""
    return frame.drop(columns=[name for name in frame.columns if is_picture((columns or {}).get(name))])


def file_name(title: str) -> str:
    """A title as a file name: lower case, words joined by hyphens, at most 60 characters."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].rstrip("-") or "chart"
