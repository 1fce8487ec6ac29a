"""What a study's results hold of tickets under corruption, as the comparisons take it: outcomes and predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.comparisons.averages import Averages, Counting, right_of
from analysis.comparisons.outcomes import CORRUPTIONS, Images, Outcomes, PerImage, per_image
from analysis.comparisons.predictions import Predictions, check_labels, classes_of, kind_of
from analysis.corruptions import family_of
from analysis.corruptions.conditions import CLEAN, Condition, in_order
from analysis.metrics.corruption_error import COUNTED
from analysis.results.offsets import check_comparable, stored_offsets
from analysis.results.store import TRIES, Results
from pruning.errors import UserError
from pruning.study.commands import measuring

COLUMNS = ["ticket_id", "corruption", "severity", "n"]

Tickets = Mapping[str, Sequence[str]]
"""Name of a ticket -> ids of its seeds."""
Take = Callable[[str, int, Sequence[int], np.ndarray], None]
"""Is given a ticket, the places of a seed and of conditions, and the offsets under these, [conditions, images]."""


def by_family(corruptions: Iterable[str]) -> dict[str, list[str]]:
    """Family -> its corruptions among those given, both in their order; the clean images belong to none."""
    found: dict[str, list[str]] = {}
    for name, _ in in_order((str(corruption), 1) for corruption in corruptions if corruption != CLEAN[0]):
        found.setdefault(family_of(name), []).append(name)
    return found


def averaged_corruptions(corruptions: Sequence[str]) -> list[str]:
    """Those of the corruptions that their mean is over: the ones that count, or all where none does."""
    return [name for name in corruptions if name in COUNTED] or list(corruptions)


def stored_outcomes(
    results: Results, tickets: Tickets, corruptions: Sequence[str], seeds: Mapping[str, int] | None = None
) -> Outcomes:
    """Who is right under these corruptions and on the clean images, of the tickets measured under all of them.

    `seeds`: id -> number of the seed, by which tickets are paired; else in their order.

    Raises UserError when tickets were measured under different conditions, or on different images.
    """
    found = _Measured.of(results, tickets, [*corruptions, CLEAN[0]])
    right = {name: np.zeros((len(ids), *found.shape), dtype=bool) for name, ids in found.tickets.items()}

    def take(name: str, seed: int, places: Sequence[int], offsets: np.ndarray) -> None:
        right[name][seed, places] = offsets == 0

    found.read(results, take)
    return Outcomes(found.conditions, right, found.numbers(seeds))


def stored_averages(
    results: Results, tickets: Tickets, corruptions: Sequence[str], seeds: Mapping[str, int] | None = None
) -> Averages:
    """Each ticket's share right on clean images and under these corruptions, without holding what it is the mean of.

    As `Averages.of` what `stored_outcomes` gives with the same arguments, for as many tickets as one likes. Raises
    UserError as that.
    """
    found = _Measured.of(results, tickets, [*corruptions, CLEAN[0]])
    count = Counting(found.conditions, {name: len(ids) for name, ids in found.tickets.items()}, found.images)

    def take(name: str, seed: int, places: Sequence[int], offsets: np.ndarray) -> None:
        count.add(name, seed, places, offsets == 0)

    found.read(results, take)
    return count.averages(found.numbers(seeds))


def stored_per_image(results: Results, tickets: pd.DataFrame, images: Images) -> PerImage:
    """As `outcomes.per_image` of all rows of these tickets, which are not held.

    Args:
        results: of the study.
        tickets: ticket_id, key, seed.
        images: which conditions count.

    Raises UserError when tickets were measured under different conditions, or on different images.
    """
    if images == "accuracy":  # one row of a hundred, which DuckDB finds without the others
        rows = results.table("conditions", ids=sorted(tickets["ticket_id"]), where=f"corruption = '{CLEAN[0]}'",
                             columns=[*COLUMNS, "offsets"])  # fmt: skip
        return per_image(tickets, rows, images)
    known = {ticket: (key, int(seed)) for ticket, key, seed in
             zip(*(tickets[name].tolist() for name in ("ticket_id", "key", "seed")), strict=True)}  # fmt: skip
    found = _Measured.of(results, {ticket: [ticket] for ticket in sorted(known)}, CORRUPTIONS[images], all_of=True)
    right = {ticket: np.zeros(found.images, dtype=np.uint16) for ticket in found.tickets}

    def take(name: str, _: int, __: Sequence[int], offsets: np.ndarray) -> None:
        right[name] += right_of(offsets == 0)

    found.read(results, take)
    shares: dict[str, dict[int, np.ndarray]] = {}
    for ticket, count in right.items():
        key, seed = known[ticket]
        shares.setdefault(key, {})[seed] = count / len(found.conditions)
    return shares


def stored_predictions(
    results: Results,
    tickets: Tickets,
    corruptions: Sequence[str],
    classes: int,
    seeds: Mapping[str, int] | None = None,
) -> Predictions:
    """Which of so many classes these tickets give each image, under the same conditions as `stored_outcomes`.

    `seeds` as there. Raises UserError as that, and when the true classes are not stored.
    """
    labels, found = true_classes(results), _Measured.of(results, tickets, [*corruptions, CLEAN[0]])
    for name in found.tickets:
        check_labels(name, found.images, labels)
    kind = kind_of(classes)
    predicted = {name: np.zeros((len(ids), *found.shape), dtype=kind) for name, ids in found.tickets.items()}

    def take(name: str, seed: int, places: Sequence[int], offsets: np.ndarray) -> None:
        predicted[name][seed, places] = classes_of(offsets, labels, classes)

    found.read(results, take)
    return Predictions(found.conditions, predicted, labels, found.numbers(seeds))


def true_classes(results: Results) -> np.ndarray:
    """The true classes of the test images, int64 [images]. Raises UserError when they are not stored."""
    rows = results.table("samples", ids=results.ids("samples")[:1], columns=["sample", "label"]).sort_values("sample")
    if rows.empty:
        study = results.path.parent
        raise UserError(f"The true classes are not stored yet; measure the study: {measuring(study)}")
    return np.asarray(rows["label"], dtype=np.int64)


@dataclass(frozen=True)
class _Measured:
    """Tickets that were measured under all conditions, of how many images.

    Attributes:
        tickets: name -> ids of its seeds.
        conditions: in the order of the first ticket.
        images: how many.
    """

    tickets: dict[str, list[str]]
    conditions: list[Condition]
    images: int

    @classmethod
    def of(cls, results: Results, tickets: Tickets, corruptions: Sequence[str], all_of: bool = False) -> _Measured:
        """Which they are; `all_of` those that were measured at all. Raises UserError where they cannot be compared."""
        names = ", ".join("'" + name.replace("'", "''") + "'" for name in corruptions)
        wanted = [ticket for ids in tickets.values() for ticket in ids]
        rows = results.table("conditions", ids=wanted, where=f"corruption IN ({names})", columns=COLUMNS)
        own: dict[str, dict[Condition, None]] = {}
        for ticket, corruption, severity in zip(*(rows[name].tolist() for name in COLUMNS[:3]), strict=True):
            own.setdefault(ticket, {})[corruption, int(severity)] = None
        most = max(map(len, own.values()), default=0)
        own = {ticket: conditions for ticket, conditions in own.items() if all_of or len(conditions) == most}
        sizes = rows[rows["ticket_id"].isin(list(own))].drop_duplicates("n")
        check_comparable(own, dict(zip(sizes["n"].astype(int), sizes["ticket_id"], strict=True)))
        there = {name: [ticket for ticket in ids if ticket in own] for name, ids in tickets.items()}
        return cls(
            {name: ids for name, ids in there.items() if ids},
            list(next(iter(own.values()), {})),
            next(iter(sizes["n"].astype(int)), 0),
        )

    def numbers(self, seeds: Mapping[str, int] | None) -> dict[str, list[int]]:
        """The numbers of each ticket's seeds; none where they are not given."""
        return {name: [seeds[ticket] for ticket in ids] for name, ids in self.tickets.items()} if seeds else {}

    @property
    def shape(self) -> tuple[int, int]:
        """Conditions and images."""
        return len(self.conditions), self.images

    def read(self, results: Results, take: Take) -> None:
        """Hand over what is stored of each. Raises UserError where files are damaged, or are replaced meanwhile."""
        places = {condition: place for place, condition in enumerate(self.conditions)}
        owners: dict[str, list[tuple[str, int]]] = {}
        for name, ids in self.tickets.items():
            for seed, ticket in enumerate(ids):
                owners.setdefault(ticket, []).append((name, seed))
        left = dict.fromkeys(owners, len(self.conditions))
        for _ in range(TRIES):  # others may bring files together meanwhile
            whole = [ticket for ticket, count in left.items() if count == len(self.conditions)]
            for ticket, conditions, offsets in stored_offsets(results, whole, {name for name, _ in self.conditions}):
                known = [place for place, each in enumerate(conditions) if each in places]
                at = [places[conditions[place]] for place in known]
                left[ticket] -= len(known)
                for name, seed in owners[ticket]:
                    take(name, seed, at, offsets if len(known) == len(conditions) else offsets[known])
            if not any(left.values()):
                return
        raise UserError(f"Results of {results.path.parent} were replaced while they were read; look again.")
