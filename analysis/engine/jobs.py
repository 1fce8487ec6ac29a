"""The work of measuring: what one ticket lacks, about what it costs, and how far a run has got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from analysis.corruptions.conditions import Condition
from analysis.engine.stability_pairs import Partner
from pruning.study.folder import Entry
from pruning.ticket import Ticket

# About seconds on one core; only the proportions matter, for the time left.
PER_IMAGE = 3e-5
PER_MAC = 1e-10
PER_MAP_SAMPLE = {"pca": 3e-4, "umap": 2.2e-3, "umap_joint": 2.2e-3}
PER_TICKET = 0.02
PER_TIMING = 0.4

APART = ("efficiency", "lines", "stability", "maps")
"""Tables that are made by themselves, a ticket at a time."""

WEIGHTS = {"fgsm": 4.5, "pgd": 27.0}
"""What an attack costs, in plain conditions: forward and backward passes for each of its steps, and one to measure."""

Tell = Callable[[float, str], None]
"""Told the fraction done of a part, in [0, 1], and what is being done."""


@dataclass
class Outcome:
    """What a run did: the tickets that fit, how many of them got each table, and sentences on what was amiss.

    `problems` names tickets that were left out, `mended` damaged result files that were made anew.
    """

    tickets: int
    written: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)


def weight(condition: Condition) -> float:
    """About how many times a plain condition it costs."""
    return WEIGHTS.get(condition[0], 1.0)


def per_condition(samples: int, macs: int) -> float:
    """About the seconds to show a plain condition to one network of `macs` multiply-adds an image."""
    return samples * (PER_IMAGE + macs * PER_MAC)


@dataclass
class Job:
    """What a ticket lacks: table -> parts to be measured ({""} where a table has no parts).

    `partner` is what its stability is measured against, `ticket` is there while it is worked on, `failed` says that it
    cannot be read.
    """

    entry: Entry
    missing: dict[str, set[str]]
    partner: Partner | None = None
    ticket: Ticket | None = None
    failed: bool = False

    @property
    def shows_images(self) -> bool:
        """Whether anything is missing that is made in a group of tickets, as `APART` is not."""
        return bool(self.missing.keys() - set(APART))

    def maps_cost(self, shown: int) -> float:
        """About the seconds for the maps, of `shown` samples."""
        return shown * sum(PER_MAP_SAMPLE[kind] for kind in self.missing.get("maps", ()))


class Meter:
    """Adds up the parts of a run, which may go on side by side, and tells how far it is; never backwards."""

    def __init__(self, total: float, progress: Callable[[float, float, str], None] | None) -> None:
        self.total, self.done, self.text = total, 0.0, ""
        self.running: dict[Hashable, float] = {}
        self.furthest = 0.0
        self.progress = progress
        self._tell("")

    @contextmanager
    def part(self, cost: float) -> Iterator[Tell]:
        """A part of the run that costs `cost`; when it ends it counts as done."""
        key = object()
        yield lambda fraction, text: self.tell(key, cost, fraction, text)
        self.end(key, cost)

    def tell(self, key: Hashable, cost: float, fraction: float, text: str) -> None:
        """The part `key`, which costs `cost`, is done to a fraction."""
        self.running[key] = cost * min(max(fraction, 0.0), 1.0)
        self._tell(text)

    def end(self, key: Hashable, cost: float) -> None:
        """The part `key` is done."""
        self.running.pop(key, None)
        self.done += cost
        self._tell(self.text)

    def finish(self) -> None:
        """All of it is done, whatever was left out."""
        self.running.clear()
        self.done = self.total
        self._tell(self.text)

    def _tell(self, text: str) -> None:
        self.text = text
        self.furthest = max(self.furthest, min(self.done + sum(self.running.values()), self.total))
        if self.progress is not None:
            self.progress(self.furthest, self.total, text)
