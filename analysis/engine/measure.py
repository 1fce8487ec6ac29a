"""Measures the tickets of a study: whatever its settings ask for and its results do not hold yet.

What is measured under a condition is kept at once, so a run may be stopped or killed at any moment and loses at most
the conditions in work; the next run looks at what is there and goes on. Results never shrink, but with `force`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from analysis.corruptions.conditions import Condition
from analysis.engine.compacting import MANY
from analysis.engine.evaluation import Done, Source, measure_condition, measure_ticket
from analysis.engine.groups import by_condition, groups_of, per_condition, weight
from analysis.engine.images import TestImages
from analysis.engine.journal import Journal
from analysis.engine.parts import cut
from analysis.engine.plan import Job, Plan, Wanted
from analysis.engine.sending import HERE, Sending, Where
from analysis.engine.settings import settings
from analysis.engine.subjects import fetched, images_of, subjects
from analysis.results import packs
from analysis.results.store import Results
from analysis.results.tables import TABLES
from pruning.errors import UserError
from pruning.execution import PROCESSES, Executor, Finished, Task, local_executor, run_tasks
from pruning.models import count_macs
from pruning.progress import Progress, Total, quiet
from pruning.study.folder import Entry, Study
from pruning.study.index import LEAST
from pruning.study.opened import refuse_writing
from pruning.training.precision import pick_threads


@dataclass
class RunReport:
    """What a run did: the tickets that fit, how many of them got each table, and sentences on what was amiss.

    `problems` names tickets that were left out, `mended` what was there and was measured again, and why.
    """

    tickets: int
    written: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)


def run(
    study: Study,
    progress: Progress = quiet,
    only: Iterable[str] | None = None,
    force: bool = False,
    root: str | Path | None = None,
    download: bool = False,
    *,
    families: Sequence[str] = (),
    jobs: int = 0,
    threads: int = 0,
    on: str = PROCESSES,
    gpus: float | None = None,
) -> RunReport:
    """Measure every found ticket of the study, as far as that is not done yet.

    A part of a table is made when it is missing, and made again when what made it has changed since: the measure, the
    corruption, the test images, the ticket, the settings. What the settings no longer ask for stays. A damaged result
    file is made anew.

    Args:
        study: its tickets of all seeds get every table; those of its detail seed also the detailed ones.
        progress: told how far the work is.
        only: tables to make; all by default.
        force: measure also what is there, and take out what the settings no longer ask for (which nothing tells when
            `families` are named, so that then it stays).
        root: folder of the data sets, as for `pruning.data.load_data`.
        download: whether the data sets may be fetched.
        families: measure these families of corruptions, this time, instead of those of the settings.
        jobs: processes for all but large networks; 0 for as many as pay. The results do not depend on it.
        threads: of the CPU, for each network; 0 for 1, and 4 for large ones. The last digits depend on it.
        on: where, as for `pruning.execution.executor_on`; what measures time always runs here, alone.
        gpus: of each task on Ray; None for 1 where there are any.

    A ticket that cannot be read, does not fit the data, or goes missing on the way is left out, and a sentence in the
    report says so.

    Raises:
        UserError: the study has no tickets, its settings, `only` or `families` name what is not known, its data are not
            there, its results do not say what made them, another run is measuring it, or a process died.
    """
    refuse_writing(study.path)
    tables = [TABLES.get_known(table).name for table in dict.fromkeys(only or TABLES)]
    source = Source(study, tuple(families), Path(root).resolve() if root is not None else None, threads)
    config = settings(study)
    if families:
        config = config.limited_to(families)
    entries, problems, data = subjects(study, root, download, lambda _, text: progress(0.0, text))
    problems += fetched(config, tables, root) if download else []
    images = images_of(study, config, data)
    results, journal = Results(study.path), Journal(study.path)
    with journal.alone():
        results.remove_leftovers()
        journal.merge(results, ticket_ids={entry.id for entry in entries})
        wanted = Wanted(study, config, entries, images)
        plan = Plan.of(wanted, results, tables)
        if not force:
            plan.refuse_unrecorded()
        report = RunReport(len(entries), problems=problems, mended=plan.sentences(now=True))
        if any(map(packs.is_pack, (f"{key}.parquet" for each in plan.stored.values() for key in each.damaged))):
            results.remove_damaged_packs()
        where = Where(on, gpus, jobs)
        measure_jobs(source, wanted, images, plan.jobs(force), report, progress, where)
        if force and not families:
            _cut_all(wanted, results, tables)
        compacted = results.compact(MANY)
        if not families and len(entries) >= LEAST:
            changed = report.written or compacted or force
            (Plan.of(wanted, results, tables) if changed else plan).write_index()
            study.write_index()
    return report


def measure_jobs(
    source: Source,
    wanted: Wanted,
    images: TestImages,
    jobs: Sequence[Job],
    report: RunReport,
    progress: Progress = quiet,
    where: Where = HERE,
) -> None:
    """Do what tickets of the source's study lack, and write in the report what was done."""
    results, journal = Results(source.study.path), Journal(source.study.path)
    _Run(source, wanted, images, results, journal, report, Sending(source, wanted)).do(jobs, progress, where)


@dataclass
class _Run:
    """One run: what it measures, on what, and where that goes."""

    source: Source
    wanted: Wanted
    images: TestImages
    results: Results
    journal: Journal
    report: RunReport
    sending: Sending
    files: dict[Hashable, list[Path]] = field(default_factory=dict)
    left: Counter[Hashable] = field(default_factory=Counter)
    told: set[Hashable] = field(default_factory=set)

    def do(self, jobs: Sequence[Job], progress: Progress, where: Where) -> None:
        if not jobs:
            return
        known = self.wanted.measures
        macs = self._macs(jobs)
        self.source = replace(self.source, threads=self.source.threads or pick_threads(macs))
        timed = self._ticket_tasks(_about(jobs, [name for name, each in known.items() if "alone" in each.needs]), macs)
        other = [name for name, each in known.items() if not each.shown and "alone" not in each.needs]
        tickets = self._ticket_tasks(_about(jobs, other), macs)
        shown = _about(jobs, [name for name, each in known.items() if each.shown])
        groups = list(groups_of(shown, len(self.images), known))
        seconds = sum(self._cost(condition, under, macs) for condition, under in by_condition(shown, known).items())
        seconds += sum(task.cost for task in tickets)
        with where.executor(self.source, macs, seconds) as executor, local_executor(1) as here:
            several = executor.capacity
            total = Total(seconds / several + sum(task.cost for task in timed), progress)
            self._run(timed, here, total, 1)  # first, as nothing may run beside it
            rest = chain(tickets, self._condition_tasks(groups, macs))
            self._run((self.sending.packed(task, executor.needs) for task in rest), executor, total, several)
        total.finish()

    def _run(self, tasks: Iterable[Task[Done]], executor: Executor, total: Total, several: int) -> None:
        def follow(task: Task[Done]) -> Progress:
            return total.task(task.cost / several, task.name.split(", ")[0])

        for finished in run_tasks(tasks, executor, follow, ahead=4, kept="measured"):
            self._take(finished)

    def _take(self, finished: Finished[Done]) -> None:
        """Bring what came of a task into the results, when it is the last of its group."""
        done = finished.value if finished.value is not None else Done(problems=[str(finished.error)])
        self.report.problems += [problem for problem in done.problems if problem not in self.report.problems]
        key = finished.task.key if isinstance(finished.task.key, tuple) else ("", 0)
        if key[:3] not in self.told:
            self.report.written.update(done.written)
        if done.written and len(key) > 3:  # of a table that is made part by part the first counts
            self.told.add(key[:3])
        kind, group = key[:2]
        if kind != "group":
            return
        self.files.setdefault(group, []).extend([done.file] if done.file is not None else [])
        self.left[group] -= 1
        if not self.left[group]:
            merged = self.journal.merge(self.results, self.files.pop(group))
            self.report.written.update(table for table, _ in merged)

    def _ticket_tasks(self, jobs: Sequence[Job], macs: int) -> list[Task[Done]]:
        """A task for each ticket, and for each part that is work of its own; those on which others build come first."""
        first = {self._key(each): None for job in jobs for each in self._references(job)}
        ordered = sorted(jobs, key=lambda job: self._key(job.entry) not in first)
        there = {self._key(job.entry) for job in ordered}
        apart = {name for name, each in self.wanted.measures.items() if each.apart}
        tasks = []
        for job in ordered:
            own = self._key(job.entry)
            after = tuple({self._key(each) for each in self._references(job)} & there - {own})
            together = job.only(job.missing.keys() - apart)
            if together.missing:
                tasks.append(self._ticket_task(own, together, macs, after))
            for table in sorted(job.missing.keys() & apart):
                before: tuple[Hashable, ...] = ()
                for each in job.part_by_part(table):  # one after the other, as all of them go into one file
                    key = ("ticket", job.entry.id, table, *each.missing[table])
                    tasks.append(self._ticket_task(key, each, macs, before))
                    before = (key,)
        return tasks

    def _ticket_task(self, key: Hashable, job: Job, macs: int, after: tuple[Hashable, ...]) -> Task[Done]:
        known = self.wanted.measures
        cost = sum(known[table].cost([*parts], len(self.images), macs) for table, parts in job.missing.items())
        return Task(key, job.entry.recipe.label, measure_ticket, (self.source, job), after, cost)

    def _references(self, job: Job) -> list[Entry]:
        """The tickets on whose rows the job's build."""
        return [
            job.references[table]
            for table, parts in job.missing.items()
            if table in job.references and not self.wanted.measures[table].follow.isdisjoint(parts)
        ]

    @staticmethod
    def _key(entry: Entry) -> Hashable:
        return "ticket", entry.id

    def _condition_tasks(self, groups: Sequence[Sequence[Job]], macs: int) -> Iterator[Task[Done]]:
        """A task for each condition that a group is to be shown, group after group."""
        for number, group in enumerate(groups):
            partners = [pair.entry.id for job in group for table in job.missing for pair in job.pairs.get(table, ())]
            ids = tuple(dict.fromkeys([*(job.entry.id for job in group), *partners]))
            found = by_condition(group, self.wanted.measures)
            self.left[number] = len(found)
            for condition, under in found.items():
                several = f"{len(under)} tickets" if len(under) > 1 else "1 ticket"
                key = ("group", number, condition)
                cost = self._cost(condition, under, macs)
                name = f"{several}, {condition[0]} {condition[1]}"
                yield Task(key, name, measure_condition, (self.source, ids, condition, under), cost=cost)

    def _cost(self, condition: Condition, jobs: Sequence[Job], macs: int) -> float:
        return len(jobs) * weight(condition) * per_condition(len(self.images), macs)

    def _macs(self, jobs: Sequence[Job]) -> int:
        """Multiply-adds of the study's network, from the first ticket that can be read."""
        for job in jobs:
            with suppress(UserError):
                ticket = self.source.study.load(job.entry.id)
                return count_macs(ticket.model(), ticket.info.shape)
        return 0


def _about(jobs: Sequence[Job], tables: Collection[str]) -> list[Job]:
    """What the jobs have to do for some of the tables."""
    return [about for about in (job.only(tables) for job in jobs) if about.missing]


def _cut_all(wanted: Wanted, results: Results, tables: Sequence[str]) -> None:
    """Take out of the tickets' tables what is not wanted."""
    for table in tables:
        measure = wanted.measures[table]
        stored = set(results.ids(table)) if measure.keys else set()
        for entry in wanted.entries:
            if entry.id in stored:
                cut(results, table, entry.id, wanted.parts(measure, entry))
