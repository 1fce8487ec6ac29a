"""Measures tickets group by group, condition by condition, and keeps each condition as soon as it is measured.

A group's tickets are shown the same images, which are made once for all of them. What a condition yields goes into the
journal; when all of a group's conditions are there, the results are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.coverage import BY_CONDITION, part_name
from analysis.engine.images import Material
from analysis.engine.jobs import Job, Tell, weight
from analysis.engine.journal import Journal
from analysis.engine.measured import Measured
from analysis.metrics import geometry, layers
from analysis.results.store import Results
from analysis.robustness import Panel, needs_network
from pruning.errors import UserError
from pruning.study.folder import Study
from pruning.ticket import Ticket

GROUP = 24
"""Tickets measured together at most: each corrupted batch is made once a group."""

MEMORY = 1_000_000_000
"""Bytes that a group's weights and results may take."""

ROW = 32  # bytes of one ticket's results for one sample under one condition, while they are held


@dataclass(frozen=True)
class Task:
    """One condition, to be shown to some tickets of a group: `tables` says which rows to make for each of them."""

    condition: Condition
    tables: Mapping[str, tuple[str, ...]]

    @property
    def weight(self) -> float:
        """About how many times a plain condition of one ticket it costs."""
        return len(self.tables) * weight(self.condition)


@dataclass
class Group:
    """Tickets that are measured together. `tickets` are loaded; `files` are the journal's, as far as it has got."""

    jobs: list[Job]
    tasks: list[Task]
    tickets: dict[str, Ticket]
    files: list[Path] = field(default_factory=list)

    @property
    def ids(self) -> tuple[str, ...]:
        """The tickets' ids."""
        return tuple(job.entry.id for job in self.jobs)


def groups_of(jobs: Sequence[Job], samples: int) -> Iterator[list[Job]]:
    """The jobs with more to do than what is made apart, in groups that fit in memory."""
    group: list[Job] = []
    taken = 0
    for job in jobs:
        if not job.shows_images:
            continue
        size = 8 * job.entry.total + ROW * samples * (1 + len(job.missing.get("corrupted", ())))
        if group and (len(group) == GROUP or taken + size > MEMORY):
            yield group
            group, taken = [], 0
        group.append(job)
        taken += size
    if group:
        yield group


def tasks_of(jobs: Sequence[Job], conditions: Sequence[Condition]) -> list[Task]:
    """What the tickets are still to be shown: a task for each of the conditions that any of them lacks."""
    found = []
    for condition in conditions:
        needed = {job.entry.id: _tables(job, condition) for job in jobs}
        tables = {ticket_id: named for ticket_id, named in needed.items() if named}
        if tables:
            found.append(Task(condition, tables))
    return found


def _tables(job: Job, condition: Condition) -> tuple[str, ...]:
    named = [table for table in BY_CONDITION if part_name(condition) in job.missing.get(table, ())]
    if condition == CLEAN:
        named += [table for table in ("samples", "summary") if table in job.missing]
    return tuple(named)


def write_structure(job: Job, ticket: Ticket, results: Results) -> None:
    """Write the tables that need no data, as far as they are missing."""
    if "layers" in job.missing:
        results.write("layers", ticket.id, layers.by_layer(ticket.masks))
    if "weights" in job.missing:
        results.write("weights", ticket.id, layers.weight_histogram(ticket))


class Station:
    """Where tickets are measured: this process, or a worker. It has the images, and one group's networks at a time."""

    def __init__(self, study: Study, material: Material) -> None:
        self.study, self.material = study, material
        self.journal = Journal(study.path)
        self.tickets: dict[str, Ticket] = {}
        self.panel: Panel | None = None

    def open(self, ids: Sequence[str], tickets: Mapping[str, Ticket] | None = None) -> None:
        """Make the group of these tickets ready; they are loaded unless they are given, and nothing else is held."""
        if self.panel is not None and set(ids) == self.tickets.keys():
            return
        self.panel = None
        self.tickets = {ticket_id: (tickets or {}).get(ticket_id) or self.study.load(ticket_id) for ticket_id in ids}
        given = self.material
        self.panel = Panel.of(self.tickets, given.images, given.labels, corrupted=given.given, frost=given.frost)

    def perform(self, task: Task, tell: Tell) -> tuple[Path, list[str]]:
        """Measure a task's condition and keep it. Returns the journal's file, and a sentence for each ticket left out.

        Raises WriteError when the disk is full.
        """
        problems: list[str] = []
        rows: dict[tuple[str, str], pd.DataFrame] = {}
        for measured in self._measured(task, tell, problems):
            for ticket_id in measured.values:
                rows |= self._rows(measured, ticket_id, task.tables[ticket_id])
        return self.journal.write(rows), problems

    def _measured(self, task: Task, tell: Tell, problems: list[str]) -> Iterator[Measured]:
        assert self.panel is not None
        names, condition = list(task.tables), task.condition
        several = f"{len(names)} tickets" if len(names) > 1 else "1 ticket"

        def told(fraction: float, text: str) -> None:
            tell(fraction, f"{several}: {text}")

        if condition in self.panel.corrupted or not needs_network(condition):
            yield self.panel.measure(condition, names, told)
            return
        for place, name in enumerate(names):  # one by one, as one that cannot be attacked keeps none of the others back

            def told_of_one(fraction: float, text: str, place: int = place) -> None:
                told((place + fraction) / len(names), text)

            try:
                yield self.panel.measure(condition, [name], told_of_one)
            except UserError as error:
                problems.append(f"Ticket {name} is left out of {part_name(condition)}: {error}")

    def _rows(self, measured: Measured, ticket_id: str, tables: Sequence[str]) -> dict[tuple[str, str], pd.DataFrame]:
        make = {
            "conditions": lambda: pd.DataFrame([measured.summary(ticket_id)]),
            "reliability": lambda: measured.reliability(ticket_id),
            "corrupted": lambda: measured.frame(ticket_id),
            "samples": lambda: measured.samples(ticket_id),
            "summary": lambda: self._summary(measured, ticket_id),
        }
        return {(table, ticket_id): make[table]() for table in tables}

    def _summary(self, clean: Measured, ticket_id: str) -> pd.DataFrame:
        ticket = self.tickets[ticket_id]
        kept = sum(int(mask.sum()) for mask in ticket.masks.values())
        total = sum(mask.numel() for mask in ticket.masks.values())
        sparsity = 1 - kept / total if total else 0.0
        counts = {"kept": kept, "total": total, "sparsity": sparsity, "seconds": ticket.info.seconds}
        return pd.DataFrame([geometry.summarise(clean.values[ticket_id], clean.labels) | counts])
