"""Measures a group of a study's tickets: all tables but the maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
from torch import Tensor

from analysis import geometry, layers, robustness
from analysis.coverage import Wanted, part_name, store
from analysis.jobs import Job, Tell
from analysis.results import Results
from analysis.robustness import CLEAN, Measured
from analysis.settings import AnalysisConfig
from pruning.ticket import Ticket

GROUP = 24
"""Tickets measured together at most: each corrupted batch is made once a group, and a kill loses a group."""

MEMORY = 1_000_000_000
"""Bytes that a group's weights and results may take."""

ROW = 32  # bytes of one ticket's results for one sample under one condition, while they are held


def groups_of(jobs: Sequence[Job], samples: int) -> Iterator[list[Job]]:
    """The jobs with more to do than maps, in groups that fit in memory."""
    group: list[Job] = []
    taken = 0
    for job in jobs:
        if not job.missing.keys() - {"maps"}:
            continue
        size = 8 * job.entry.total + ROW * samples * (1 + len(job.missing.get("corrupted", ())))
        if group and (len(group) == GROUP or taken + size > MEMORY):
            yield group
            group, taken = [], 0
        group.append(job)
        taken += size
    if group:
        yield group


def evaluate_group(
    jobs: Sequence[Job],
    config: AnalysisConfig,
    wanted: Wanted,
    results: Results,
    images: Tensor,
    labels: Tensor,
    tell: Tell,
) -> None:
    """Measure the jobs' tickets, which are loaded, and write what they lack, the maps left out."""
    tickets = {job.entry.id: job.ticket for job in jobs if job.ticket is not None}
    for job in jobs:
        if job.ticket is not None:
            _structure(job, job.ticket, results)
    # A condition is shown to the tickets that lack it; which those are, `done` says the other way round.
    conditions = [c for c in config.conditions() if any(part_name(c) in job.conditions() for job in jobs)]
    done = {(job.entry.id, *c) for job in jobs for c in conditions if part_name(c) not in job.conditions()}
    collected = {job.entry.id: _Collected(job) for job in jobs}
    if conditions:
        several = f"{len(tickets)} tickets" if len(tickets) > 1 else "1 ticket"
        for measured in robustness.iterate(
            tickets, images, labels, conditions, done=done, progress=lambda f, text: tell(f, f"{several}: {text}")
        ):
            for key in measured.values:
                collected[key].add(measured)
    for one in collected.values():
        one.write(wanted, results)


def _structure(job: Job, ticket: Ticket, results: Results) -> None:
    """The tables that need no data."""
    if "layers" in job.missing:
        results.write("layers", ticket.id, layers.by_layer(ticket.masks))
    if "weights" in job.missing:
        results.write("weights", ticket.id, layers.weight_histogram(ticket))


class _Collected:
    """What has been measured of one ticket; only what its missing tables need is held."""

    def __init__(self, job: Job) -> None:
        self.job, self.key = job, job.entry.id
        self.frames: dict[str, list[pd.DataFrame]] = {table: [] for table in job.missing}

    def add(self, measured: Measured) -> None:
        condition = (measured.corruption, measured.severity)
        if part_name(condition) in self.job.missing.get("conditions", ()):
            self.frames["conditions"].append(pd.DataFrame([measured.summary(self.key)]))
        if part_name(condition) in self.job.missing.get("reliability", ()):
            self.frames["reliability"].append(measured.reliability(self.key))
        if part_name(condition) in self.job.missing.get("corrupted", ()):
            self.frames["corrupted"].append(measured.frame(self.key))
        if condition == CLEAN and "samples" in self.frames:
            rows = measured.frame(self.key).drop(columns=["corruption", "severity"])
            self.frames["samples"].append(rows.assign(label=measured.labels))
        if condition == CLEAN and "summary" in self.frames:
            self.frames["summary"].append(self._summary(measured))

    def write(self, wanted: Wanted, results: Results) -> None:
        """The summary comes last: a ticket that has one has the others."""
        for table in ("conditions", "reliability", "corrupted"):
            if table in self.frames:
                parts = self.job.missing[table]
                store(results, table, self.key, self.frames[table], parts, wanted.tables[table])
        for table in ("samples", "summary"):
            if table in self.frames:
                results.write(table, self.key, self.frames[table][0])

    def _summary(self, clean: Measured) -> pd.DataFrame:
        entry = self.job.entry
        counts = {"kept": entry.kept, "total": entry.total, "sparsity": entry.sparsity, "seconds": entry.info.seconds}
        return pd.DataFrame([geometry.summarise(clean.values[self.key], clean.labels) | counts])
