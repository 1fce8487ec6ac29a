"""What the section Global shows: tickets under a condition, classes in a dendrogram's order, and their matrices."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from analysis.comparisons import class_geometry
from analysis.comparisons.class_geometry import Matrix, over_trainings
from analysis.comparisons.predictions import Predictions
from analysis.comparisons.stored_conditions import stored_predictions
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from analysis.engine.live import Features
from analysis.results.store import Results
from analysis.statistics.tree_clusters import Range, Tree, tree_of
from app import live, load
from app.charts.class_names import group_name
from app.memory.remembered import computed
from app.shell.selection import Chosen, Selection

MOST_CLASSES, MOST_OPENED = 40, 50
"""Up to so many classes are shown one by one, of all and of an opened cluster; of more their clusters."""
CLUSTERS, MOST_IN_CLUSTER = 20, 100
"""About so many clusters are shown, and more where one would have more classes."""
OPEN = "global-open"
"""Of the URL: the clusters whose classes are shown, as ranges of leaves; "" for all by cluster."""

T = TypeVar("T")


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        selection: the page's.
        tickets: side by side.
        condition: what the images went through.
        quantity: a key of `class_panels.QUANTITIES`.
        centred: whether features and directions are without what all share.
        baseline: what is subtracted; None for nothing.
        tree: the dendrogram of the class directions of `ordered_by`.
        ordered_by: a ticket.
        rows: ranges of its leaves, whose images are the rows.
        columns: whose directions are the columns.
        images: the test images; None where they are not on this machine.
    """

    selection: Selection
    tickets: list[Chosen]
    condition: Condition
    quantity: str
    centred: bool
    baseline: Chosen | None
    tree: Tree
    ordered_by: Chosen
    rows: list[Range]
    columns: list[Range]
    images: TestImages | None

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of all classes."""
        return self.selection.study.classes

    @property
    def row_groups(self) -> list[np.ndarray]:
        """The classes of each row."""
        return [self.tree.leaves[first:last] for first, last in self.rows]

    @property
    def column_groups(self) -> list[np.ndarray]:
        """The classes of each column."""
        return [self.tree.leaves[first:last] for first, last in self.columns]

    @property
    def names(self) -> tuple[list[str], list[str]]:
        """What rows and columns are called."""
        return tuple([group_name(each, self.classes) for each in groups]  # type: ignore[return-value]
                     for groups in (self.row_groups, self.column_groups))  # fmt: skip

    @property
    def whole(self) -> bool:
        """Whether every class is shown by itself."""
        return self.rows == self.columns and len(self.rows) == len(self.classes)

    @property
    def by_cluster(self) -> bool:
        """Whether rows or columns are clusters."""
        return any(last - first > 1 for first, last in [*self.rows, *self.columns])

    def computed(self, what: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, kept under `what` while the study stays the same. Not to be changed."""
        study = self.selection.study
        return computed((str(study.path), study.stamp, what), make)

    def weight(self, ticket: Chosen) -> np.ndarray:
        """The class directions [K, D] of a ticket; nan where its logits are not linear in features."""
        return weight_of(self.selection, ticket)

    def bias(self, ticket: Chosen) -> np.ndarray:
        """The biases [K] of a ticket."""
        return live.network(self.selection.study, ticket.id).bias.cpu().numpy()

    def seen(self, ticket: Chosen, condition: Condition | None = None) -> Features | None:
        """What a ticket makes of the images under the condition, or another; None without images."""
        if self.images is None:
            return None
        asked = self.condition if condition is None else condition
        ids = list(dict.fromkeys([*(each.id for each in self.tickets), ticket.id]))
        return live.features(self.selection.study, self.images, ids, asked)[ticket.id]

    def mean(self, ticket: Chosen) -> np.ndarray | None:
        """The mean clean feature of a ticket, by which features are centred; None where they are left as they are."""
        clean = self.seen(ticket, CLEAN) if self.centred else None
        return None if clean is None else clean.mean

    @property
    def stored(self) -> Predictions | None:
        """Which class every training of the tickets gives each image under the condition; None if not measured."""
        return self.computed(("stored", self.keys, self.condition[0]), self._stored)

    @property
    def keys(self) -> tuple[str, ...]:
        """Those of the tickets and of the baseline."""
        more = [self.baseline.key] if self.baseline else []
        return tuple(dict.fromkeys([*(each.key for each in self.tickets), *more]))

    def ids(self, key: str) -> list[str]:
        """The ids of all seeds of a ticket, by seed."""
        rows = self.selection.all_seeds([key]).sort_values("seed")
        return [str(each) for each in rows["ticket_id"]]

    def _stored(self) -> Predictions | None:
        study = self.selection.study
        there = set(load.query(study, "SELECT DISTINCT ticket_id FROM conditions")["ticket_id"])
        ids = {key: [each for each in self.ids(key) if each in there] for key in self.keys}
        ids = {key: each for key, each in ids.items() if each}
        if not ids:
            return None
        corruptions = [] if self.condition == CLEAN else [self.condition[0]]
        found = stored_predictions(Results(study.path), ids, corruptions, len(study.classes))
        return found if self.condition in found.conditions and found.predicted else None

    def predicted(self, ticket: Chosen) -> tuple[np.ndarray, np.ndarray] | None:
        """The classes that a ticket gives the images, and their true ones; None where nobody knows."""
        stored, ids = self.stored, self.ids(ticket.key)
        if stored is not None and len(stored.predicted.get(ticket.key, ())) == len(ids):
            run = stored.chosen([self.condition], [ticket.key]).predicted[ticket.key][ids.index(ticket.id), 0]
            return np.asarray(run, dtype=np.int64), stored.labels
        seen = self.seen(ticket)
        return None if seen is None else (seen.predictions, seen.labels)

    def angles(self, ticket: Chosen) -> Matrix | None:
        """The means of the quantity by classes and directions, less the baseline's where one is subtracted."""
        seen = self.seen(ticket)
        if seen is None or seen.without or not self._comparable(ticket):
            return None

        def make() -> Matrix:
            values = class_geometry.towards(seen, self.quantity, self.mean(ticket))
            if self.baseline is not None:
                other = self.seen(self.baseline)
                assert other is not None
                values = values - class_geometry.towards(other, self.quantity, self.mean(self.baseline))
            return class_geometry.by_class(values, seen.labels, self.row_groups, self.column_groups)

        return self.computed(("angles", ticket.id, *self._what), make)

    def angles_of_trainings(self, ticket: Chosen) -> Matrix | None:
        """`angles` of all trainings of a ticket, each less the baseline of its own seed; None where there is one alone.

        Also None where the study has no such numbers of one of them.
        """
        pairs = self._trainings(ticket)
        if self.images is None or len(pairs) < 2:
            return None
        ids = list(dict.fromkeys(each for pair in pairs for each in pair))
        asked = [live.features(self.selection.study, self.images, ids, each) for each in (self.condition, CLEAN)]
        if any(each.without for each in asked[0].values()):
            return None

        def values(ticket_id: str) -> np.ndarray:
            mean = asked[1][ticket_id].mean if self.centred else None
            return class_geometry.towards(asked[0][ticket_id], self.quantity, mean)

        def make() -> Matrix:
            labels = asked[0][ids[0]].labels
            each = [values(own) - (values(other) if self.baseline else 0.0) for own, other in pairs]
            groups = self.row_groups, self.column_groups
            return over_trainings([class_geometry.by_class(one, labels, *groups) for one in each])

        return self.computed(("angles of trainings", ticket.key, *self._what), make)

    def _trainings(self, ticket: Chosen) -> list[tuple[str, str]]:
        """The ids of a ticket's trainings, each with that of the baseline of its seed, or its own where none is."""
        reference = self.baseline or ticket
        rows = self.selection.all_seeds([ticket.key, reference.key])
        by_seed = {key: dict(zip(own["seed"], own["ticket_id"], strict=True)) for key, own in rows.groupby("key")}
        own, others = by_seed[ticket.key], by_seed[reference.key]
        return [(str(own[seed]), str(others[seed])) for seed in sorted(own) if seed in others]

    def errors(self, ticket: Chosen) -> Matrix | None:
        """The share of each row's images wrongly taken for each column, less the baseline's where it is subtracted."""
        found = self.predicted(ticket)
        other = self.predicted(self.baseline) if self.baseline is not None else None
        if found is None or (self.baseline is not None and other is None):
            return None
        predicted, labels = found
        baseline = None if other is None else other[0]
        return class_geometry.errors_by_class(predicted, labels, self.row_groups, self.column_groups, baseline)

    def errors_of_trainings(self, ticket: Chosen) -> Matrix | None:
        """`errors` less the baseline's, of all trainings of a ticket, seed by seed; None where there is one alone."""
        pairs, stored = self._trainings(ticket), self.stored
        if self.baseline is None or stored is None or len(pairs) < 2:
            return None
        given: dict[str, np.ndarray] = {}
        for key in {ticket.key, self.baseline.key}:
            ids = self.ids(key)
            if len(stored.predicted.get(key, ())) != len(ids):
                return None
            runs = stored.chosen([self.condition], [key]).predicted[key][:, 0].astype(np.int64)
            given |= dict(zip(ids, runs, strict=True))
        groups = self.row_groups, self.column_groups
        found = [
            class_geometry.errors_by_class(given[own], stored.labels, *groups, given[other]) for own, other in pairs
        ]
        return over_trainings(found)

    def cosines(self, ticket: Chosen) -> np.ndarray | None:
        """The mean cosines between the class directions, less the baseline's where one is subtracted."""
        weight = self.weight(ticket)
        if not np.isfinite(weight).any() or not self._comparable(ticket):
            return None
        groups = self.row_groups, self.column_groups
        found = class_geometry.cosines(weight, *groups, self.centred)
        if self.baseline is not None:
            found = found - class_geometry.cosines(self.weight(self.baseline), *groups, self.centred)
        return found

    def _comparable(self, ticket: Chosen) -> bool:
        return self.baseline is None or bool(np.isfinite(self.weight(self.baseline)).any())

    @property
    def _what(self) -> tuple[Hashable, ...]:
        other = self.baseline.id if self.baseline else ""
        shown = tuple(self.rows), tuple(self.columns), self.ordered_by.id
        return self.condition, self.quantity, self.centred, other, *shown


def weight_of(selection: Selection, ticket: Chosen) -> np.ndarray:
    """The class directions [K, D] of a ticket."""
    return live.network(selection.study, ticket.id).weight.cpu().float().numpy()


def order_of(selection: Selection, ticket: Chosen) -> Tree:
    """The dendrogram of a ticket's class directions, less their mean."""
    study = selection.study
    what = str(study.path), study.stamp, "order", ticket.id
    return computed(what, lambda: tree_of(class_geometry.class_vectors(weight_of(selection, ticket))))


def opened(tree: Tree, asked: str) -> tuple[list[Range], list[Range]]:
    """The rows and columns that the URL asks for: ranges of leaves, of a class or a cluster each."""
    whole = (0, len(tree.leaves))
    wanted = [_range(part, whole[1]) for part in asked.split("~")][:2]
    row = wanted[0] or whole
    column = (wanted[1] if len(wanted) > 1 else None) or row
    return _parts(tree, row), _parts(tree, column)


def written(row: Range, column: Range) -> str:
    """Two ranges of leaves for the URL."""
    return f"{row[0]}-{row[1]}" + ("" if row == column else f"~{column[0]}-{column[1]}")


def _range(text: str, most: int) -> Range | None:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal()):
        return None
    found = int(first), min(int(last), most)
    return found if found[0] < found[1] else None


def _parts(tree: Tree, within: Range) -> list[Range]:
    size, whole = within[1] - within[0], len(tree.leaves)
    if size <= (MOST_CLASSES if size == whole else MOST_OPENED):
        return [(leaf, leaf + 1) for leaf in range(*within)]
    return tree.cut(within, CLUSTERS, MOST_IN_CLUSTER)
