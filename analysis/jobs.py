"""The work of measuring: what one ticket lacks, about what it costs, and how far a run has got."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from analysis.coverage import BY_CONDITION
from pruning.study import Entry
from pruning.ticket import Ticket

# About seconds on one core; only the proportions matter, for the time left.
PER_IMAGE = 3e-5
PER_MAC = 1e-10
PER_MAP_SAMPLE = {"pca": 3e-4, "umap": 2.2e-3, "umap_joint": 2.2e-3}
PER_TICKET = 0.02

Tell = Callable[[float, str], None]
"""Told the fraction done of a part, in [0, 1], and what is being done."""


@dataclass
class Job:
    """What a ticket lacks: table -> parts to be measured; without any, only parts that are not wanted are taken out.

    `ticket` is there while it is worked on, `failed` says that it cannot be read.
    """

    entry: Entry
    missing: dict[str, set[str]]
    ticket: Ticket | None = None
    failed: bool = False

    def conditions(self) -> set[str]:
        """The conditions it is to be shown, as part names."""
        wanted = set().union(*(self.missing.get(table, set()) for table in BY_CONDITION))
        return wanted | ({"clean 0"} if {"summary", "samples"} & self.missing.keys() else set())

    def network_cost(self, samples: int, macs: int) -> float:
        """About the seconds for everything but the maps, for a network of `macs` multiply-adds an image."""
        return PER_TICKET + len(self.conditions()) * samples * (PER_IMAGE + macs * PER_MAC)

    def maps_cost(self, shown: int) -> float:
        """About the seconds for the maps, of `shown` samples."""
        return shown * sum(PER_MAP_SAMPLE[kind] for kind in self.missing.get("maps", ()))

    def cost(self, samples: int, shown: int, macs: int) -> float:
        """Both together."""
        return self.network_cost(samples, macs) + self.maps_cost(shown)


class Meter:
    """Adds up the parts of a run and tells how far it is; never backwards, and at the end all of it."""

    def __init__(self, total: float, progress: Callable[[float, float, str], None] | None) -> None:
        self.total, self.done, self.text = total, 0.0, ""
        self.progress = progress
        self._tell(0.0, "")

    @contextmanager
    def part(self, cost: float) -> Iterator[Tell]:
        """A part of the run that costs `cost`; when it ends it counts as done."""
        start, furthest = self.done, 0.0

        def tell(fraction: float, text: str) -> None:
            nonlocal furthest
            furthest = max(furthest, min(fraction, 1.0))
            self._tell(start + furthest * cost, text)

        yield tell
        self.done = start + cost
        self._tell(self.done, self.text)

    def _tell(self, done: float, text: str) -> None:
        self.text = text
        if self.progress is not None:
            self.progress(min(done, self.total), self.total, text)
