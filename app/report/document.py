"""The file: one page of HTML that asks nothing of anybody, neither of this machine nor of another."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

import plotly

from app.assets import read


@dataclass(frozen=True)
class Part:
    """A view in the report: the titles of its page and of its section ('' without one), and its HTML."""

    page: str
    section: str
    body: str


def document(title: str, lead: str, parts: Sequence[Part], endings: Sequence[tuple[str, str]], charts: str) -> str:
    """The whole file.

    A policy within it forbids every request and every script but the two that draw its charts, so that no title, class
    or description of a study can do anything, whatever it holds.

    Args:
        title: of the study, as text.
        lead: what stands below the title, as HTML.
        parts: the views in order, those of a page together.
        endings: heading and HTML of what comes last.
        charts: `figures.compressed`.
    """
    library = _library()
    script = read("samples.js") + read("units.js") + read("report.js")
    policy = (
        f"default-src 'none'; script-src {_digest(script)} {_digest(library)}; style-src 'unsafe-inline'; img-src data:"
        "; base-uri 'none'; form-action 'none'"
    )
    sections, entries = [], []
    for number, (page, group) in enumerate(groupby(parts, key=lambda part: part.page)):
        own = list(group)
        sections.append(f'<h2 id="part-{number}">{escape(page)}</h2>' + "\n".join(map(_section, own)))
        entries.append(f'<li><a href="#part-{number}">{escape(page)}</a>{_listed(own)}</li>')
    for number, (heading, body) in enumerate(endings):
        sections.append(f'<h2 id="end-{number}">{escape(heading)}</h2>{body}')
        entries.append(f'<li><a href="#end-{number}">{escape(heading)}</a></li>')
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>{read("report.css")}</style>
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header><h1>{escape(title)}</h1>{lead}</header>
<nav aria-label="Contents"><ol>{"".join(entries)}</ol></nav>
<main id="content">
{"".join(sections)}
</main>
<script type="application/gzip" id="plotly">{_packed(library)}</script>
<script type="application/gzip" id="charts">{charts}</script>
<script>{script}</script>
</body>
</html>
"""


def _section(part: Part) -> str:
    return (f"<h3>{escape(part.section)}</h3>" if part.section else "") + part.body


def _listed(parts: Sequence[Part]) -> str:
    titles = ", ".join(part.section for part in parts if part.section)
    return f'<br><span class="small">{escape(titles)}</span>' if titles else ""


def _library() -> str:
    """Plotly's own script, as the package that draws the charts ships it."""
    return (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


def _packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
