"""Measures the tickets of a study: whatever its settings ask for and its results do not hold yet.

What is measured under a condition is kept at once, so a run may be stopped or killed at any moment and loses at most
the conditions in work; the next run looks at what is there and goes on. Results never shrink, but with `force`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from analysis.corruptions.conditions import Condition
from analysis.engine import maps
from analysis.engine.coverage import BY_CONDITION, Coverage, Wanted, cut
from analysis.engine.evaluation import Group, Station, groups_of, tasks_of, write_structure
from analysis.engine.images import Material
from analysis.engine.jobs import APART, PER_TICKET, Job, Meter, Outcome, per_condition
from analysis.engine.journal import Journal
from analysis.engine.per_ticket import Apart
from analysis.engine.settings import AnalysisConfig, settings
from analysis.engine.stability_pairs import partners
from analysis.engine.workers import SideBySide, in_turn, pick_jobs
from analysis.results.store import Results
from analysis.results.tables import TABLES as ALL
from pruning.data import Dataset, load_data
from pruning.errors import UserError, unknown
from pruning.models import count_macs
from pruning.study.folder import Entry, Study

TABLES: tuple[str, ...] = tuple(ALL)

Progress = Callable[[float, float, str], None]
"""Called with the work done, the work in all (both in about seconds of one core), and what is being done."""


def run(
    study: Study,
    progress: Progress | None = None,
    only: Iterable[str] | None = None,
    force: bool = False,
    root: str | Path | None = None,
    download: bool = False,
    *,
    families: Sequence[str] = (),
    jobs: int = 0,
) -> Outcome:
    """Measure every found ticket of the study, as far as that is not done yet.

    A table is made again, in part, when the settings ask for more conditions, maps or samples than it has; what they
    no longer ask for stays. A damaged result file, or one made by an earlier version, is made anew. Of a ticket that
    was found after others were measured only its own results are made: its joint map is laid over the reference's,
    which stays.

    Args:
        study: its tickets of all seeds get summary, layers, weights, samples, conditions, reliability and efficiency,
            those of its detail seed also corrupted (per sample) and maps. Where it has trained some again under another
            order of the data, these get lines, and stability like the others that have a partner (`partners`).
        progress: told how far the work is.
        only: tables to make; all by default.
        force: measure also what is there, and take out what the settings no longer ask for (which nothing tells when
            `families` are named, so that then it stays).
        root, download: as for `pruning.data.load_data`.
        families: measure these families of corruptions, this time, instead of those of the settings.
        jobs: processes for small networks; 0 for as many as pay. The results do not depend on it.

    A ticket that cannot be read or does not fit the data is left out, and a sentence in the outcome says so.

    Raises:
        UserError: the study has no tickets, its settings, `only` or `families` name what is not known, its data are not
            there, another run is measuring it, or a process died.
    """
    tables = _chosen(only)
    config = settings(study)
    if families:
        config = config.limited_to(families)
    data, entries, problems = _subjects(study, root, download)
    material = Material.of(study, config, data)
    _check_classes(material.labels, data)
    wanted = Wanted.of(config, len(material.labels), material.given)
    results, journal = Results(study.path), Journal(study.path)
    with journal.alone():
        results.remove_leftovers()
        journal.merge(results, ticket_ids={entry.id for entry in entries})
        found, damaged = plan(study, entries, wanted, results, tables, force)
        outcome = Outcome(len(entries), problems=problems, mended=damaged)
        apart = Apart(study, config, data, material, wanted, results, outcome)
        work = _Work(study, config, material, results, journal, outcome, apart)
        work.do(found, [entry for entry in entries if entry.recipe.seed == study.detail_seed], progress, jobs, root)
        if force and not families:
            _cut_all(results, entries, wanted, tables)
    return outcome


def plan(
    study: Study,
    entries: Sequence[Entry],
    wanted: Wanted,
    results: Results,
    tables: Sequence[str] = TABLES,
    force: bool = False,
) -> tuple[list[Job], list[str]]:
    """What is to be done for each ticket, those with nothing to do left out, and what is amiss with the files there."""
    coverage = Coverage({table: {} for table in tables}) if force else Coverage.read(results, tables)
    held_against = partners(entries)
    jobs = []
    for entry in entries:
        partner = held_against.get(entry.id)
        detailed = entry.recipe.seed == study.detail_seed
        own = [table for table in wanted.for_ticket(detailed, partner) if table in tables]
        missing = {
            table: coverage.missing(table, entry.id, wanted)
            for table in own
            if not coverage.complete(table, entry.id, wanted)
        }
        jobs.append(Job(entry, missing, partner))
    detailed_jobs = [job for job in jobs if job.entry.recipe.seed == study.detail_seed]
    if "maps" in tables and maps.JOINT in wanted.tables.get("maps", {}) and detailed_jobs:
        _follow_reference(detailed_jobs)
    sentences = coverage.sentences(results, now=True, known={entry.id for entry in entries})
    return [job for job in jobs if job.missing], sentences


def _follow_reference(jobs: Sequence[Job]) -> None:
    """When the reference's joint map is to be made, so are all that lie over it."""
    reference = maps.reference_of([job.entry for job in jobs])
    if any(job.entry is reference and maps.JOINT in job.missing.get("maps", ()) for job in jobs):
        for job in jobs:
            job.missing.setdefault("maps", set()).add(maps.JOINT)


@dataclass
class _Work:
    """One run: what it measures, on what, and where that goes."""

    study: Study
    config: AnalysisConfig
    material: Material
    results: Results
    journal: Journal
    outcome: Outcome
    apart: Apart

    def do(
        self,
        jobs: Sequence[Job],
        detailed: Sequence[Entry],
        progress: Progress | None,
        processes: int,
        root: str | Path | None,
    ) -> None:
        if not jobs:
            return
        samples = len(self.material.labels)
        groups = list(groups_of(jobs, samples))
        macs = self._macs(jobs)
        each = per_condition(samples, macs)
        seconds = each * sum(task.weight for group in groups for task in tasks_of(group, self._conditions()))
        several = pick_jobs(processes, macs, seconds)
        total = seconds / several + PER_TICKET * len(jobs) + self.apart.cost(jobs, macs)
        meter = Meter(total, progress)
        self.apart.efficiency(jobs, meter)  # before anything else, as nothing may run beside it
        ready = (self._group(group, meter) for group in groups)
        if several > 1:
            SideBySide(self.study, self.config, root, each / several, meter, self._finish).run(ready, several)
        else:
            in_turn(Station(self.study, self.material), ready, each, meter, self._finish)
        self.apart.stability(jobs, macs, meter)
        self.apart.maps(jobs, detailed, meter)
        meter.finish()

    def _conditions(self) -> tuple[Condition, ...]:
        return self.config.conditions(self.material.given)

    def _macs(self, jobs: Sequence[Job]) -> int:
        """Multiply-adds of the study's network, from the first ticket that can be read."""
        for job in jobs:
            ticket = self.apart.load(job)
            if ticket is not None:
                return count_macs(ticket.model(), ticket.info.shape)
        return 0

    def _group(self, jobs: Sequence[Job], meter: Meter) -> Group:
        """The jobs whose tickets can be read, ready to be measured; what needs no data is done."""
        with meter.part(PER_TICKET * len(jobs)):
            tickets = {}
            for job in jobs:
                ticket = self.apart.load(job)
                if ticket is not None:
                    write_structure(job, ticket, self.results)
                    tickets[job.entry.id] = ticket
                    job.ticket = None  # a study's tickets together may be larger than memory
        readable = [job for job in jobs if not job.failed]
        return Group(readable, tasks_of(readable, self._conditions()), tickets)

    def _finish(self, group: Group, problems: Sequence[str]) -> None:
        """Bring what was measured of a group into the results."""
        self.journal.merge(self.results, group.files)
        self.outcome.problems += problems
        for job in group.jobs:
            self.outcome.written.update(table for table in job.missing if table not in APART)


def _cut_all(results: Results, entries: Sequence[Entry], wanted: Wanted, tables: Sequence[str]) -> None:
    """Take out of the tickets' tables what is not wanted."""
    for table in (*BY_CONDITION, "maps"):
        if table in tables:
            for ticket_id in {entry.id for entry in entries} & set(results.ids(table)):
                cut(results, table, ticket_id, wanted.tables.get(table, {}))


def _chosen(only: Iterable[str] | None) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(only or TABLES))
    for table in chosen:
        if table not in ALL:
            raise unknown("table", table, TABLES)
    return chosen


def _subjects(study: Study, root: str | Path | None, download: bool) -> tuple[Dataset, list[Entry], list[str]]:
    """The data, the tickets that can be measured on them, and a sentence for each other one."""
    entries, problems = study.scan()
    if not entries:
        raise UserError(
            f"Study {study.path} has no tickets yet; `python -m pruning run {study.source}` finds them."
            + (f" ({problems[0]})" if problems else "")
        )
    data = load_data(study.config.data, root, download)
    fitting = []
    for entry in entries:
        if entry.recipe.data != study.config.data:
            problems.append(f"Ticket {entry.id} is for '{entry.recipe.data}', not '{data.name}'; it is left out.")
        elif tuple(entry.info.shape) != data.shape or len(entry.info.classes) != data.num_classes:
            problems.append(
                f"Ticket {entry.id} is for {len(entry.info.classes)} classes of images {tuple(entry.info.shape)}, but "
                f"'{data.name}' has {data.num_classes} of {data.shape}; it is left out."
            )
        else:
            fitting.append(entry)
    if not fitting:
        raise UserError(f"No ticket of study {study.path} fits its data: {problems[-1]}")
    return data, fitting, problems


def _check_classes(labels: Tensor, data: Dataset) -> None:
    """A test set that is sorted by class must not be cut to its first classes unnoticed."""
    left = len(data.test.labels.unique()) - len(labels.unique())
    if left:
        raise UserError(
            f"The {len(labels)} test images used of '{data.name}' leave out {left} of its classes; raise `samples` "
            "in [analysis]."
        )
