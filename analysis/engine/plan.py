"""What of a study is there, what is missing, and what was made by something that has changed since.

A table of a ticket is made of parts: conditions such as "fog 3", kinds of map, pairs, or a single one. Each part says
what made it. It is compared, part by part, with what would make it now, so that a change of the settings, the images,
a ticket, a corruption or a measure leads to the work it asks for and to no other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from analysis.corruptions import version_of
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.base import Measure, Pair, measures
from analysis.engine.images import TestImages
from analysis.engine.replay import recorded_under
from analysis.engine.settings import AnalysisConfig
from analysis.results.provenance import UNKNOWN, Provenance, blinded, canonical
from analysis.results.store import Results, Stored
from pruning.errors import UserError, few
from pruning.study.folder import Entry, Study

ALL = 1_000_000_000  # images, where it is not known how many there are

Parts = dict[str, Provenance]
"""Part -> what would make it now."""


def part_name(*keys: object) -> str:
    """The part that has these values in the columns of `tables.KEYS`."""
    return " ".join(map(str, keys))


@dataclass(frozen=True)
class Job:
    """What a ticket lacks: table -> part -> what is to make it.

    `pairs` says whom it is held against in tables of pairs, `references` on whose rows its own build.
    """

    entry: Entry
    missing: dict[str, Parts] = field(default_factory=dict)
    pairs: Mapping[str, Sequence[Pair]] = field(default_factory=dict)
    references: Mapping[str, Entry] = field(default_factory=dict)

    def only(self, tables: Collection[str]) -> Job:
        """The part of the job that is about these tables."""
        return replace(self, missing={name: parts for name, parts in self.missing.items() if name in tables})


class Wanted:
    """What the settings ask for.

    Args:
        study, config: with these settings. entries: its tickets that are to be measured.
        images: None where the data set is not at hand: then nothing that depends on them is compared.
    """

    def __init__(
        self, study: Study, config: AnalysisConfig, entries: Sequence[Entry], images: TestImages | None
    ) -> None:
        self.config, self.entries, self.images, self.measures = config, entries, images, measures()
        self.detailed = [entry for entry in entries if entry.recipe.seed == study.detail_seed]
        self._detailed_ids = {entry.id for entry in self.detailed}
        self.conditions = config.conditions(images.given if images is not None else None)
        self.pairs = {
            name: each.pairs([entry for entry in entries if each.measures(entry)])
            for name, each in self.measures.items()
            if each.pairs is not None
        }
        self._sources: dict[Condition, str] = {}
        self._origins: dict[tuple[Callable[[str], str], str], str] = {}

    def subjects(self, measure: Measure) -> Sequence[Entry]:
        """The tickets that may have a table."""
        return [each for each in (self.detailed if measure.detail else self.entries) if measure.measures(each)]

    def parts(self, measure: Measure, entry: Entry) -> Parts:
        """The parts asked for of a ticket's table; {} where it is to have none."""
        found: Parts = {}
        if not measure.measures(entry) or (measure.detail and entry.id not in self._detailed_ids):
            return found
        base = self._base(measure, entry)
        for pair in self.pairs_of(measure, entry):
            for condition in self.conditions_of(measure):
                if not recorded_under(entry, condition, "inner layers" in measure.needs):
                    continue
                for kind in self._kinds(measure):
                    keys = [pair.entry.id] if pair else []
                    keys += map(str, condition) if measure.by_condition else []
                    keys += [kind] if kind else []
                    found[part_name(*keys)] = self._made(measure, base, entry, pair, condition, kind)
        return found

    def made(self, measure: Measure, entry: Entry, part: str) -> Provenance | None:
        """What would make a part, also one that is not asked for; None where that cannot be said."""
        asked = self.parts(measure, entry)
        if part in asked:
            return asked[part]
        words = part.split(" ") if part else []
        pair = None
        if measure.pairs is not None:
            other = words.pop(0)
            pair = next((each for each in self.pairs_of(measure, entry) if each and each.entry.id == other), None)
            if pair is None:
                return None
        condition = (words.pop(0), int(words.pop(0))) if measure.by_condition else CLEAN
        return self._made(measure, self._base(measure, entry), entry, pair, condition, " ".join(words))

    def pairs_of(self, measure: Measure, entry: Entry) -> Sequence[Pair | None]:
        """Whom a ticket is held against; [None] where the measure is not about pairs."""
        return [None] if measure.pairs is None else list(self.pairs[measure.name].get(entry.id, ()))

    def conditions_of(self, measure: Measure) -> Sequence[Condition]:
        """The conditions that a measure looks at."""
        if not measure.by_condition:
            return [CLEAN]
        return [each for each in self.conditions if measure.conditions(each) and measure.asked(self.config, each)]

    def reference(self, measure: Measure) -> Entry | None:
        """The ticket on whose rows those of the others build."""
        subjects = self.subjects(measure)
        return measure.reference(subjects) if measure.reference is not None and subjects else None

    def job(self, entry: Entry) -> Job:
        """A job of a ticket that lacks nothing yet."""
        pairs = {name: found[entry.id] for name, found in self.pairs.items() if found.get(entry.id)}
        references = {name: self.reference(measure) for name, measure in self.measures.items()}
        return Job(entry, {}, pairs, {name: each for name, each in references.items() if each is not None})

    def _kinds(self, measure: Measure) -> Sequence[str]:
        if measure.parts is None:
            return [""]
        return measure.parts(self.config, len(self.images) if self.images is not None else None)

    def _base(self, measure: Measure, entry: Entry) -> Provenance:
        known = self.images is not None
        images = (self.images.digest if self.images is not None else UNKNOWN) if measure.of_images else ""
        matters = measure.matters(self.config, len(self.images) if self.images is not None else ALL)
        told = matters is not None and (known or not measure.of_images)
        settings = canonical(matters or {}) if told else UNKNOWN
        asked = self.config.precision if measure.of_images and self.config.precision != "auto" else ""
        return Provenance(measure.version, entry.digest, images, settings=settings, precision=asked)

    def _made(
        self, measure: Measure, base: Provenance, entry: Entry, pair: Pair | None, condition: Condition, kind: str
    ) -> Provenance:
        partner = pair.entry.digest if pair else ""
        if kind in measure.follow:
            reference = self.reference(measure)
            partner = reference.digest if reference else ""
        if condition == CLEAN:
            return replace(base, partner=partner, source=self._origin(measure, kind))
        source = self._source(condition)
        version = 0 if source.startswith("array") else version_of(condition[0])
        return replace(base, partner=partner, corruption=version, source=source)

    def _origin(self, measure: Measure, kind: str) -> str:
        """Where the images of a kind come from, asked once."""
        if (measure.source, kind) not in self._origins:
            self._origins[measure.source, kind] = measure.source(kind)
        return self._origins[measure.source, kind]

    def _source(self, condition: Condition) -> str:
        if condition not in self._sources:
            self._sources[condition] = self.images.source(condition) if self.images is not None else UNKNOWN
        return self._sources[condition]


@dataclass(frozen=True)
class State:
    """One ticket's table: the parts that are right, those that are missing, and for each stale one the reasons."""

    right: Collection[str]
    missing: Collection[str]
    stale: Mapping[str, tuple[str, ...]]

    @property
    def complete(self) -> bool:
        """Whether all that is asked for is there."""
        return not self.missing and not self.stale


@dataclass
class Plan:
    """A study's results beside what is asked for.

    `states` is table -> ticket -> state, of those that are to have the table. `unrecorded` counts files of an earlier
    version, by table, whose parts do not say what made them.
    """

    wanted: Wanted
    results: Results
    states: dict[str, dict[str, State]] = field(default_factory=dict)
    stored: dict[str, Stored] = field(default_factory=dict)
    unrecorded: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, wanted: Wanted, results: Results, tables: Iterable[str] | None = None) -> Plan:
        """Look into every file of the tables."""
        plan = cls(wanted, results)
        for name in tables or wanted.measures:
            plan._look(wanted.measures[name])
        return plan

    def jobs(self, force: bool = False) -> list[Job]:
        """What is to be done for each ticket that lacks anything; with `force`, all that is asked for."""
        found = []
        for entry in self.wanted.entries:
            job = self.wanted.job(entry)
            for name, states in self.states.items():
                if entry.id in states:
                    state, parts = states[entry.id], self.wanted.parts(self.wanted.measures[name], entry)
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
                f"The result file {place / key}.parquet is damaged; {ending}" for key in stored.damaged if key in known
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
        stored = self.stored[measure.name] = self.results.stored(measure.name)
        states = self.states[measure.name] = {}
        unrecorded = 0
        for entry in self.wanted.subjects(measure):
            asked = self.wanted.parts(measure, entry)
            if not asked:
                continue
            there = stored.made.get(entry.id, {})
            stale: dict[str, tuple[str, ...]] = {}
            right, missing = set(), set()
            for part, now in asked.items():
                made = there.get(part)
                if made is None:
                    missing.add(part)
                    continue
                reasons = () if made == now else tuple(made.differences(blinded(now, made)))
                if reasons:
                    stale[part] = reasons
                else:
                    right.add(part)
            unrecorded += any(part in there and there[part] is None for part in asked)
            states[entry.id] = State(right, missing, stale)
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
            f"{files}): `python -m analysis adopt {path}` checks and keeps them, `python -m analysis run --force "
            f"{path}` measures everything again."
        ]
