"""Brings a study of an earlier version up to date without measuring everything again.

Earlier versions did not note what made their results. What they left is believed when a sample of it, drawn by a seed,
comes out the same when it is measured again; then tickets get their digests, and results say what made them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from analysis.engine.base import Measure
from analysis.engine.evaluation import Source
from analysis.engine.images import TestImages
from analysis.engine.journal import Journal
from analysis.engine.measure import RunReport, measure_jobs
from analysis.engine.plan import Job, Plan, Wanted
from analysis.engine.sending import Where
from analysis.engine.settings import settings
from analysis.engine.subjects import images_of, readable
from analysis.results import files
from analysis.results.columns import Column
from analysis.results.provenance import to_text
from analysis.results.store import Results
from analysis.results.tables import TICKET
from pruning.data import available, load_data
from pruning.errors import UserError
from pruning.progress import Progress, quiet
from pruning.study.folder import TICKETS, Entry, Study
from pruning.ticket import Ticket

RELATIVE = 2e-3
"""How far a float may be off, of its size: a "rounded" column keeps 2**-11 of it, and other processors, which add in
another order, were seen to move a value by as much again."""

ABSOLUTE = 2e-3
"""The same for values near 0, of the column's mean size."""

SHARE = 0.01
"""What share of a column's values may be further off, and of the images a count may be: those whose two likeliest
classes are so close that the order of additions decides between them."""


@dataclass
class Adoption:
    """What was done.

    Attributes:
        checked: parts that were measured again.
        differing: a sentence for each that came out otherwise; then nothing was rewritten.
        tickets, results: files that were rewritten.
        problems: a sentence for each ticket that was left out.
    """

    checked: int = 0
    differing: list[str] = field(default_factory=list)
    tickets: int = 0
    results: int = 0
    problems: list[str] = field(default_factory=list)


def adopt(
    study: Study,
    progress: Progress = quiet,
    root: str | Path | None = None,
    *,
    tickets: int = 3,
    conditions: int = 3,
    seed: int = 0,
    trust: bool = False,
    jobs: int = 0,
) -> Adoption:
    """Let tickets and results that do not say what made them say it.

    Args:
        study: its files without digests are rewritten; what they hold stays.
        progress: told how far the measuring of the sample is.
        root: as for `pruning.data.load_data`.
        tickets: of each table so many tickets are measured again.
        conditions: of each of these so many parts, such as conditions or maps.
        seed: draws them.
        trust: measure nothing again. Where the data set is not at hand, results then do not say which images they are
            of, and are taken to be of those of the study.
        jobs: processes, as for `measure.run`.

    Raises:
        UserError: the data set is not at hand and `trust` is not said, or another run is at work.
    """
    config = settings(study)
    done = Adoption()
    entries, done.problems = study.scan()
    entries = readable(entries, done.problems)
    there = available(study.config.data, root)
    if not there and not trust:
        raise UserError(
            f"The data set '{study.config.data}' of {study.path} is not at hand, so that nothing can be measured "
            "again: say with --root where it lies, or with --trust that what is stored is to be taken as it is."
        )
    images = images_of(study, config, load_data(study.config.data, root)) if there else None
    results = Results(study.path)
    with Journal(study.path).alone():
        plan = Plan.of(Wanted(study, config, entries, images), results)
        if images is not None and not trust:
            source = Source(study, (), Path(root).resolve() if root is not None else None, threads=0)
            sample = _sample(plan, tickets, conditions, np.random.default_rng(seed))
            _check(plan, sample, source, images, progress, jobs, done)
        if not done.differing:
            done.tickets = sum(_sign(entry) for entry in entries)
            done.results = sum(
                _record(plan, measure, entry) for measure in plan.wanted.measures.values() for entry in entries
            )
    return done


def _sample(plan: Plan, tickets: int, conditions: int, random: np.random.Generator) -> list[Job]:
    """Parts that do not say what made them: of each table some tickets, of each of these some parts."""
    jobs: dict[str, Job] = {}
    for table, stored in plan.stored.items():
        measure = plan.wanted.measures[table]
        unrecorded = [
            (entry, [part for part in plan.wanted.parts(measure, entry) if _is_unrecorded(stored.made, entry, part)])
            for entry in plan.wanted.subjects(measure)
        ]
        candidates = [(entry, parts) for entry, parts in unrecorded if parts]
        for place in sorted(random.permutation(len(candidates))[:tickets]):
            entry, parts = candidates[place]
            wanted = plan.wanted.parts(measure, entry)
            chosen = [parts[number] for number in sorted(random.permutation(len(parts))[:conditions])]
            job = jobs.setdefault(entry.id, plan.wanted.job(entry))
            job.missing[table] = {part: wanted[part] for part in chosen}
    return list(jobs.values())


def _is_unrecorded(made: Mapping[str, Mapping[str, object]], entry: Entry, part: str) -> bool:
    return part in made.get(entry.id, {}) and made[entry.id][part] is None


def _check(
    plan: Plan, sample: Sequence[Job], source: Source, images: TestImages, progress: Progress, jobs: int, done: Adoption
) -> None:
    """Measure the sample again, in a folder of its own, and compare."""
    with tempfile.TemporaryDirectory(prefix="adopt-") as folder:
        aside = Study.open(source.study.source)
        aside.path = Path(folder)
        os.symlink((source.study.path / TICKETS).resolve(), aside.path / TICKETS)
        again = Results(aside.path)
        for table, reference in _references(plan, sample):
            # What others' rows build on is as it was stored.
            rows = plan.results.table(table, ids=[reference.id])
            again.write(table, reference.id, rows, plan.results.made(table, reference.id))
        report = RunReport(len(sample))
        measure_jobs(
            Source(aside, (), source.root, threads=0), plan.wanted, images, sample, report, progress, Where(jobs=jobs)
        )
        done.problems += report.problems
        for job in sample:
            for table, parts in job.missing.items():
                measure = plan.wanted.measures[table]
                rows = [_by_part(measure, each, job.entry.id) for each in (plan.results, again)]
                for part in parts:
                    done.checked += 1
                    found = differences(measure, *(each.get(part, pd.DataFrame()) for each in rows))
                    if found:
                        what = f" {part}" if part else ""
                        done.differing.append(f"Ticket {job.entry.id}, `{table}`{what}: {', '.join(found)}.")


def _references(plan: Plan, sample: Sequence[Job]) -> Iterator[tuple[str, Entry]]:
    for table in {table for job in sample for table in job.missing}:
        reference = plan.wanted.reference(plan.wanted.measures[table])
        if reference is not None and plan.results.has(table, reference.id):
            yield table, reference


def _by_part(measure: Measure, results: Results, ticket_id: str) -> dict[str, pd.DataFrame]:
    rows = results.table(measure.name, ids=[ticket_id]).drop(columns=TICKET)
    return {str(part): each for part, each in rows.groupby(measure.part_of(rows), sort=False)}


def differences(measure: Measure, old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """What of a part's rows is further apart than another machine explains, in words.

    Columns that only the machine decides are passed over.
    """
    if len(old) != len(new):
        return [f"{len(old)} rows are stored, {len(new)} were measured"]
    compared = {name: column for name, column in measure.columns.items() if name not in measure.by_machine}
    return [
        f"{name} differs in {100 * off:.0f} % of its values"
        for name, column in compared.items()
        if (off := _off(column, old[name].reset_index(drop=True), new[name].reset_index(drop=True))) > SHARE
    ]


def _off(column: Column, old: pd.Series, new: pd.Series) -> float:
    """The share of values that are apart."""
    if column.kind == "blob":
        pairs = [np.frombuffer(bytes(value), np.uint8) for series in (old, new) for value in series]
        first, second = np.concatenate(pairs[: len(old)]), np.concatenate(pairs[len(old) :])
        return float((first != second).mean()) if first.shape == second.shape else 1.0
    if column.kind in ("str", "bool"):
        return float((old != new).mean())
    first, second = old.to_numpy(np.float64), new.to_numpy(np.float64)
    if column.unit == "images" and len(first):  # a count: an image may be taken for another class
        return float((np.abs(first - second) > np.maximum(1, SHARE * np.maximum(first, second))).mean())
    size = np.nanmean(np.abs(first)) if np.isfinite(first).any() else 0.0
    slack = ABSOLUTE * size if column.is_float else 0.0
    close = np.isclose(first, second, rtol=RELATIVE if column.is_float else 0.0, atol=slack, equal_nan=True)
    return float((~close).mean()) if len(close) else 0.0


def _sign(entry: Entry) -> bool:
    """Give a ticket's file its digests; whether it had none."""
    if entry.content:
        return False
    Ticket.load(entry.path).save(entry.path)
    return True


def _record(plan: Plan, measure: Measure, entry: Entry) -> bool:
    """Let a result file say what made its parts; whether it did not."""
    there = plan.stored[measure.name].made.get(entry.id, {})
    if not any(made is None for made in there.values()):
        return False
    found = {part: made or plan.wanted.made(measure, entry, part) for part, made in there.items()}
    path = plan.results.path / measure.name / f"{entry.id}.parquet"
    rows = pq.read_table(path).replace_schema_metadata().select(list(measure.all_columns))
    files.write(path, measure, rows, to_text({part: made for part, made in found.items() if made is not None}))
    return True
