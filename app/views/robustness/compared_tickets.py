"""The tickets that the page Robustness compares, and what was measured of them: what every section starts from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.chosen_images import among
from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.predictions import Predictions
from analysis.comparisons.stored_conditions import by_family, stored_outcomes, stored_predictions, true_classes
from analysis.comparisons.verdicts import verdicts
from analysis.results.store import Results
from app import load
from app.load import StudyView
from app.memory.remembered import computed
from app.shell import families
from app.shell.drawn import kept
from app.shell.selection import Selection
from app.shell.theme import DENSE, Style
from app.shell.verdicts import equivalence

FOURIER = "fourier"

Ids = tuple[tuple[str, tuple[str, ...]], ...]
"""Keys of tickets with the ids of their seeds, to be hashed; `dict` of it is what the comparisons take."""
T = TypeVar("T")


@dataclass(frozen=True)
class ComparedTickets:
    """The chosen tickets and the baseline, and the corruptions that they were measured under.

    Attributes:
        selection: the page's.
        styles: key -> style, in the study's order.
        ids: key -> ids of all its seeds.
        baseline: a key, or None.
        measured: family -> its corruptions that any of the tickets was measured under, in order.
        images: the test images that `outcomes` are of; none stands for all.
    """

    selection: Selection
    styles: dict[str, Style]
    ids: Ids
    baseline: str | None
    measured: dict[str, list[str]]
    images: tuple[int, ...] = ()

    @property
    def seeds(self) -> dict[str, tuple[str, ...]]:
        """Key -> ids of all its seeds."""
        return dict(self.ids)

    @property
    def seed_of(self) -> dict[str, int]:
        """Ticket's id -> its seed, of all tickets of the study."""
        known = self.selection.study.tickets
        return dict(zip(known["ticket_id"], known["seed"].astype(int), strict=True))

    @property
    def results(self) -> Results:
        """The study's results."""
        return load.results(self.selection.study.path)

    def rows(self, table: str, where: str | None = None) -> pd.DataFrame:
        """Rows of a results table, of these tickets alone; `where` is an SQL condition."""
        return self.results.table(table, ids=sorted(ticket for _, ids in self.ids for ticket in ids), where=where)

    def label(self, key: str | None) -> str:
        """What a ticket is called; "" for none."""
        return self.styles[key].label if key in self.styles else key or ""

    def seed_place(self, key: str, measured: Sequence[int] | None = None) -> int:
        """Which of a ticket's seeds is the selected one, by place; the first where it is not there.

        The place is among all of its seeds, or among those that were measured, whose numbers are given.
        """
        seed_of = self.seed_of
        numbers = [seed_of[ticket] for ticket in self.seeds[key]] if measured is None else list(measured)
        chosen = [each for each in (*self.selection.tickets, self.selection.baseline) if each is not None]
        own = [seed_of[each.id] for each in chosen if each.id in self.seeds[key]]
        return next((numbers.index(seed) for seed in own if seed in numbers), 0)

    def ticket_of(self, key: str, seed: int) -> str:
        """The id of a ticket's seed, by its number."""
        seed_of = self.seed_of
        return next(ticket for ticket in self.seeds[key] if seed_of[ticket] == seed)

    def computed(self, what: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, kept under `what` while tickets and results stay the same. Not to be changed."""
        study = self.selection.study
        key = str(study.path), study.stamp, self.ids, self.images, what
        return computed(key, make, "Comparing the tickets …")

    def figure(self, what: Hashable, styles: dict[str, Style], make: Callable[[], go.Figure]) -> go.Figure:
        """The figure that `make` draws, kept while tickets, colours and results stay the same."""
        study = self.selection.study
        mode = self.selection.theme.mode
        return kept((str(study.path), study.stamp, self.ids, self.images, tuple(styles.items()), mode, what), make)

    def outcomes(self, family: str) -> Outcomes:
        """Who is right under the family's corruptions and on clean images; tickets measured under all of them."""
        corruptions = self.measured[family]

        def make() -> Outcomes:
            if not self.images:
                return stored_outcomes(self.results, self.seeds, corruptions, self.seed_of)
            outcomes = replace(self, images=()).outcomes(family)
            count = next((right.shape[-1] for right in outcomes.right.values()), 0)
            return outcomes.of_images(among(self.images, count))

        return self.computed(("outcomes", family), make)

    def predictions(self, family: str) -> Predictions:
        """Which class each of these tickets gives under the same conditions.

        Raises UserError when the true classes were not stored.
        """
        corruptions, classes = self.measured[family], len(self.selection.study.classes)

        def make() -> Predictions:
            if not self.images:
                return stored_predictions(self.results, self.seeds, corruptions, classes, self.seed_of)
            every = replace(self, images=()).predictions(family)
            return every.of_images(among(self.images, len(every.labels)))

        return self.computed(("predictions", family), make)

    def places(self, found: np.ndarray) -> np.ndarray:
        """The indices of test images from places among those that `outcomes` and `predictions` are of."""
        return np.asarray(self.images, dtype=np.int64)[found] if self.images else found

    def verdicts(self, family: str, places: Sequence[int]) -> pd.DataFrame:
        """What may be said of each pair's accuracy under the conditions at these places, all pairs one family."""
        outcomes, within = self.outcomes(family), equivalence(self.selection)
        what = ("verdicts", family, tuple(places), within)
        return self.computed(what, lambda: verdicts(outcomes.per_image(places), equivalence=within))

    @property
    def labels(self) -> np.ndarray:
        """The true classes of the test images, int64 [images]. Raises UserError when they were not stored."""
        return self.computed("labels", lambda: true_classes(self.results))

    def styles_under(self, family: str) -> dict[str, Style]:
        """The styles of the tickets that were measured under the family's corruptions."""
        right = self.outcomes(family).right
        return {key: style for key, style in self.styles.items() if key in right}

    def reference(self, there: Sequence[str]) -> str:
        """The ticket among `there` that corruption errors are relative to.

        The one asked for, else the dense one, else the baseline, else the first.
        """
        wanted = [self.selection.option("reference", ""), DENSE, *([self.baseline] if self.baseline else []), *there]
        return next(key for key in wanted if key in there)


def compared_tickets(selection: Selection) -> ComparedTickets:
    """The tickets of the page's selection."""
    baseline = selection.baseline.key if selection.baseline else None
    keys = list(dict.fromkeys([*selection.keys, *([baseline] if baseline else [])]))
    rows = selection.all_seeds(keys)
    found = {key: tuple(rows.loc[rows["key"] == key, "ticket_id"]) for key in keys}
    styles = {key: selection.styles[each[0]] for key, each in found.items() if each}
    order = [key for key in dict.fromkeys(selection.study.tickets["key"]) if key in styles]
    ids = tuple((key, found[key]) for key in order)
    pairs = _pairs(selection.study)
    mine = pairs[pairs["ticket_id"].isin([ticket for _, each in ids for ticket in each])]
    measured = by_family(mine["corruption"].unique())
    return ComparedTickets(selection, {key: styles[key] for key in order}, ids, baseline, measured)


def named(rows: pd.DataFrame, styles: dict[str, Style]) -> pd.DataFrame:
    """The rows of these tickets with the tickets' names in place of their keys."""
    return families.named(rows[rows["key"].isin(list(styles))], styles)


def measured_under(family: str) -> Callable[[StudyView], bool]:
    """Whether any ticket of a study was shown a family's corruptions."""
    return lambda study: family in by_family(_pairs(study)["corruption"].unique())


def _pairs(study: StudyView) -> pd.DataFrame:
    """Which ticket was measured under which corruption."""
    return load.query(study, "SELECT DISTINCT ticket_id, corruption FROM conditions")
