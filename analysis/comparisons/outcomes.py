"""Who is right where: the outcomes of several seeds of each ticket, under each condition, on each image.

`Outcomes` are what the results' table `conditions` holds, unpacked: for each ticket (whatever its seeds, one name) a
bool array [seeds, conditions, images], True where the prediction is right.

`PerImage` is what the tests need. For each ticket's key and seed it has an array float64 [N]: for each test image the
share of the conditions under which it is classified correctly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from analysis.corruptions.conditions import CLEAN, Condition
from analysis.metrics.corruption_error import COUNTED
from analysis.results.offsets import unpack_correct

MEAN = "mean"
"""Stands in the column `corruption` for the mean over the corruptions that count."""

PerImage = Mapping[str, Mapping[int, np.ndarray]]
Images = Literal["accuracy", "corrupted"]
CORRUPTIONS: dict[Images, tuple[str, ...]] = {"accuracy": (CLEAN[0],), "corrupted": COUNTED}
"""Clean images, or those of the corruptions that the mean corruption accuracy counts."""


@dataclass(frozen=True)
class Outcomes:
    """Who is right where.

    Attributes:
        conditions: name the middle axis.
        right: by ticket bool [seeds, conditions, images].
        seeds: by ticket the numbers of its seeds, by which they are paired; in their order from 0 where not known.
    """

    conditions: list[Condition]
    right: dict[str, np.ndarray]
    seeds: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def counted(self) -> dict[int, list[int]]:
        """Severity -> places of the conditions that count towards the mean, on the axis of conditions."""
        found: dict[int, list[int]] = {}
        for place, (corruption, severity) in enumerate(self.conditions):
            if corruption in COUNTED:
                found.setdefault(severity, []).append(place)
        return dict(sorted(found.items()))

    def numbers(self, name: str) -> list[int]:
        """The numbers of a ticket's seeds, one for each of its arrays."""
        return numbers(self.seeds, name, len(self.right[name]))

    def of_images(self, images: Sequence[int] | np.ndarray) -> Outcomes:
        """The same of only some images, in the order given."""
        some = {name: right[:, :, list(images)] for name, right in self.right.items()}
        return Outcomes(self.conditions, some, self.seeds)

    def per_image(self, places: Sequence[int]) -> dict[str, dict[int, np.ndarray]]:
        """Each image's share right of the conditions at these places, by ticket and seed."""
        return {
            name: dict(
                zip(
                    self.numbers(name),
                    right[:, list(places)].mean(axis=1, dtype=np.float64),
                    strict=True,
                )
            )
            for name, right in self.right.items()
        }


def numbers(seeds: Mapping[str, Sequence[int]], name: str, count: int) -> list[int]:
    """The numbers of a ticket's seeds; in their order from 0 where not known."""
    return list(seeds.get(name, range(count)))


def same_seeds(*tickets: Sequence[int]) -> list[tuple[int, ...]]:
    """Where each ticket has the seeds that all have, by their numbers: a tuple of places a seed."""
    places = [{seed: place for place, seed in enumerate(own)} for own in tickets]
    return [tuple(own[seed] for own in places) for seed in places[0] if all(seed in own for own in places)]


def collect(
    conditions: pd.DataFrame, tickets: Mapping[str, Sequence[str]], seeds: Mapping[str, int] | None = None
) -> Outcomes:
    """Outcomes from rows of the table `conditions`.

    Args:
        conditions: ticket_id, corruption, severity, n, offsets.
        tickets: name -> ids of its seeds. Ids without rows are left out, and names without any.
        seeds: id -> number of the seed; where it is not given, seeds are numbered in their order.

    Raises:
        UserError: tickets were not measured under the same conditions, on the same images.
    """
    unpacked = unpack_correct(conditions)
    rows = conditions[conditions["ticket_id"] == next(iter(unpacked), None)]
    order = [(str(name), int(level)) for name, level in zip(rows["corruption"], rows["severity"], strict=True)]
    there = {name: [ticket for ticket in ids if ticket in unpacked] for name, ids in tickets.items()}
    there = {name: ids for name, ids in there.items() if ids}
    right = {name: np.stack([unpacked[ticket] for ticket in ids]) for name, ids in there.items()}
    numbers = {name: [seeds[ticket] for ticket in ids] for name, ids in there.items()} if seeds else {}
    return Outcomes(order, right, numbers)


def per_image(tickets: pd.DataFrame, conditions: pd.DataFrame, images: Images) -> dict[str, dict[int, np.ndarray]]:
    """Average each ticket's correctness over conditions, image by image.

    Args:
        tickets: ticket_id, key, seed.
        conditions: rows of the results' table `conditions`; those without a ticket are passed over, as when its file
            was deleted after it was measured.
        images: which conditions count.

    Returns:
        Key -> seed -> float64 [N].
    """
    counted = conditions["corruption"].isin(CORRUPTIONS[images])
    rows = conditions[counted & conditions["ticket_id"].isin(tickets["ticket_id"])]
    places = dict(zip(tickets["ticket_id"], zip(tickets["key"], tickets["seed"], strict=True), strict=True))
    found: dict[str, dict[int, np.ndarray]] = {}
    for ticket, correct in unpack_correct(rows).items():
        key, seed = places[ticket]
        found.setdefault(key, {})[int(seed)] = correct.mean(0)
    return found


def best_first(outcomes: Outcomes, places: Sequence[int]) -> list[str]:
    """The tickets by their accuracy, the mean over seeds and the conditions at these places."""
    accuracy = {name: float(right[:, list(places)].mean()) for name, right in outcomes.right.items()}
    return sorted(accuracy, key=lambda name: -accuracy[name])
