"""Which class each ticket gives each image under each condition, from the stored results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import Outcomes, numbers
from analysis.corruptions.conditions import Condition
from analysis.results.offsets import unpack_offsets
from pruning.errors import UserError


@dataclass(frozen=True)
class Predictions:
    """Which class each ticket gives each image: the counterpart of `Outcomes`, which only knows what is right.

    `predicted[name]` int [seeds, conditions, images] are classes, `labels` int [images] the true ones, `conditions`
    names the middle axis; `seeds` are by ticket the numbers of its seeds, by which they are paired, in their order from
    0 where not known.
    """

    conditions: list[Condition]
    predicted: dict[str, np.ndarray]
    labels: np.ndarray
    seeds: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def numbers(self, name: str) -> list[int]:
        """The numbers of a ticket's seeds, one for each of its arrays."""
        return numbers(self.seeds, name, len(self.predicted[name]))

    @property
    def outcomes(self) -> Outcomes:
        """Which of them are right."""
        right = {name: given == self.labels for name, given in self.predicted.items()}
        return Outcomes(self.conditions, right, self.seeds)

    def of_images(self, images: Sequence[int] | np.ndarray) -> Predictions:
        """The same of only some images, in the order given."""
        some = {name: given[:, :, list(images)] for name, given in self.predicted.items()}
        return Predictions(self.conditions, some, self.labels[list(images)], self.seeds)

    def chosen(self, conditions: Sequence[Condition] | None = None, names: Sequence[str] | None = None) -> Predictions:
        """Only some conditions and tickets, in the order given; all where None. UserError when one is not there."""
        found = _chosen(self.conditions, self.predicted, conditions, names)
        return Predictions(*found, self.labels, self.seeds)


def chosen(
    outcomes: Outcomes, conditions: Sequence[Condition] | None = None, names: Sequence[str] | None = None
) -> Outcomes:
    """Outcomes of only some conditions and tickets, in the order given; all where None.

    Corruptions are chosen by their conditions, as ("fog", 3). Raises UserError when one is not there.
    """
    found = _chosen(outcomes.conditions, outcomes.right, conditions, names)
    return Outcomes(*found, outcomes.seeds)


def collect_predictions(
    conditions: pd.DataFrame,
    tickets: Mapping[str, Sequence[str]],
    labels: np.ndarray,
    classes: int,
    seeds: Mapping[str, int] | None = None,
) -> Predictions:
    """Predictions from rows of the table `conditions`.

    Args:
        conditions: ticket_id, corruption, severity, n, offsets.
        tickets: name -> ids of its seeds. Ids without rows are left out, and names without any.
        labels: int [images], the true classes, as the table `samples` has them.
        classes: how many there are.
        seeds: id -> number of the seed, by which tickets are paired; where it is not given, seeds are numbered in their
            order.

    Raises UserError when tickets were not measured under the same conditions, or on other images than have labels.
    """
    offsets = unpack_offsets(conditions)
    labels = np.asarray(labels, dtype=np.int64)
    rows = conditions[conditions["ticket_id"] == next(iter(offsets), None)]
    order = [(str(name), int(level)) for name, level in zip(rows["corruption"], rows["severity"], strict=True)]
    there = {name: [ticket for ticket in ids if ticket in offsets] for name, ids in tickets.items()}
    predicted = {}
    for name, ids in there.items():
        if ids:
            check_labels(name, offsets[ids[0]].shape[-1], labels)
            predicted[name] = classes_of(np.stack([offsets[ticket] for ticket in ids]), labels, classes)
    known = {name: [seeds[ticket] for ticket in there[name]] for name in predicted} if seeds else {}
    return Predictions(order, predicted, labels, known)


def check_labels(name: str, images: int, labels: np.ndarray) -> None:
    """See whether a ticket was measured on as many images as there are labels. Raises UserError where it was not."""
    if images != len(labels):
        raise UserError(
            f"Ticket {name} was measured on {images} images, but there are labels of {len(labels)}; "
            "measure the study again."
        )


def classes_of(offsets: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """The classes, below `classes` whatever a file holds, from how far they are off the labels: int [..., images]."""
    kind = kind_of(classes)
    found: np.ndarray = (offsets.astype(kind) + labels.astype(kind)) % kind(classes)
    return found


def kind_of(classes: int) -> type[np.int16] | type[np.int32]:
    """The type that holds the sum of two classes: there are many predictions, and few classes."""
    return np.int16 if 2 * classes <= np.iinfo(np.int16).max else np.int32


def _chosen(
    known: Sequence[Condition],
    arrays: Mapping[str, np.ndarray],
    conditions: Sequence[Condition] | None,
    names: Sequence[str] | None,
) -> tuple[list[Condition], dict[str, np.ndarray]]:
    wanted = list(known if conditions is None else conditions)
    places = {condition: place for place, condition in enumerate(known)}
    for name in names or ():
        if name not in arrays:
            raise UserError(f"Ticket {name} has no results on corrupted images yet; measure it, or choose another.")
    for corruption, severity in wanted:
        if (corruption, severity) not in places:
            raise UserError(
                f"No ticket was measured under {corruption} {severity}; measure the study, or choose another condition."
            )
    index = [places[condition] for condition in wanted]
    return wanted, {name: arrays[name][:, index] for name in (arrays if names is None else names)}
