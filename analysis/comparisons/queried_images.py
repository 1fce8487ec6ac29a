"""Which test images of a study a query is about (`image_query` says how one is written).

from pruning import Study
from analysis import comparisons

study = Study.open("studies/mine")
comparisons.queried_images.images_where(study, "class cat and wrong for imp-90 under fog 5 and right for dense")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.comparisons import of_study
from analysis.comparisons.divergence import stored_pair
from analysis.comparisons.image_order import MEASURES as MADE
from analysis.comparisons.image_order import agreement
from analysis.comparisons.image_query import OfClass, Outcome, Term, Within, parse
from analysis.comparisons.local_geometry import image_rows
from analysis.comparisons.stored_conditions import true_classes
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from analysis.engine.live import Features, features_of
from analysis.engine.replay import network_of
from analysis.engine.settings import settings
from analysis.metrics.divergence import jensen_shannon
from analysis.results.offsets import unpack_offsets
from analysis.results.store import Results
from analysis.results.tables import TABLES
from pruning.data import available, load_data
from pruning.errors import UserError, unknown
from pruning.study.config import DENSE
from pruning.study.folder import Study
from pruning.training.precision import pick_device

Live = Callable[[Sequence[str], Condition], Mapping[str, Features]]
"""Gives the features of tickets, by id, under a condition."""

_STORED = ("margin", "confidence", "angle", "length")
MEASURES = {
    name: column.meaning + (f" [{column.unit}]" if column.unit else "")
    for name, column in ((name, TABLES["samples"].all_columns[name]) for name in _STORED)
} | {name: MADE[name] for name in ("gap", "divergence", "agreement")}
"""What can be asked of an image, ticket by ticket, and what it means; the last three are no columns of every table."""

ROOM = 64
"""Measures that are kept, the oldest given up first."""


@dataclass
class Asked:
    """What queries ask of a study's test images, each read or made when it is first asked for.

    Attributes:
        study: the study.
        seed: whose tickets the keys mean.
        baseline: key of the ticket that divergences are from.
        results: the study's.
        live: makes features; None where that is not to be done.
    """

    study: Study
    seed: int
    baseline: str
    results: Results
    live: Live | None
    _values: dict[tuple[str, str, Condition], np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = of_study.tickets(self.study)
        own = found[found["seed"] == self.seed]
        self.ids: dict[str, str] = dict(zip(own["key"], own["ticket_id"], strict=True))
        entries = self.study.entries()
        self.classes = tuple(entries[0].info.classes) if entries else ()
        self.labels = _labels(self.study, self.results)

    def fits(self, query: Sequence[Term]) -> np.ndarray:
        """Which images fulfil all conditions of a query: bool [images].

        Raises:
            UserError: a name in it is not known, or what it asks of is not measured and cannot be made here.
        """
        found = np.ones(len(self.labels), dtype=bool)
        for term in query:
            found &= self._fit(term)
        return found

    def values(self, measure: str, ticket: str, condition: Condition = CLEAN) -> np.ndarray:
        """A measure of each image, for a ticket under a condition: float64 [images]; nan where it has none.

        Raises:
            UserError: as `fits`.
        """
        key = measure, ticket, condition
        if measure not in MEASURES:
            raise unknown("measure of an image", measure, MEASURES)
        found = self._values.get(key)
        if found is None:
            found = self._measured(measure, self._id(ticket), condition)
            while len(self._values) >= ROOM:
                self._values.pop(next(iter(self._values)), None)
            self._values[key] = found
        return found

    def rows(self, images: np.ndarray, tickets: Sequence[str], condition: Condition = CLEAN) -> pd.DataFrame:
        """What is stored of images: sample, label (its number), class, then what each ticket takes it for.

        Args:
            images: their indices; those that there are not are left out.
            tickets: keys; one that is not measured under the condition is left out. The column is "KEY predicts".
            condition: corruption and severity.
        """
        there = images[(images >= 0) & (images < len(self.labels))]
        labels, names = self.labels[there], np.array(self.classes, dtype=object)
        table = pd.DataFrame({"sample": there, "label": labels, "class": names[labels]})
        for ticket in tickets:
            try:
                offsets = self._offsets(ticket, condition)[there]
            except UserError:
                continue
            table[f"{ticket} predicts"] = names[(labels + offsets) % len(names)]
        return table

    def _fit(self, term: Term) -> np.ndarray:
        if isinstance(term, OfClass):
            return np.isin(self.labels, self._numbers(term.classes))
        if isinstance(term, Within):
            values = self.values(term.measure, term.ticket, term.condition)
            return np.asarray((values >= term.low) & (values <= term.high))
        offsets = self._offsets(term.ticket, term.condition)
        if isinstance(term, Outcome):
            return np.asarray((offsets == 0) == (term.is_ == "right"))
        return np.isin((self.labels + offsets) % len(self.classes), self._numbers(term.classes))

    def _numbers(self, names: Sequence[str]) -> list[int]:
        for name in names:
            if name not in self.classes:
                raise unknown("class", name, self.classes)
        return [number for number, name in enumerate(self.classes) if name in names]

    def _id(self, key: str) -> str:
        if key not in self.ids:
            raise unknown(f"ticket of seed {self.seed}", key, self.ids)
        return self.ids[key]

    def _offsets(self, key: str, condition: Condition) -> np.ndarray:
        rows = self.results.table(
            "conditions", ids=[self._id(key)], columns=["ticket_id", "corruption", "severity", "n", "offsets"],
            where="corruption = ? AND severity = ?", params=list(condition),
        )  # fmt: skip
        if rows.empty:
            raise self._unmeasured(key, condition)
        return self._whole(key, next(iter(unpack_offsets(rows).values()))[0].astype(np.int64))

    def _whole(self, ticket: str, values: np.ndarray) -> np.ndarray:
        if len(values) != len(self.labels):
            raise UserError(
                f"Ticket {ticket} was measured on {len(values):,} images, and the study has the classes of "
                f"{len(self.labels):,}; measure the study again."
            )
        return values

    def _unmeasured(self, ticket: str, condition: Condition) -> UserError:
        said = "on the clean images" if condition == CLEAN else f"under {condition[0]} {condition[1]}"
        return UserError(f"Nothing is stored of ticket {ticket} {said}; choose another condition, or measure it.")

    def _measured(self, measure: str, ticket: str, condition: Condition) -> np.ndarray:
        table = "samples" if condition == CLEAN else "corrupted"
        table = "geometry" if measure == "gap" and condition == CLEAN else table
        if measure in TABLES[table].all_columns:
            where = "" if condition == CLEAN else "corruption = ? AND severity = ?"
            rows = self.results.table(
                table, ids=[ticket], columns=["sample", measure], where=where, params=list(condition) if where else None
            ).sort_values("sample")
            if len(rows):
                return self._whole(ticket, rows[measure].to_numpy(np.float64))
        if measure == "divergence":
            kept = stored_pair(self.results, ticket, self._id(self.baseline), condition)
            if kept is not None:
                return self._whole(ticket, kept["js"])
        if self.live is None:
            raise self._unmeasured(ticket, condition)
        return self._whole(ticket, np.asarray(self._made(self.live, measure, ticket, condition), dtype=np.float64))

    def _made(self, live: Live, measure: str, ticket: str, condition: Condition) -> np.ndarray:
        if measure == "divergence":
            base = self._id(self.baseline)
            here = live([ticket, base], condition)
            return jensen_shannon(here[ticket].logits, here[base].logits)
        own, clean = live([ticket], condition)[ticket], live([ticket], CLEAN)[ticket]
        return agreement(own, clean) if measure == "agreement" else image_rows(own, clean.mean)[measure].to_numpy()


def ask(
    study: Study,
    seed: int | None = None,
    baseline: str = DENSE,
    results: Results | None = None,
    live: Live | None = None,
) -> Asked:
    """Make a study's images ready for queries.

    Args:
        study: one that is measured.
        seed: whose tickets the keys of queries mean; the one whose results are kept image by image where None.
        baseline: key of the ticket that divergences are from.
        results: the study's, where they are open already.
        live: makes features that are not stored; where None they are made if the study's images are on this machine.

    Raises:
        UserError: the true classes are not stored, and the data set is not on this machine.
    """
    seed = study.detail_seed if seed is None else seed
    return Asked(study, seed, baseline, results or Results(study.path), live or features_here(study))


def images_where(study: Study, query: str, seed: int | None = None, baseline: str = DENSE) -> np.ndarray:
    """Give the test images that fulfil a query.

    Args:
        study: one that is measured.
        query: as `image_query` says.
        seed: as in `ask`.
        baseline: as in `ask`.

    Returns:
        int64 indices, rising.

    Raises:
        UserError: the query cannot be read, a name in it is not known, or what it asks of is not measured and cannot be
            made here.
    """
    return np.flatnonzero(ask(study, seed, baseline).fits(parse(query)))


def _labels(study: Study, results: Results) -> np.ndarray:
    """The true classes, int64 [images]: as stored, or else as the data set has them, where it is on this machine."""
    if results.ids("samples") or not available(study.config.data):
        return true_classes(results)
    return TestImages.of(study, settings(study), load_data(study.config.data)).labels.numpy()


def features_here(study: Study) -> Live | None:
    """What makes features of the study's tickets on this machine; None where its images are elsewhere."""
    if not available(study.config.data):
        return None
    config = settings(study)

    def live(ids: Sequence[str], condition: Condition) -> Mapping[str, Features]:
        images = TestImages.of(study, config, load_data(study.config.data))
        networks = {ticket: network_of(study.load(ticket), pick_device(), config.precision) for ticket in ids}
        return features_of(networks, images, condition)

    return live
