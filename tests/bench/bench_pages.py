"""What each view costs the server: CPU with empty caches and again, bytes sent, memory; on each sample."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app import load
from app.shell.pages import in_order
from app.shell.parameters import resolve
from app.shell.sections import of_page
from tests.bench.rows import Figures
from tests.bench.served import Server, Session, served
from tests.samples import EVERY

GOALS = {"cold": 500.0, "warm": 100.0, "KB": 1000.0, "MB": 1500.0}
"""CPU milliseconds with empty caches (modules are loaded) and again, kilobytes sent, megabytes resident: at most."""
PARAMETERS = {"robustness": "section"}
"""Of pages whose sections have another parameter in the URL than the page's name."""


@dataclass(frozen=True)
class View:
    """A page, or a section of one, as the URL names it."""

    page: str
    parameters: Mapping[str, str]

    @property
    def name(self) -> str:
        """In words."""
        return " > ".join([self.page, *self.parameters.values()])


def run(quick: bool) -> list[Figures]:
    """Figures of each view of the samples."""
    samples = EVERY[:1] if quick else EVERY
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), *samples) as server:
        return [each for sample in samples for each in measured(server, sample)]


def measured(server: Server, study: Path) -> Iterator[Figures]:
    """The views of a study, each drawn once before, so that modules are loaded, then with empty caches, then again."""
    for view in views(study):
        parameters = {"study": study.name, **view.parameters}
        with Session(server) as session:
            session.draw(view.page, parameters)
            session.clear()
        with Session(server) as session:
            cold = session.draw(view.page, parameters)
            warm = min((session.draw(view.page, parameters) for _ in range(3)), key=lambda drawn: drawn.cpu)
        values = {"cold": 1000 * cold.cpu, "warm": 1000 * warm.cpu, "KB": cold.size / 1000, "MB": server.memory()}
        note = "could not be drawn" if cold.broken or warm.broken else ""
        yield Figures(f"{study.name}: {view.name}", values, GOALS, note)


def views(study: Path) -> list[View]:
    """The views that the navigation offers for a study."""
    opened = load.open_study(study.name, study)
    selection, classify = resolve(opened, {}, "light"), opened.task.classifies_images
    found = []
    for page in in_order():
        if page.unfit(opened) or not page.shown(opened):
            continue
        sections = [each for each in of_page(page.name).values() if classify or not each.of_classifiers]
        name = PARAMETERS.get(page.name, page.name)
        found += [View(page.name, {name: each.key}) for each in sections if each.shown(selection)]
        found += [] if sections else [View(page.name, {})]
    return found
