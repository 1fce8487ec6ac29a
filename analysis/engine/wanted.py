"""What the settings of a study ask for: the parts of each ticket's tables, and what would make each of them now."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from analysis.corruptions import version_of
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.base import WITHOUT_CODE, Measure, Pair, measures
from analysis.engine.images import TestImages
from analysis.engine.replay import recorded_under
from analysis.engine.settings import AnalysisConfig
from analysis.results.provenance import UNKNOWN, Provenance, canonical
from pruning.models.user_file import digest_of_imports_of
from pruning.study.folder import Entry, Study
from pruning.training.recording import of_elsewhere

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

    def part_by_part(self, table: str) -> list[Job]:
        """What it is about this table, a job for each part."""
        return [replace(self, missing={table: {part: made}}) for part, made in self.missing[table].items()]


@dataclass(frozen=True, slots=True)
class _Slot:
    """A part of a table by its name without the partner's: what it is shown, and where that comes from."""

    name: str
    condition: Condition
    kind: str
    source: str
    version: int


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
        self._suits: dict[tuple[str, str | None], bool] = {}
        self.conditions = config.conditions(images.given if images is not None else None)
        self.pairs = {
            name: each.pairs([entry for entry in entries if self._has(each, entry)])
            for name, each in self.measures.items()
            if each.pairs is not None
        }
        self._sources: dict[Condition, str] = {}
        self._references: dict[str, Entry | None] = {}
        self._known_digests: dict[str, str] = {}
        self._known_bases: dict[str, Provenance] = {}
        self._texts: dict[tuple[str, str, int], list[str]] = {}
        self._codes: dict[tuple[str, str | None], str] = {}
        self._told: dict[tuple[str, str], str] = {}
        self._known_slots: dict[str, list[_Slot]] = {}
        self._origins: dict[tuple[Callable[[str], str], str], str] = {}

    def subjects(self, measure: Measure) -> Sequence[Entry]:
        """The tickets that may have a table."""
        return [each for each in (self.detailed if measure.detail else self.entries) if self._has(measure, each)]

    def parts(self, measure: Measure, entry: Entry) -> Parts:
        """The parts asked for of a ticket's table; {} where it is to have none."""
        found: Parts = {}
        if not self._has(measure, entry) or (measure.detail and entry.id not in self._detailed_ids):
            return found
        base, slots = self._base(measure, entry), self._slots(measure)
        if of_elsewhere(entry.info.recording) is not None:
            inner = "inner layers" in measure.needs
            slots = [slot for slot in slots if recorded_under(entry, slot.condition, inner)]
        known: dict[tuple[str, str, int], Provenance] = {}
        for pair in self.pairs_of(measure, entry):
            lead = f"{pair.entry.id} " if pair else ""
            for slot in slots:
                key = self._partner(measure, pair, slot.kind), slot.source, slot.version
                if key not in known:
                    known[key] = replace(base, partner=key[0], source=key[1], corruption=key[2])
                found[(lead + slot.name).rstrip()] = known[key]
        return found

    def digest(self, measure: Measure, entry: Entry) -> str:
        """Another one whenever `parts` are others; '' where there are none. Found without making them."""
        which = measure.name, entry.id
        if which not in self._told:
            there = self._has(measure, entry) and (not measure.detail or entry.id in self._detailed_ids)
            self._told[which] = self._digest(measure, entry) if there else ""
        return self._told[which]

    def _digest(self, measure: Measure, entry: Entry) -> str:
        held = [
            (pair.entry.id, pair.relation, pair.entry.digest) if pair else () for pair in self.pairs_of(measure, entry)
        ]
        follows = [self._partner(measure, None, kind) for kind in sorted(measure.follow)]
        rest = (self._slots_digest(measure), entry.info.recording, held, follows)
        told = f"({measure.name!r}, {self._base_text(measure, entry)}, {repr(rest)[1:]}"
        return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()

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
        return self._made(measure, self._base(measure, entry), pair, condition, " ".join(words))

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
        if measure.name not in self._references:
            subjects = self.subjects(measure) if measure.reference is not None else ()
            self._references[measure.name] = measure.reference(subjects) if measure.reference and subjects else None
        return self._references[measure.name]

    def job(self, entry: Entry) -> Job:
        """A job of a ticket that lacks nothing yet."""
        pairs = {name: found[entry.id] for name, found in self.pairs.items() if found.get(entry.id)}
        references = {name: self.reference(measure) for name, measure in self.measures.items()}
        return Job(entry, {}, pairs, {name: each for name, each in references.items() if each is not None})

    def _kinds(self, measure: Measure) -> Sequence[str]:
        if measure.parts is None:
            return [""]
        return measure.parts(self.config, len(self.images) if self.images is not None else None)

    def _has(self, measure: Measure, entry: Entry) -> bool:
        """Whether a ticket has it; of its task that is asked once."""
        task = measure.name, entry.recipe.task
        if task not in self._suits:
            self._suits[task] = measure.suits(entry.recipe.task)
        return measure.measures(entry, self._suits[task])

    def _base_text(self, measure: Measure, entry: Entry) -> str:
        """`_base` as text, in which that of tickets of the same code and mendings differs in one place."""
        which = measure.name, self._code(measure, entry), measure.mendings(entry.recipe)
        if which not in self._texts:
            mark = "a ticket's digest"
            self._texts[which] = repr(replace(self._base(measure, entry), ticket=mark)).split(repr(mark))
        return repr(entry.digest).join(self._texts[which])

    def _base(self, measure: Measure, entry: Entry) -> Provenance:
        if measure.name not in self._known_bases:
            self._known_bases[measure.name] = self._common(measure)
        base, code = self._known_bases[measure.name], self._code(measure, entry)
        return replace(base, measure=base.measure + measure.mendings(entry.recipe), ticket=entry.digest, code=code)

    def _code(self, measure: Measure, entry: Entry) -> str:
        """The digest of the user's files that a ticket's rows need; "" for none, UNKNOWN where one is not here."""
        if of_elsewhere(entry.info.recording) is not None or measure.needs <= WITHOUT_CODE:
            return ""
        names = entry.recipe.model, entry.recipe.task
        if names not in self._codes:
            try:
                self._codes[names] = digest_of_imports_of(name for name in names if name)
            except OSError:
                self._codes[names] = UNKNOWN
        return self._codes[names]

    def _common(self, measure: Measure) -> Provenance:
        """What makes every ticket's rows, but for the ticket."""
        known = self.images is not None
        images = (self.images.digest if self.images is not None else UNKNOWN) if measure.of_images else ""
        matters = measure.matters(self.config, len(self.images) if self.images is not None else ALL)
        told = matters is not None and (known or not measure.of_images)
        settings = canonical(matters or {}) if told else UNKNOWN
        asked = self.config.precision if measure.of_images and self.config.precision != "auto" else ""
        trained = self.images.training_digest if self.images is not None and self._trains(measure) else ""
        return Provenance(measure.version, "", images, settings=settings, precision=asked, training=trained)

    def _trains(self, measure: Measure) -> bool:
        """Whether training images decide any rows that are asked for; their digest takes a while."""
        return "training images" in measure.needs and bool(self._slots(measure))

    def _slots(self, measure: Measure) -> list[_Slot]:
        """What a table holds of each pair, or of a ticket, worked out once."""
        if measure.name not in self._known_slots:
            self._known_slots[measure.name] = [
                self._slot(measure, condition, kind)
                for condition in self.conditions_of(measure)
                for kind in self._kinds(measure)
            ]
        return self._known_slots[measure.name]

    def _slots_digest(self, measure: Measure) -> str:
        """Another one whenever `_slots` are others."""
        if measure.name not in self._known_digests:
            text = repr(self._slots(measure))
            self._known_digests[measure.name] = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
        return self._known_digests[measure.name]

    def _slot(self, measure: Measure, condition: Condition, kind: str) -> _Slot:
        keys = [*(map(str, condition) if measure.by_condition else ()), *([kind] if kind else [])]
        if condition == CLEAN:
            return _Slot(part_name(*keys), condition, kind, self._origin(measure, kind), 0)
        source = self._source(condition)
        version = 0 if source.startswith("array") else version_of(condition[0])
        return _Slot(part_name(*keys), condition, kind, source, version)

    def _partner(self, measure: Measure, pair: Pair | None, kind: str) -> str:
        if kind in measure.follow:
            reference = self.reference(measure)
            return reference.digest if reference else ""
        return pair.entry.digest if pair else ""

    def _made(
        self, measure: Measure, base: Provenance, pair: Pair | None, condition: Condition, kind: str
    ) -> Provenance:
        slot = self._slot(measure, condition, kind)
        partner = self._partner(measure, pair, kind)
        return replace(base, partner=partner, source=slot.source, corruption=slot.version)

    def _origin(self, measure: Measure, kind: str) -> str:
        """Where the images of a kind come from, asked once."""
        if (measure.source, kind) not in self._origins:
            self._origins[measure.source, kind] = measure.source(kind)
        return self._origins[measure.source, kind]

    def _source(self, condition: Condition) -> str:
        if condition not in self._sources:
            self._sources[condition] = self.images.source(condition) if self.images is not None else UNKNOWN
        return self._sources[condition]
