"""What a worker does: it measures one ticket at once, or shows some tickets the images under one condition.

Which process does it makes no difference to the result. A worker has the images, and one group's networks at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

import pandas as pd

from analysis.corruptions.conditions import Condition
from analysis.engine.base import Accumulator, Context, Measure, Pair, Shown, measures
from analysis.engine.images import TestImages
from analysis.engine.journal import Journal, Rows
from analysis.engine.networks import Network
from analysis.engine.parts import store
from analysis.engine.plan import Job, Parts, part_name
from analysis.engine.replay import Replayed, network_of, unread
from analysis.engine.settings import settings
from analysis.engine.showing import Viewer, show
from analysis.results.store import Results
from pruning.data import load_data
from pruning.errors import UserError, WriteError
from pruning.execution import Worker
from pruning.models import count_macs
from pruning.progress import Progress, share
from pruning.study.folder import Study
from pruning.ticket import Ticket
from pruning.training.precision import hardware, on_threads, pick_device, pick_precision

P = ParamSpec("P")


@dataclass(frozen=True)
class Source:
    """What a worker reads for itself: a study, with the families measured this time instead of its own.

    `threads` are those of the CPU that everything runs on.
    """

    study: Study
    families: tuple[str, ...]
    root: Path | None
    threads: int = 1

    @property
    def key(self) -> Hashable:
        """Equal for the same source in any process."""
        return str(self.study.source), self.families, str(self.root)


@dataclass
class Done:
    """What came of a task: tables that were written, or a file of the journal, and sentences on what was left out."""

    written: list[str] = field(default_factory=list)
    file: Path | None = None
    problems: list[str] = field(default_factory=list)


class Laboratory:
    """Where a worker measures: the study's images and results."""

    def __init__(self, source: Source) -> None:
        self.study, self.root = source.study, source.root
        config = settings(self.study)
        self.config = config.limited_to(source.families) if source.families else config
        self.images = TestImages.of(self.study, self.config, load_data(self.study.config.data, source.root))
        self.results, self.journal = Results(self.study.path), Journal(self.study.path)
        self.measures = measures()
        self.process: dict[Hashable, object] = {}

    def precision(self, ticket: Ticket) -> str:
        """That of a ticket's forward passes; what was recorded has its own."""
        if ticket.info.recording is not None:
            return "float32"
        return pick_precision(self.config.precision, count_macs(ticket.model(), ticket.info.shape), pick_device())

    def context(self, job: Job, ticket: Ticket, measure: Measure, shared: dict[Hashable, object]) -> Context:
        """What a measure is given of a ticket."""
        return Context(
            job.entry,
            ticket,
            self.images,
            self.config,
            self.results,
            reference=job.references.get(measure.name),
            root=self.root,
            shared=shared,
            process=self.process,
        )


class Group:
    """The networks of tickets that are shown the same images; one that cannot be read is left out.

    `problems` says what is left out, by ticket.
    """

    def __init__(self, study: Study, images: TestImages, ids: Sequence[str], precision: str) -> None:
        self.tickets: dict[str, Ticket] = {}
        self.networks: dict[str, Network] = {}
        self.problems: dict[str, str] = {}
        for ticket_id in ids:
            try:
                ticket = study.load(ticket_id)
                network = network_of(ticket, pick_device(), precision)
                if isinstance(network, Replayed):
                    network.check(images)
                self.networks[ticket_id], self.tickets[ticket_id] = network, ticket
                if self.networks[ticket_id].without:
                    self.problems[ticket_id] = self.networks[ticket_id].without
            except UserError as error:
                self.problems[ticket_id] = str(error)


def _on_its_threads(
    work: Callable[Concatenate[Worker, Source, P], Done],
) -> Callable[Concatenate[Worker, Source, P], Done]:
    """Do the work on the source's number of threads, whatever the process has."""

    @wraps(work)
    def on_them(worker: Worker, source: Source, /, *arguments: P.args, **named: P.kwargs) -> Done:
        with on_threads(source.threads):
            return work(worker, source, *arguments, **named)

    return on_them


@_on_its_threads
def measure_ticket(worker: Worker, source: Source, job: Job) -> Done:
    """Make a ticket's tables that need no images to be shown, and write them.

    Raises:
        WriteError: the disk will not take them.
    """
    place = worker.kept("laboratory", source.key, lambda: Laboratory(source))
    try:
        ticket = source.study.load(job.entry.id)
    except UserError as error:
        return Done(problems=[str(error)])
    done = Done()
    shared: dict[str, dict[Hashable, object]] = {}
    for number, (table, parts) in enumerate(job.missing.items()):
        measure = place.measures[table]
        progress = share(worker.progress, number / len(job.missing), 1 / len(job.missing))
        frames = []
        for pair in job.pairs.get(table, ()) if measure.pairs else (None,):
            own = shared.setdefault(pair.entry.id if pair else "", {})
            context = place.context(job, ticket, measure, own)
            context.progress = progress
            context.parts, context.problems = frozenset(parts), done.problems
            try:
                if pair is not None:
                    if not any(part.split()[0] == pair.entry.id for part in parts):
                        continue
                    context.partner, context.relation = _partner(worker, source, pair), pair.relation
                assert measure.rows is not None
                frames.append(measure.rows(context))
            except WriteError:
                raise
            except (UserError, FileNotFoundError) as error:
                gone = isinstance(error, FileNotFoundError)
                if gone and job.entry.path.exists():
                    raise
                problem = f"{job.entry.path} went away while it was measured." if gone else str(error)
                if problem not in done.problems:
                    done.problems.append(problem)
        rows = _rows(measure, frames, parts, place.precision(ticket) if measure.of_images else "")
        if rows is not None:
            store(place.results, table, job.entry.id, rows.frame, rows.made)
            done.written.append(table)
    return done


def _partner(worker: Worker, source: Source, pair: Pair) -> Ticket:
    return worker.kept("partner", (source.key, pair.entry.id), lambda: source.study.load(pair.entry.id))


@dataclass
class _Run:
    """One measure of one ticket, or pair, under one condition."""

    measure: Measure
    ticket_id: str
    partner: str
    accumulator: Accumulator
    problem: str = ""

    def update(self, shown: Shown) -> None:
        if not self.problem:
            try:
                self.accumulator.update(shown)
            except UserError as error:
                self.problem = str(error)


@_on_its_threads
def measure_condition(
    worker: Worker, source: Source, ids: tuple[str, ...], condition: Condition, jobs: Sequence[Job]
) -> Done:
    """Show tickets of the group `ids` the images under a condition, and keep what is made of them in the journal.

    Raises:
        WriteError: the disk will not take it.
    """
    place = worker.kept("laboratory", source.key, lambda: Laboratory(source))
    group = worker.kept(
        "group", (source.key, ids), lambda: Group(source.study, place.images, ids, place.config.precision)
    )
    done = Done(problems=[group.problems[ticket_id] for ticket_id in ids if ticket_id in group.problems])
    wanted = {job.entry.id: job for job in jobs if job.entry.id in group.networks}
    for ticket_id in [*wanted]:
        problem = unread(group.networks[ticket_id], condition)
        if problem:
            done.problems.append(problem)
            del wanted[ticket_id]
    runs = {key: _runs(place, group, job, condition) for key, job in wanted.items()}
    _show(place, group, condition, runs, worker.progress, done)
    rows: dict[tuple[str, str], Rows] = {}
    for ticket_id, each in runs.items():
        for table in wanted[ticket_id].missing:
            own = [run for run in each if run.measure.name == table]
            precision = group.networks[ticket_id].precision
            found = _rows(place.measures[table], _frames(own, done), wanted[ticket_id].missing[table], precision)
            if found is not None:
                rows[table, ticket_id] = found
    done.file = place.journal.write(rows)
    return done


def _runs(place: Laboratory, group: Group, job: Job, condition: Condition) -> list[_Run]:
    found = []
    shared: dict[str, dict[Hashable, object]] = {}
    for table, parts in job.missing.items():
        measure = place.measures[table]
        assert measure.start is not None
        for pair in job.pairs.get(table, ()) if measure.pairs else (None,):
            partner = pair.entry.id if pair else ""
            if partner and (partner not in group.networks or not _asked(partner, parts)):
                continue
            ticket = group.tickets[job.entry.id]
            context = place.context(job, ticket, measure, shared.setdefault(partner, {}))
            context.condition, context.network = condition, group.networks[ticket.id]
            context.parts = frozenset(parts)
            if pair:
                context.partner, context.relation = group.tickets[partner], pair.relation
            found.append(_Run(measure, ticket.id, partner, measure.start(context)))
    return found


def _asked(partner: str, parts: Parts) -> bool:
    return any(part == partner or part.startswith(f"{partner} ") for part in parts)


def _show(
    place: Laboratory,
    group: Group,
    condition: Condition,
    runs: dict[str, list[_Run]],
    progress: Progress,
    done: Done,
) -> None:
    """Show the images; what cannot be attacked is taken out of the runs and keeps none of the others back."""
    viewers = {key: [_viewer(run, group.networks[key]) for run in each] for key, each in runs.items() if each}
    if not viewers:
        return
    if not place.images.attacks(condition):
        show(group.networks, place.images, condition, viewers, progress)
        return
    for number, (key, each) in enumerate(viewers.items()):
        part = share(progress, number / len(viewers), 1 / len(viewers))
        try:
            show(group.networks, place.images, condition, {key: each}, part)
        except UserError as error:
            done.problems.append(f"Ticket {key} is left out of {part_name(*condition)}: {error}")
            runs[key] = []


def _viewer(run: _Run, network: Network) -> Viewer:
    needs = run.measure.needs
    layers = frozenset(run.measure.layers(network.module)) if "activations" in needs else frozenset[str]()
    return Viewer(run.update, layers, "gradients" in needs, run.partner)


def _frames(runs: Sequence[_Run], done: Done) -> list[pd.DataFrame]:
    frames = []
    for run in runs:
        try:
            if run.problem:
                raise UserError(run.problem)
            frames.append(run.accumulator.rows())
        except UserError as error:
            done.problems.append(f"Ticket {run.ticket_id} is left out of `{run.measure.name}`: {error}")
    return frames


def _rows(measure: Measure, frames: Sequence[pd.DataFrame], parts: Parts, precision: str) -> Rows | None:
    """The rows of the parts asked for, and what made them; None where there is nothing."""
    if not frames:
        return None
    if precision:
        machine = hardware(pick_device())
        parts = {part: replace(made, precision=precision, machine=machine) for part, made in parts.items()}
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    if not measure.keys:
        return Rows(frame, dict(parts))
    part_of = measure.part_of(frame)
    made = {part: parts[part] for part in dict.fromkeys(part_of) if part in parts}
    return Rows(frame[part_of.isin(made.keys())], made) if made else None
