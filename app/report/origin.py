"""How what a report shows is made again: the recipe of each ticket, versions, and the commands."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlencode

from analysis.comparisons.recipe_words import in_words
from app.report.drawing import View
from pruning.study.commands import shared
from pruning.study.folder import Entry, Study
from pruning.study.opened import only_read, origin
from pruning.version import VERSION

PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "umap-learn", "pandas", "duckdb", "plotly")
"""Those on which numbers and pictures depend."""


def commands(study: Study, views: Sequence[View], chosen: Iterable[View], out: str, common: Mapping[str, str]) -> str:
    """The commands that find the tickets, measure them, and write this report.

    `chosen` are the views asked for, `common` the parameters of all where none was. Of a study that is only read here
    they name where it came from.
    """
    asked = [part for view in chosen for part in ("--view", view.link)]
    if common and not asked:
        asked = ["--link", f"?{urlencode(common, safe='~')}"]
    came_from = origin(study.path)
    place = came_from or str(study.source)
    make = [] if came_from else [shared(each, "run", place) for each in ("pruning", "analysis")]
    lines = [*make, shared("analysis", "report", place, "--out", out, *asked)]
    refused = only_read(study.path)
    said = f"# {refused}\n\n" if refused else ""
    links = "\n".join(f"  http://127.0.0.1:8501/{view.link}" for view in views)
    open_it = shared("app", came_from or str(study.path))
    return said + "\n".join(lines) + f"\n\n# Each view in the dashboard:\n{open_it}\n{links}"


def versions(entries: Sequence[Entry]) -> str:
    """The versions that this report was drawn with, and those that the tickets were found with."""
    found = [("this project", VERSION), ("Python", platform.python_version())]
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    made = sorted({entry.info.made_on for entry in entries if entry.info.made_on})
    projects = sorted({entry.info.version for entry in entries if entry.info.version})
    if projects:
        found.append(("tickets found by version", ", ".join(projects)))
    if made:
        found.append(("tickets found on", "; ".join(made)))
    return facts(found)


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs of what and how as a list."""
    cells = "".join(f"<dt>{escape(what)}</dt><dd>{escape(how)}</dd>" for what, how in pairs)
    return f'<dl class="facts">{cells}</dl>'


def recipes(entries: Sequence[Entry]) -> str:
    """The recipe of each ticket in words, those that differ in the seed alone together, with the ids by seed."""
    families: dict[str, list[Entry]] = {}
    for entry in entries:
        families.setdefault(entry.recipe.family, []).append(entry)
    made = []
    for own in families.values():
        words = [(what, how) for what, how in in_words(own[0].recipe) if what.lower() != "seed"]
        ids = ", ".join(f"{entry.id} (seed {entry.recipe.seed})" for entry in own)
        made.append(
            f'<details class="folded"><summary>{escape(own[0].recipe.label)}</summary>'
            f"{facts([*words, ('Ticket', ids)])}</details>"
        )
    shown = shared("pruning", "show", "TICKET")
    return f"<p>In full, with layers and training: <code>{shown}</code>.</p>" + "".join(made)
