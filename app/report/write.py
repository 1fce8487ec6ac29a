"""Writes the report of a study: draws its views in both modes, and puts them into one file."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from streamlit.testing.v1 import AppTest

from app import load
from app.load import StudyView
from app.report import figures, origin
from app.report.document import Part, document
from app.report.drawing import View, draw, section_title, sections
from app.report.elements import Chart, Gathered, Piece, pieces
from app.report.markup import from_markdown
from app.shell import navigation
from app.shell.pages import PAGES, in_order
from app.shell.theme import Mode
from pruning.errors import UserError
from pruning.files import write_atomically
from pruning.progress import Progress, quiet
from pruning.study.commands import finding, for_others
from pruning.study.folder import Study


@dataclass(frozen=True)
class Written:
    """What came of it: the file, how many views and charts it holds, its bytes, and what was asked for in vain."""

    path: Path
    views: int
    charts: int
    size: int
    left_out: tuple[str, ...]


def write(
    path: Path,
    out: Path,
    views: Sequence[View] = (),
    common: Mapping[str, str] | None = None,
    progress: Progress = quiet,
) -> Written:
    """Write the report of the study in a folder.

    Args:
        path: the study's folder.
        out: the file.
        views: what it shows; without any, each section of each page that says something of the study.
        common: parameters of every view, such as `tickets`, where none are named.
        progress: hears how far it is.

    Raises:
        UserError: the study cannot be read or has no tickets.
    """
    study = load.open_study(path.name, path)
    if study.tickets.empty:
        raise UserError(f"The study '{study.title}' has no tickets yet: {finding(path)}")
    gathered, parts, shown, left_out = Gathered(), [], [], []
    todo = list(views) or _all(study, common or {})
    done = 0
    while todo:
        view = todo.pop(0)
        progress(done / (done + len(todo) + 1), _name(view))
        done += 1
        light = _drawn(view, study, "light")
        if light is None:
            left_out.append(_name(view))
            continue
        more = [View(view.page, {**view.parameters, **each}) for each in sections(view.page, light)]
        if not views and len(more) > 1 and not section_title(view):  # a page: its sections come in its place
            todo = more[1:] + todo
            view = more[0]
        made = list(pieces(light.main))
        dark = _drawn(view, study, "dark") if views or _says_something(light, made) else None
        if dark is None:
            left_out.append(_name(view))
            continue
        parts.append(Part(PAGES[view.page].title, section_title(view), gathered.join(made, list(pieces(dark.main)))))
        shown.append(view)
    order = list(dict.fromkeys(part.page for part in parts))
    parts.sort(key=lambda part: order.index(part.page))
    again = origin.commands(Study.open(study.path), shown, views, str(out), common or {})
    text = _whole(study, again, shown, parts, gathered, left_out)
    write_atomically(out, text)
    return Written(out, len(parts), len(gathered.charts), len(text.encode()), tuple(left_out))


def _all(study: StudyView, common: Mapping[str, str]) -> list[View]:
    selection = cast(Any, SimpleNamespace(study=study))
    offered = [page for page in in_order() if page.in_report and navigation.offered(page, selection)]
    return [View(page.name, dict(common)) for page in offered]


def _name(view: View) -> str:
    title = section_title(view)
    return PAGES[view.page].title + (f", {title}" if title else "")


@for_others()
def _drawn(view: View, study: StudyView, mode: Mode) -> AppTest | None:
    """A view as it is drawn; None where it cannot be, which is no reason to go without the others."""
    try:
        return draw(view, study.name, study.path, mode)
    except RuntimeError:
        return None


def _says_something(drawn: AppTest, made: Sequence[Piece]) -> bool:
    return not drawn.error and (any(isinstance(piece, Chart) for piece in made) or len(drawn.dataframe) > 0)


def _counted(methods: Sequence[str], seeds: Sequence[int]) -> str:
    """Of what the tickets are: `5 methods, seeds 0, 1`."""
    several, more = ("" if len(each) == 1 else "s" for each in (methods, seeds))
    return f"{len(methods)} method{several}, seed{more} {', '.join(map(str, seeds))}"


def _whole(
    view: StudyView,
    again: str,
    shown: Sequence[View],
    parts: Sequence[Part],
    gathered: Gathered,
    left_out: Sequence[str],
) -> str:
    study = Study.open(view.path)
    entries = study.entries()
    today = datetime.date.today().isoformat()
    description = from_markdown(view.config.description.strip())
    first = any(link.page == in_order()[0].name for link in shown)  # which begins with the description
    about = [
        ("Network", view.config.model),
        ("Data", view.config.data),
        ("Tickets", f"{len(entries)}: {_counted(view.methods, view.seeds)}"),
        ("Written", f"{today}, from the results as they were then"),
    ]
    if left_out:
        why = "nothing of them is measured, they need a browser, or they could not be drawn"
        about.append(("Left out", f"{'; '.join(left_out)}: {why}"))
    endings = [
        ("Recipes", origin.recipes(entries)),
        ("Made again", f"<pre>{escape(again)}</pre>"),
        ("Study file", f"<pre>{escape(study.source.read_text(encoding='utf-8'))}</pre>"),
        ("Versions", origin.versions(entries)),
    ]
    lead = ("" if first else f'<div class="lead">{description}</div>') + origin.facts(about)
    return document(view.title, lead, parts, endings, figures.compressed(gathered.charts))
