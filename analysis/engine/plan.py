"""What of a study is there, what is missing, and what was made by something that has changed since.

A table of a ticket is made of parts: conditions such as "fog 3", kinds of map, pairs, or a single one. Each part says
what made it. It is compared, part by part, with what would make it now, so that a change of the settings, the images,
a ticket, a corruption or a measure leads to the work it asks for and to no other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analysis.engine.base import Measure
from analysis.engine.settled import Settled, places
from analysis.engine.wanted import Job, Parts, Wanted, part_name
from analysis.results.packs import is_pack
from analysis.results.provenance import blinded
from analysis.results.store import Results, Stored
from pruning.errors import UserError, few
from pruning.study.commands import measuring, typed
from pruning.study.index import LEAST

__all__ = ["Job", "Parts", "Plan", "State", "Wanted", "part_name"]


@dataclass(frozen=True)
class State:
    """One ticket's table: whether any part is right, those that are missing, and for each stale one the reasons."""

    right: bool
    missing: Collection[str]
    stale: Mapping[str, tuple[str, ...]]

    @property
    def complete(self) -> bool:
        """Whether all that is asked for is there."""
        return not self.missing and not self.stale


COMPLETE = State(True, (), {})


@dataclass
class Plan:
    """A study's results beside what is asked for.

    `states` is table -> ticket -> state, of those that are to have the table. `unrecorded` counts files of an earlier
    version, by table, whose parts do not say what made them. `settled` is what is known without reading the files;
    `stored` leaves that out.
    """

    wanted: Wanted
    results: Results
    states: dict[str, dict[str, State]] = field(default_factory=dict)
    stored: dict[str, Stored] = field(default_factory=dict)
    unrecorded: dict[str, int] = field(default_factory=dict)
    settled: Settled = field(init=False)

    def __post_init__(self) -> None:
        self.settled = Settled(self.results.path.parent)

    @classmethod
    def of(cls, wanted: Wanted, results: Results, tables: Iterable[str] | None = None) -> Plan:
        """Look into every file of the tables that is not known to be complete."""
        plan = cls(wanted, results)
        for name in tables or wanted.measures:
            plan._look(wanted.measures[name])
        return plan

    def write_index(self) -> None:
        """Write what is complete into the study's index, for a study of many tickets."""
        if len(self.wanted.entries) < LEAST:
            return
        found: dict[str, dict[str, tuple[Path, str]]] = {}
        entries = {entry.id: entry for entry in self.wanted.entries}
        for table, states in self.states.items():
            where, measure = places(self.results, table), self.wanted.measures[table]
            done = [key for key, state in states.items() if state.complete and key in where]
            digests = {key: self.wanted.digest(measure, entries[key]) for key in done}
            found[table] = {key: (where[key], digest) for key, digest in digests.items() if digest}
        self.settled.write(found, self.stored)

    def jobs(self, force: bool = False) -> list[Job]:
        """What is to be done for each ticket that lacks anything; with `force`, all that is asked for."""
        found = []
        for entry in self.wanted.entries:
            job = self.wanted.job(entry)
            for name, states in self.states.items():
                if entry.id in states:
                    state = states[entry.id]
                    if state.complete and not force:
                        continue
                    parts = self.wanted.parts(self.wanted.measures[name], entry)
                    lacking = parts.keys() if force else {*state.missing, *state.stale}
                    missing = {part: made for part, made in parts.items() if part in lacking}
                    if missing:
                        job.missing[name] = missing
            found.append(job)
        for name in self.states:
            self._follow_reference(self.wanted.measures[name], found)
        return [job for job in found if job.missing]

    def sentences(self, *, now: bool) -> list[str]:
        """What is amiss with files of the tickets, and what is stale; it is made anew `now` or by the next run."""
        known = {entry.id for entry in self.wanted.entries}
        ending = "it is made anew." if now else "the next run makes it anew."
        several = "this run makes such files anew." if now else "the next run makes such files anew."
        found = []
        for table, stored in self.stored.items():
            place = self.results.path / table
            found += [
                f"The result file {place / key}.parquet is damaged; {ending}"
                for key in stored.damaged
                if key in known or is_pack(f"{key}.parquet")
            ]
            lacking = {key: columns for key, columns in stored.lacking.items() if key in known}
            if lacking:
                files = "1 file was" if len(lacking) == 1 else f"{len(lacking)} files were"
                columns = few(sorted({column for each in lacking.values() for column in each}))
                found.append(f"In {place} {files} made by an earlier version, without {columns}; {several}")
        return found + self._stale_sentences(now) + self._unrecorded_sentences()

    def refuse_unrecorded(self) -> None:
        """Raises UserError when parts do not say what made them, which only a person can decide about."""
        if self.unrecorded:
            [sentence] = self._unrecorded_sentences()
            raise UserError(sentence)

    def _look(self, measure: Measure) -> None:
        subjects = self.wanted.subjects(measure)
        digests = {entry.id: self.wanted.digest(measure, entry) for entry in subjects}
        told = self.settled.of(measure.name, places(self.results, measure.name))
        known = {key for key, digest in digests.items() if digest and told.get(key) == digest}
        stored = self.stored[measure.name] = self.results.stored(measure.name, known)
        states = self.states[measure.name] = {}
        unrecorded = 0
        for entry in subjects:
            if entry.id in known:
                states[entry.id] = COMPLETE
                continue
            asked = self.wanted.parts(measure, entry)
            if not asked:
                continue
            there = stored.made.get(entry.id, {})
            stale: dict[str, tuple[str, ...]] = {}
            right, missing = set(), set()
            reasons: dict[tuple[int, int], tuple[str, ...]] = {}
            for part, now in asked.items():
                made = there.get(part)
                if made is None:
                    missing.add(part)
                    continue
                both = id(made), id(now)  # few, of many parts
                if both not in reasons:
                    reasons[both] = () if made == now else tuple(made.differences(blinded(now, made)))
                if reasons[both]:
                    stale[part] = reasons[both]
                else:
                    right.add(part)
            unrecorded += any(part in there and there[part] is None for part in asked)
            states[entry.id] = State(bool(right), missing, stale)
        if unrecorded:
            self.unrecorded[measure.name] = unrecorded
        if not states:
            del self.states[measure.name]

    def _follow_reference(self, measure: Measure, jobs: Sequence[Job]) -> None:
        """When the reference's rows are to be made, so are all that build on them."""
        reference = self.wanted.reference(measure)
        made = {job.entry.id: job.missing.get(measure.name, {}) for job in jobs}
        for kind in measure.follow:
            if reference is not None and kind in made.get(reference.id, ()):
                for job in jobs:
                    parts = self.wanted.parts(measure, job.entry)
                    if kind in parts:
                        job.missing.setdefault(measure.name, {})[kind] = parts[kind]

    def _stale_sentences(self, now: bool) -> list[str]:
        groups: dict[tuple[str, str], tuple[set[str], dict[str, None]]] = {}
        for table, states in self.states.items():
            for ticket_id, state in states.items():
                for part, reasons in state.stale.items():
                    tickets, parts = groups.setdefault((table, " and ".join(reasons)), (set(), {}))
                    tickets.add(ticket_id)
                    parts[part] = None
        ending = "it is measured again." if now else "the next run measures it again."
        found = []
        for (table, reason), (tickets, parts) in groups.items():
            what = few([part for part in parts if part])
            several = f"{len(tickets)} tickets" if len(tickets) > 1 else f"ticket {next(iter(tickets))}"
            found.append(f"In `{table}`{f', {what}' if what else ''} of {several}: {reason}; {ending}")
        return found

    def _unrecorded_sentences(self) -> list[str]:
        if not self.unrecorded:
            return []
        files = ", ".join(f"{table} {count}" for table, count in self.unrecorded.items())
        path = self.results.path.parent
        return [
            f"The results in {self.results.path} are of an earlier version, which did not note what made them (files: "
            f"{files}): `{typed('analysis', 'adopt', path)}` checks and keeps them, `{measuring(path, '--force')}` "
            "measures everything again."
        ]
