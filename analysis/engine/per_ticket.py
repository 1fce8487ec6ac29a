"""The tables that are made by themselves, a ticket at a time: efficiency, stability with its lines, maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.engine import maps
from analysis.engine.coverage import Wanted, store
from analysis.engine.images import Material
from analysis.engine.jobs import PER_TICKET, PER_TIMING, Job, Meter, Outcome, Tell, per_condition
from analysis.engine.settings import AnalysisConfig
from analysis.metrics import connectivity
from analysis.metrics.connectivity import ALPHAS, TRAINING_IMAGES
from analysis.metrics.efficiency import Bench
from analysis.results.store import Results
from pruning.data import Dataset, Split
from pruning.errors import UserError
from pruning.study.folder import Entry, Study
from pruning.ticket import Ticket


@dataclass
class Apart:
    """Makes these tables for the tickets that lack them, and says in the outcome what it made."""

    study: Study
    config: AnalysisConfig
    data: Dataset
    material: Material
    wanted: Wanted
    results: Results
    outcome: Outcome

    def cost(self, jobs: Sequence[Job], macs: int) -> float:
        """About the seconds of all of it, for a network of `macs` multiply-adds an image."""
        timing = PER_TIMING * len(_lacking(jobs, "efficiency"))
        drawing = sum(job.maps_cost(len(self._shown())) for job in jobs)
        return timing + drawing + sum(self._pair_cost(job, macs) for job in _paired(jobs))

    def load(self, job: Job) -> Ticket | None:
        """The job's ticket, None (and once a sentence in the outcome) when it cannot be read."""
        if job.ticket is None and not job.failed:
            job.ticket = self._read(job.entry.id)
            job.failed = job.ticket is None
        return job.ticket

    def efficiency(self, jobs: Sequence[Job], meter: Meter) -> None:
        """What pruning saves."""
        bench = Bench()
        for job in _lacking(jobs, "efficiency"):
            with meter.part(PER_TIMING) as tell:
                ticket = self.load(job)
                if ticket is not None:
                    tell(0.0, f"efficiency of {job.entry.recipe.label}")
                    self._write("efficiency", job, bench.measure(ticket, job.entry.path))
                    job.ticket = None

    def stability(self, jobs: Sequence[Job], macs: int, meter: Meter) -> None:
        """How far tickets are from their partners; those that share one come together, so that it is read once."""
        partner: Ticket | None = None
        for job in sorted(_paired(jobs), key=lambda job: job.partner.entry.id if job.partner else ""):
            assert job.partner is not None  # `Wanted` asks for these tables only where there is one
            with meter.part(self._pair_cost(job, macs)) as tell:
                ticket = self.load(job)
                if ticket is None:
                    continue
                if partner is None or partner.id != job.partner.entry.id:
                    partner = self._read(job.partner.entry.id)
                if partner is not None:
                    self._pair(job, ticket, partner, tell)
                job.ticket = None

    def _pair(self, job: Job, ticket: Ticket, partner: Ticket, tell: Tell) -> None:
        assert job.partner is not None
        l2, relative = connectivity.distance(ticket.state, partner.state, ticket.masks)
        row = {"other": partner.id, "relation": job.partner.relation, "l2": l2, "relative": relative}
        row |= dict.fromkeys(("barrier", "barrier_low", "barrier_high"), float("nan"))
        if job.partner.relation == "order":
            data = replace(self.data, test=Split(self.material.images, self.material.labels))
            text = f"the line to {job.entry.recipe.label}"
            try:
                line = connectivity.line(partner, ticket, data, tell=lambda fraction: tell(fraction, text))
            except UserError as error:
                self._complain(error)
                return
            found = connectivity.barrier(line.right)
            row |= {"barrier": found.value, "barrier_low": found.low, "barrier_high": found.high}
            if "lines" in job.missing:
                self._write("lines", job, line.frame(partner.id))
        self._write("stability", job, pd.DataFrame([row]))  # also where only lines are missing: they have a new barrier

    def maps(self, jobs: Sequence[Job], detailed: Sequence[Entry], meter: Meter) -> None:
        """2-D maps of the features of tickets, which are among the `detailed`."""
        jobs = _lacking(jobs, "maps")
        if not jobs:
            return
        shown = self._shown()
        source, parts = self.material.images[shown], self.wanted.tables["maps"]
        first = maps.reference_of(detailed)
        reference = None
        if not any(job.entry is first and maps.JOINT in job.missing["maps"] for job in jobs):
            reference = maps.stored_reference(self.results, first.id)
        # The reference comes first, for the others need its map.
        for job in sorted(jobs, key=lambda job: job.entry is not first):
            kinds = [kind for kind in parts if kind in job.missing["maps"]]
            with meter.part(job.maps_cost(len(shown))) as tell:
                ticket = self.load(job)
                if ticket is None:
                    continue
                features = maps.clean_features(ticket, source)
                tell(0.0, f"maps of {job.entry.recipe.label}")
                frames, reference = maps.maps_of(job.entry.id, features, kinds, shown, reference, tell)
                store(self.results, "maps", job.entry.id, frames)
                self.outcome.written["maps"] += 1
                job.ticket = None

    def _shown(self) -> np.ndarray:
        return maps.positions(len(self.material.labels), self.config.map_samples)

    def _pair_cost(self, job: Job, macs: int) -> float:
        if job.partner is None or job.partner.relation != "order":
            return PER_TICKET
        images = len(self.material.labels) + min(TRAINING_IMAGES, len(self.data.train.labels))
        return ALPHAS * per_condition(images, macs)

    def _write(self, table: str, job: Job, rows: pd.DataFrame) -> None:
        self.results.write(table, job.entry.id, rows)
        self.outcome.written[table] += 1

    def _read(self, ticket_id: str) -> Ticket | None:
        try:
            return self.study.load(ticket_id)
        except UserError as error:
            self._complain(error)
            return None

    def _complain(self, error: UserError) -> None:
        if str(error) not in self.outcome.problems:
            self.outcome.problems.append(str(error))


def _lacking(jobs: Sequence[Job], table: str) -> list[Job]:
    return [job for job in jobs if table in job.missing]


def _paired(jobs: Sequence[Job]) -> list[Job]:
    return [job for job in jobs if "lines" in job.missing or "stability" in job.missing]
