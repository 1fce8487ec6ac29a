"""What of a study has been measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.engine.images import TestImages
from analysis.engine.plan import Plan, Wanted
from analysis.engine.settings import AnalysisConfig, settings
from analysis.engine.subjects import readable
from analysis.results.store import Results
from analysis.results.tables import TABLES
from pruning.data import available, load_data
from pruning.study.commands import finding
from pruning.study.folder import Entry, Study


@dataclass(frozen=True)
class Row:
    """One table: of `tickets` that are to have it, how many have all of it, and how many only a part."""

    table: str
    meaning: str
    tickets: int
    complete: int
    partial: int

    @property
    def missing(self) -> int:
        """Tickets that have nothing of it."""
        return self.tickets - self.complete - self.partial


@dataclass(frozen=True)
class Status:
    """A row a table, and a sentence for whatever is amiss or out of date."""

    rows: list[Row]
    sentences: list[str]


def status(study: Study, root: str | Path | None = None) -> Status:
    """Compare what is stored with what the study's settings ask for; measures nothing, changes nothing.

    Where the data set is not at hand (`root` as for `pruning.data.load_data`), nothing that depends on the images is
    compared, and a folder of arrays is not looked into. Raises UserError when the settings name what is not known.
    """
    config = settings(study)
    entries, sentences = study.scan()
    entries = readable(entries, sentences)
    plan = plan_of(study, config, entries, root)
    rows = []
    for table, states in plan.states.items():
        complete = [key for key, state in states.items() if state.complete]
        nothing = [key for key, state in states.items() if not state.right and not state.stale]
        partial = len(states) - len(complete) - len(nothing)
        rows.append(Row(table, TABLES[table].meaning, len(states), len(complete), partial))
    if not entries:
        sentences.append(f"There are no tickets yet; `{finding(study.source)}` finds them.")
        rows = [Row(name, measure.meaning, 0, 0, 0) for name, measure in plan.wanted.measures.items()]
    return Status(rows, sentences + plan.sentences(now=False))


def plan_of(study: Study, config: AnalysisConfig, entries: Sequence[Entry], root: str | Path | None = None) -> Plan:
    """What is stored of tickets beside what the settings ask for, as far as it can be told here."""
    data = load_data(study.config.data, root) if available(study.config.data, root) else None
    images = TestImages.of(study, config, data) if data is not None else None
    return Plan.of(Wanted(study, config, entries, images), Results(study.path))
