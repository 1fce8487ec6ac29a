"""What a page shows as pieces of HTML, and the charts between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from app.report import figures, markup, tables

Tree = Any
"""A block of `streamlit.testing.v1`: its `children` are blocks and elements."""


@dataclass(frozen=True)
class Chart:
    """A chart of a page: its figure as JSON, and the heading above it."""

    spec: str
    title: str


Piece = str | Chart


def pieces(tree: Tree, title: str = "") -> Iterator[Piece]:
    """What a block shows, in order. Menus, buttons and what only a browser draws are left out.

    Args:
        tree: the block.
        title: the heading that it is below.
    """
    for child in tree.children.values():
        if not hasattr(child, "children"):
            yield from _element(child, title)
            continue
        title = _title(child) or title
        yield from _block(child, title)


def _block(block: Tree, title: str) -> Iterator[Piece]:
    kind, name = block.type, getattr(block.proto, "id", "")
    if kind == "popover":
        return
    if kind == "expander":
        yield f'<details class="folded"><summary>{markup.from_markdown(block.proto.label, inline=True)}</summary>'
        yield from pieces(block, title)
        yield "</details>"
        return
    tag = "section" if re.search(r"-card-[\w-]+$", name) else "div"
    yield f'<{tag} class="{_look(block)}">'
    yield from pieces(block, title)
    yield f"</{tag}>"


def _look(block: Tree) -> str:
    if re.search(r"-card-[\w-]+$", getattr(block.proto, "id", "")):
        return "card"
    columns = [child for child in block.children.values() if getattr(child, "type", "") == "column"]
    return "columns" if len(columns) > 1 else "part"


def _title(block: Tree) -> str:
    """The heading of a card's first line, or of the card that it is."""
    head = next((child for child in block.children.values() if _is_head(child)), block)
    if not _is_head(head):
        return ""
    return next((markup.without_marks(child.value) for child in head.children.values() if child.type == "markdown"), "")


def _is_head(block: Tree) -> bool:
    return hasattr(block, "children") and "-head-" in getattr(block.proto, "id", "")


def _element(element: Any, title: str) -> Iterator[Piece]:
    kind, proto = element.type, element.proto
    if kind in ("markdown", "caption"):
        yield from _text(element, title)
    elif kind == "html":
        body = markup.cleaned(proto.body)
        if body.strip():
            yield f'<div class="made">{body}</div>'
    elif kind == "plotly_chart":
        yield Chart(proto.spec, title)
    elif kind in ("dataframe", "arrow_data_frame"):
        yield tables.to_html(element.value, proto.columns, list(proto.column_order), title)
    elif kind in ("error", "warning", "info", "success"):
        yield f'<p class="said">{markup.from_markdown(proto.body, inline=True)}</p>'
    elif kind == "code":
        yield f"<pre>{escape(proto.code_text)}</pre>"


def _text(element: Any, title: str) -> Iterator[Piece]:
    text, proto = str(element.value), element.proto
    if text.startswith("# "):
        return  # the page's own heading, which the report has
    if proto.allow_html:
        yield markup.cleaned(text)
    elif element.type == "caption":
        yield f'<div class="caption">{markup.from_markdown(text)}</div>'
    elif title and markup.without_marks(text) == title:
        yield f"<h4>{escape(title)}</h4>"
    else:
        yield markup.from_markdown(text)
    if getattr(proto, "help", ""):
        yield f'<details class="help"><summary>How to read it</summary>{markup.from_markdown(proto.help)}</details>'


class Gathered:
    """The charts of a whole report, numbered in order."""

    def __init__(self) -> None:
        self.charts: list[dict[str, Any]] = []

    def join(self, light: Sequence[Piece], dark: Sequence[Piece]) -> str:
        """The pieces of a view as HTML; what is another in dark colours stands there twice, one shown at a time."""
        same = len(light) == len(dark) and all(type(a) is type(b) for a, b in zip(light, dark, strict=True))
        others: Sequence[Piece | None] = dark if same else [None] * len(light)
        return "\n".join(self._piece(piece, other) for piece, other in zip(light, others, strict=True))

    def _piece(self, piece: Piece, other: Piece | None) -> str:
        if isinstance(piece, Chart):
            return self._chart(piece, other.spec if isinstance(other, Chart) else None)
        if other is None or other == piece:
            return piece
        return f'<div class="in-light">{piece}</div><div class="in-dark">{other}</div>'

    def _chart(self, chart: Chart, dark: str | None) -> str:
        found = figures.pair(chart.spec, dark)
        number = len(self.charts)
        self.charts.append(found)
        height = int(found["figure"].get("layout", {}).get("height") or 450)
        note = found["figure"].pop("note", "")
        says = f'<figcaption class="caption">{escape(note)}</figcaption>' if note else ""
        return (
            f'<figure><div class="chart" role="img" aria-label="{escape(chart.title or "Chart")}" '
            f'data-chart="{number}" style="height:{height}px"></div>{says}</figure>'
        )
