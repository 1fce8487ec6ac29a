"""The parts that every page is built of: headings, cards with downloads, tiles, empty states."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any, cast

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.names import harmless, shown
from app.shell import glossary, work
from app.shell.columns import described
from app.shell.downloads import file_name, image_buttons, to_csv, to_latex, without_pictures
from app.shell.folds import fold
from app.shell.light import keep_dark
from app.shell.theme import Style

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "displayModeBar": "hover",
    "scrollZoom": False,
    "doubleClick": "reset+autosize",
    "modeBarButtonsToRemove": [
        "autoScale2d",
        "zoomIn2d",
        "zoomOut2d",
        "hoverClosestCartesian",
        "hoverCompareCartesian",
    ],
    "showTips": False,
    "typesetMath": False,
}

QUIET: dict[str, Any] = {"modeBarButtons": [["toImage"]]}
"""For charts that need no tools: drag zooms where the chart allows it, double-click shows all again. The camera stays,
unseen, for the download menu."""


def page_title(title: str, lead: str = "") -> None:
    """The heading of a page and one sentence on what it answers."""
    st.markdown(f"# {plain(shown(title))}")
    if lead:
        st.markdown(f'<p class="lead">{escape(shown(lead))}</p>', unsafe_allow_html=True)


def card(
    title: str,
    figure: go.Figure | Callable[[], go.Figure],
    data: pd.DataFrame | Callable[[], pd.DataFrame],
    key: str,
    help: str = "",
    caption: str | Callable[[], str] = "",
    on_select: Callable[[], None] | str = "ignore",
    selection_mode: str | Iterable[str] = ("points", "box", "lasso"),
    config: dict[str, Any] | None = None,
    controls: Callable[[], Any] | None = None,
    meanings: Mapping[str, str] | None = None,
    percent: bool = False,
    folded: bool = False,
    below: Callable[[], Any] | None = None,
) -> Any:
    """A chart in a frame: a title that says what is seen, the chart, and a menu to download it as PNG, SVG or CSV.

    Args:
        title: says what is seen ("Accuracy falls from 95 % sparsity on"), or what the chart answers.
        figure: drawn as it is; its height counts, its width is the card's. A function that makes it is asked only when
            the card is open.
        data: the rows behind the chart, or a function that makes them; asked only when the CSV is wanted.
        key: unique on the page; `chart-KEY` is the plotly widget's key in `st.session_state`, which an `on_select`
            callback reads (`selected_points` does it).
        help: how to read the chart, shown on hover beside the title.
        caption: a line below the chart: number of samples, intervals, sources; or a function that says it.
        on_select: "ignore", "rerun", or a callback; returns the chart's event unless it is "ignore".
        selection_mode: what may be selected: points, box, lasso.
        config: plotly configuration on top of `CONFIG`.
        controls: draws widgets that belong to this chart, between title and chart.
        meanings: column of `data` -> what it means and its unit, where `app.shell.columns` does not know it.
        percent: whether shares in `data` are given in per cent, and not as fractions.
        folded: whether its title alone is seen until it is opened; before, nothing of it is drawn or sent.
        below: draws what stands below chart and caption.
    """
    with frame_of(title, key, folded) as opened:
        if not opened:
            return None
        header(title, data, key, help, meanings=meanings, percent=percent, folded=folded)
        if controls is not None:
            controls()
        drawn = figure() if callable(figure) else figure
        keep_dark(key, drawn)
        chart = st.plotly_chart(
            drawn,
            theme=None,
            key=f"chart-{key}",
            on_select=cast(Any, on_select),
            selection_mode=cast(Any, selection_mode),
            config={**CONFIG, **(config or {})},
        )
        if said := caption() if callable(caption) else caption:
            st.caption(said)
        if below is not None:
            below()
    return chart


def table_card(
    title: str,
    frame: pd.DataFrame | Callable[[], pd.DataFrame],
    key: str,
    columns: dict[str, Any] | None = None,
    help: str = "",
    caption: str = "",
    data: pd.DataFrame | Callable[[], pd.DataFrame] | None = None,
    paper: dict[str, Any] | None = None,
    controls: Callable[[], Any] | None = None,
    meanings: Mapping[str, str] | None = None,
    folded: bool = False,
    **table: Any,
) -> Any:
    """A sortable table in a frame, to download as CSV and as LaTeX.

    Args:
        title: says what is seen.
        frame: the rows, or a function that makes them; asked only when the table is open.
        key: unique on the page.
        columns: Streamlit's `column_config`.
        help: how to read the table, shown on hover beside the title.
        caption: a line below the table.
        data: what the CSV holds when that is not `frame` itself, without its pictures. Of these columns the headings
            say what they mean, and shares are per cent, where they are those of the table.
        paper: more arguments of `analysis.latex.table`.
        controls: draws widgets that belong to this table, between title and table.
        meanings: as in `card`.
        folded: as in `card`.
        table: more arguments of `st.dataframe`.
    """
    with frame_of(title, key, folded) as opened:
        if not opened:
            return None
        drawn = frame() if callable(frame) else frame
        tex = lambda: to_latex(drawn, columns, **(paper or {}))  # noqa: E731
        rows = without_pictures(drawn, columns) if data is None else data
        header(
            title, rows, key, help, False, tex, meanings=meanings, percent=True, columns=columns, folded=folded,
            shown=drawn,
        )  # fmt: skip
        if controls is not None:
            controls()
        shown = st.dataframe(drawn, key=f"table-{key}", column_config=columns, hide_index=True, **table)
        if caption:
            st.caption(caption)
    return shown


@contextmanager
def frame_of(title: str, key: str, folded: bool) -> Iterator[bool]:
    """The frame of a card, of a folded one the title opens it; gives whether there is anything to draw in it."""
    name = f"card-{key}"
    with fold(f"**{title}**", name) if folded else st.container(border=True, key=name) as opened:
        yield bool(opened) if folded else True


def header(
    title: str,
    data: pd.DataFrame | Callable[[], pd.DataFrame],
    key: str,
    help: str = "",
    images: bool = True,
    tex: Callable[[], str] | None = None,
    meanings: Mapping[str, str] | None = None,
    percent: bool = False,
    columns: dict[str, Any] | None = None,
    folded: bool = False,
    shown: pd.DataFrame | None = None,
) -> None:
    """The first line of a card: its title, and the download menu at the right.

    Args:
        title: as in `card`.
        data: as in `card`.
        key: as in `card`.
        help: as in `card`.
        images: whether there is a chart to give away.
        tex: makes the LaTeX of a table.
        meanings: as in `card`.
        percent: as in `card`.
        columns: Streamlit's `column_config`, whose headings are meanings too.
        folded: whether the title stands above it already; the help is then written out in its place.
        shown: the table that `columns` and `percent` speak of; None where it is `data`.
    """

    def meant() -> tuple[pd.DataFrame, dict[str, str]]:
        frame = data() if callable(data) else data
        return frame, described(frame, meanings, columns, percent, shown)

    def csv() -> bytes:
        return to_csv(*meant())

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"head-{key}"):
        if folded:
            st.caption(help or " ", width="stretch")
        else:
            st.markdown(f"**{title}**", help=help or None, width="stretch")
        glossary.button(key, lambda: meant()[1])
        with st.popover("", icon=":material/download:", type="tertiary", help="Download this", key=f"menu-{key}"):
            if images:
                image_buttons(key, file_name(title))
            st.download_button(
                "CSV table",
                data=csv,
                file_name=f"{file_name(title)}.csv",
                mime="text/csv",
                help="The first lines, which begin with #, say what the columns mean and their units. "
                '`pandas.read_csv(file, comment="#")` reads the file.',
                key=f"csv-{key}",
                on_click="ignore",
                type="tertiary",
                width="stretch",
            )
            if tex is not None:
                st.download_button(
                    "LaTeX table",
                    data=lambda: tex().encode(),
                    file_name=f"{file_name(title)}.tex",
                    mime="application/x-tex",
                    key=f"tex-{key}",
                    on_click="ignore",
                    type="tertiary",
                    width="stretch",
                )


def tiles(items: Sequence[tuple[str, str, str]]) -> None:
    """A row of headline numbers: (label, value, note)."""
    cells = (
        f'<div class="tile"><div class="label">{escape(label)}</div><div class="value">{escape(value)}</div>'
        f'<div class="note">{escape(note)}</div></div>'
        for label, value, note in items
    )
    st.html(f'<div class="tiles">{"".join(cells)}</div>')


def chips(heading: str, items: Iterable[tuple[Style, str]]) -> None:
    """Tickets in a row, each with its colour and a short text beside its name, under a heading."""
    cells = (
        f'<span class="chip"><i style="background:{style.color}"></i>{escape(style.label)} <b>{escape(text)}</b></span>'
        for style, text in items
    )
    st.html(f'<div class="chips"><div class="heading">{escape(heading)}</div>{"".join(cells)}</div>')


def selected_points(key: str) -> list[dict[str, Any]]:
    """The points selected in the chart of the card `key`: `x`, `y`, `customdata`, `point_index`, `curve_number`."""
    state = st.session_state.get(f"chart-{key}") or {}
    return list((state.get("selection") or {}).get("points") or [])


def picked(key: str, size: int) -> list[str] | None:
    """The `customdata`, of that many texts, of the point clicked last in a card's chart; None where there is none."""
    points = selected_points(key)
    data = points[-1].get("customdata") if points else None
    return list(map(str, data)) if isinstance(data, (list, tuple)) and len(data) == size else None


def picked_cell(key: str) -> tuple[int, str] | None:
    """Row, by place, and column of the cell clicked in the table of the card `key`; None where there is none."""
    state = st.session_state.get(f"table-{key}") or {}
    cells = list((state.get("selection") or {}).get("cells") or [])
    return (int(cells[-1][0]), str(cells[-1][1])) if cells else None


def selected_range(key: str) -> tuple[float, float] | None:
    """What was brushed, from left to right, in the chart of the card `key`, or the bar that was clicked; None if none.

    A bar's `customdata` begins with its two ends.
    """
    chosen = (st.session_state.get(f"chart-{key}") or {}).get("selection") or {}
    for box in reversed(chosen.get("box") or []):
        if len(box.get("x") or []) >= 2:
            return min(box["x"]), max(box["x"])
    points = chosen.get("points") or []
    ends = points[-1].get("customdata") if points else None
    return (float(ends[0]), float(ends[1])) if isinstance(ends, list | tuple) and len(ends) >= 2 else None


def empty(message: str, todo: str = "", command: str = "") -> None:
    """A calm box where there is nothing to show: what is missing, what to do, and a command to copy.

    What the app can do of it has a button.
    """
    with st.container(border=True, key="empty-" + hashlib.blake2b(message.encode(), digest_size=4).hexdigest()):
        st.markdown(f":material/info: **{message}**" + (f"  \n{todo}" if todo else ""))
        if command:
            st.code(command, language="bash")
        work.offer("\n".join((message, todo, command)))


def plain(text: str) -> str:
    """Text that Markdown leaves as it is; names of classes and files may hold anything."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~$:])", r"\\\1", harmless(text))


def notes(sentences: Iterable[str]) -> None:
    """Small print below a page. The sentences may quote what a link says, so they are shown as text."""
    lines = "".join(f"<div>{escape(sentence)}</div>" for sentence in sentences)
    if lines:
        st.html(f'<div class="notes">{lines}</div>')
