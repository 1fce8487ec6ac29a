"""Measures the tickets of a study: whatever its settings ask for and its results do not hold yet.

Every file is written whole once its ticket is measured, so a run may be stopped or killed at any moment and loses at
most the group of tickets in work; the next run looks at what is there and goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from analysis import maps
from analysis.coverage import Coverage, Wanted, store
from analysis.evaluation import evaluate_group, groups_of
from analysis.jobs import Job, Meter
from analysis.results import Results
from analysis.schemas import SCHEMAS
from analysis.settings import AnalysisConfig, settings
from pruning.data import Dataset, load_data
from pruning.errors import UserError, unknown
from pruning.models import count_macs
from pruning.study import Entry, Study

TABLES: tuple[str, ...] = tuple(SCHEMAS)

Progress = Callable[[float, float, str], None]
"""Called with the work done, the work in all (both in about seconds of one core), and what is being done."""


@dataclass
class Outcome:
    """What a run did: the tickets that fit, how many of them got each table, and sentences on what was amiss.

    `problems` names tickets that were left out, `mended` damaged result files that were made anew.
    """

    tickets: int
    written: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)


def run(
    study: Study,
    progress: Progress | None = None,
    only: Iterable[str] | None = None,
    force: bool = False,
    root: str | Path | None = None,
    download: bool = False,
) -> Outcome:
    """Measure every found ticket of the study, as far as that is not done yet.

    A table is made again, in part, when the settings ask for more conditions, maps or samples than it has, and cut
    when they ask for fewer; a damaged result file is made anew. Of a ticket that was found after others were measured
    only its own results are made: its joint map is laid over the reference's, which stays.

    Args:
        study: its tickets of all seeds get summary, layers, weights, samples and conditions; those of its detail seed
            also corrupted (per sample) and maps.
        progress: told how far the work is.
        only: tables to make; all by default.
        force: measure also what is there.
        root, download: as for `pruning.data.load_data`.

    A ticket that cannot be read or does not fit the data is left out, and a sentence in the outcome says so.

    Raises:
        UserError: the study has no tickets, its settings or `only` name what is not known, its data are not there.
    """
    tables = _chosen(only)
    config = settings(study)
    data, entries, problems = _subjects(study, root, download)
    images, labels = data.test.images[: config.samples], data.test.labels[: config.samples]
    _check_classes(labels, data)
    wanted, results = Wanted.of(config, len(labels)), Results(study.path)
    jobs, damaged = plan(study, entries, wanted, results, tables, force)
    outcome = Outcome(len(entries), problems=problems, mended=damaged)
    work = _Work(study, config, wanted, results, images, labels, outcome)
    work.do(jobs, [entry for entry in entries if entry.recipe.seed == study.detail_seed], progress)
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
    jobs = []
    for entry in entries:
        detailed = entry.recipe.seed == study.detail_seed
        own = [table for table in wanted.for_ticket(detailed) if table in tables]
        missing = {
            table: coverage.missing(table, entry.id, wanted)
            for table in own
            if not coverage.complete(table, entry.id, wanted)
        }
        jobs.append(Job(entry, missing))
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
    wanted: Wanted
    results: Results
    images: Tensor
    labels: Tensor
    outcome: Outcome

    def do(self, jobs: Sequence[Job], detailed: Sequence[Entry], progress: Progress | None) -> None:
        if not jobs:
            return
        shown = maps.positions(len(self.labels), self.config.map_samples)
        macs = self._macs(jobs)
        meter = Meter(sum(job.cost(len(self.labels), len(shown), macs) for job in jobs), progress)
        for group in groups_of(jobs, len(self.labels)):
            cost = sum(job.network_cost(len(self.labels), macs) for job in group)
            with meter.part(cost) as tell:
                evaluate_group(
                    self._loaded(group), self.config, self.wanted, self.results, self.images, self.labels, tell
                )
            self._count(group, [table for table in TABLES if table != "maps"])
        self._maps([job for job in jobs if "maps" in job.missing], detailed, meter)

    def _macs(self, jobs: Sequence[Job]) -> int:
        """Multiply-adds of the study's network, from the first ticket that can be read."""
        for job in jobs:
            self._load(job)
            if job.ticket is not None:
                return count_macs(job.ticket.model(), job.ticket.info.shape)
        return 0

    def _load(self, job: Job) -> None:
        if job.ticket is None and not job.failed:
            try:
                job.ticket = self.study.load(job.entry.id)
            except UserError as error:
                job.failed = True
                self.outcome.problems.append(str(error))

    def _loaded(self, group: Sequence[Job]) -> list[Job]:
        for job in group:
            self._load(job)
        return [job for job in group if job.ticket is not None]

    def _count(self, group: Sequence[Job], tables: Sequence[str]) -> None:
        for job in group:
            if not job.failed:
                self.outcome.written.update(table for table in job.missing if table in tables)
            job.ticket = None  # a study's tickets together may be larger than memory

    def _maps(self, jobs: Sequence[Job], detailed: Sequence[Entry], meter: Meter) -> None:
        if not jobs:
            return
        shown = maps.positions(len(self.labels), self.config.map_samples)
        source, parts = self.images[shown], self.wanted.tables["maps"]
        first = maps.reference_of(detailed)
        reference = None
        if not any(job.entry is first and maps.JOINT in job.missing["maps"] for job in jobs):
            reference = maps.stored_reference(self.results, first.id)
        # The reference comes first, for the others need its map.
        for job in sorted(jobs, key=lambda job: job.entry is not first):
            kinds = [kind for kind in parts if kind in job.missing["maps"]]
            with meter.part(job.maps_cost(len(shown))) as tell:
                self._load(job)
                if job.ticket is None:
                    continue
                features = maps.clean_features(job.ticket, source)
                tell(0.0, f"maps of {job.entry.recipe.label}")
                frames, reference = maps.maps_of(job.entry.id, features, kinds, shown, reference, tell)
                store(self.results, "maps", job.entry.id, frames, set(kinds), parts)
            self._count([job], ["maps"])


def _chosen(only: Iterable[str] | None) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(only or TABLES))
    for table in chosen:
        if table not in SCHEMAS:
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
            f"The first {len(labels)} test images of '{data.name}' leave out {left} of its classes; raise `samples` "
            "in [analysis]."
        )
