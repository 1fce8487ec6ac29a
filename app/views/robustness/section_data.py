"""What every section of the page Robustness starts from: the chosen tickets, and what was measured of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.comparisons.outcomes import MEAN, Outcomes, collect
from analysis.comparisons.predictions import Predictions
from analysis.corruptions import FAMILIES, family_of
from analysis.metrics.corruption_error import COUNTED
from analysis.results.store import Results
from analysis.statistics import intervals
from app import load
from app.charts.names import name, ordered
from app.shell import layout
from app.shell.per_sample import class_names, kept
from app.shell.selection import Selection
from app.shell.theme import DENSE, Style
from pruning.errors import UserError

FOURIER = "fourier"
COLUMNS = ["ticket_id", "corruption", "severity", "n", "offsets"]

Ids = tuple[tuple[str, tuple[str, ...]], ...]
T = TypeVar("T")


@dataclass(frozen=True)
class Scope:
    """The chosen tickets and the baseline, and the conditions that were measured.

    `styles`: key -> style, in the study's order. `ids`: key -> ids of all its seeds. `baseline`: a key, or None.
    `measured`: family -> its corruptions that any of them was measured under, in order.
    """

    selection: Selection
    styles: dict[str, Style]
    ids: Ids
    baseline: str | None
    measured: dict[str, list[str]]

    @property
    def others(self) -> dict[str, Style]:
        """The tickets but the baseline."""
        return {key: style for key, style in self.styles.items() if key != self.baseline}

    def label(self, key: str) -> str:
        """What a ticket is called."""
        return self.styles[key].label if key in self.styles else key

    def computed(self, what: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, kept under `what` while tickets and results stay the same. Not to be changed."""
        study = self.selection.study
        return cast(T, _computed((str(study.path), study.stamp, self.ids, what), make))

    def figure(self, what: Hashable, styles: dict[str, Style], make: Callable[[], go.Figure]) -> go.Figure:
        """The figure that `make` draws, kept while tickets, colours and results stay the same."""
        study = self.selection.study
        mode = self.selection.theme.mode
        return kept((str(study.path), study.stamp, self.ids, tuple(styles.items()), mode, what), make)

    def outcomes(self, family: str) -> Outcomes:
        """Who is right under the family's conditions and on clean images; tickets measured under all of them."""
        return self.computed(
            ("outcomes", family), lambda: collect(rows_of(self.selection, self.ids, self.measured[family]), self._ids)
        )

    def predictions(self, family: str) -> Predictions:
        """Which class each of these tickets gives under the same conditions. Raises UserError when the true classes
        were not stored."""
        return self.computed(("predictions", family), lambda: _predictions(self, family))

    def there(self, family: str) -> dict[str, Style]:
        """The tickets that were measured under the family's conditions."""
        right = self.outcomes(family).right
        return {key: style for key, style in self.styles.items() if key in right}

    def pick_family(self) -> str:
        """The chooser of the family, where several were measured. The Fourier basis has a section of its own."""
        options = {family: _family_label(family) for family in self.measured if family != FOURIER}
        if len(options) == 1:
            return next(iter(options))
        return self.selection.pick("family", "Corruptions of", options, width="content")

    def pick_corruption(self, family: str, what: str = "Corruption", mean: bool = True, width: int = 320) -> str:
        """The chooser of one corruption of the family, or of the mean of those that count."""
        standard, extra = ordered(self.measured[family])
        names = {MEAN: f"Mean of the {len(standard)} common ones"} if mean and standard else {}
        names |= {corruption: name(corruption) for corruption in standard}
        more = " (extra)" if family == "cifar_c" else ""
        names |= {corruption: f"{name(corruption)}{more}" for corruption in extra}
        return self.selection.pick(self.corruption_option(family), what, names, kind="select", width=width)

    @staticmethod
    def corruption_option(family: str) -> str:
        """The name of that choice in the URL: one a family, since families have no corruption in common."""
        return "corruption" if family == "cifar_c" else f"corruption-{family.replace('_', '-')}"

    def missing(self, family: str) -> None:
        """A line on tickets that were not measured under the family."""
        there = self.there(family)
        absent = [style.label for key, style in self.styles.items() if key not in there]
        if absent:
            label = _family_label(family)
            st.caption(f":material/info: Not measured yet under all of {label}: {', '.join(absent)}.")

    @property
    def _ids(self) -> dict[str, tuple[str, ...]]:
        return dict(self.ids)


def open_scope(selection: Selection) -> Scope:
    """The scope of the page's selection."""
    baseline = selection.baseline.key if selection.baseline else None
    keys = list(dict.fromkeys([*selection.keys, *([baseline] if baseline else [])]))
    rows = selection.all_seeds(keys)
    found = {key: tuple(rows.loc[rows["key"] == key, "ticket_id"]) for key in keys}
    styles = {key: selection.styles[each[0]] for key, each in found.items() if each}
    order = [key for key in dict.fromkeys(selection.study.tickets["key"]) if key in styles]
    ids = tuple((key, found[key]) for key in order)
    pairs = load.query(selection.study, "SELECT DISTINCT ticket_id, corruption FROM conditions")
    mine = pairs[pairs["ticket_id"].isin([ticket for _, each in ids for ticket in each])]
    measured: dict[str, list[str]] = {}
    for group in ordered(mine["corruption"].unique()):
        for corruption in group:
            measured.setdefault(family_of(corruption), []).append(corruption)
    in_order = {family: measured[family] for family in [*FAMILIES, *measured] if family in measured}
    return Scope(selection, {key: styles[key] for key in order}, ids, baseline, in_order)


def rows_of(selection: Selection, ids: Ids, corruptions: Sequence[str]) -> pd.DataFrame:
    """Rows of `conditions` under these corruptions and on clean images, of the tickets measured under all of them."""
    wanted = [ticket for _, each in ids for ticket in each]
    names = ", ".join("'" + corruption.replace("'", "''") + "'" for corruption in [*corruptions, "clean"])
    study = selection.study
    rows = Results(study.path).table("conditions", ids=wanted, where=f"corruption IN ({names})", columns=COLUMNS)
    count = rows.groupby("ticket_id", sort=False).size()
    return rows[rows["ticket_id"].isin(count.index[count == count.max()])].reset_index(drop=True)


def labels_of(scope: Scope) -> np.ndarray:
    """The true classes of the test images, int64 [images]. Raises UserError when they were not stored."""
    study = scope.selection.study
    stored = Results(study.path).ids("samples")
    rows = load.table(study, "samples", ids=stored[:1], columns=["sample", "label"]).sort_values("sample")
    if rows.empty:
        raise UserError(f"The true classes are not stored yet; measure the study: python -m analysis run {study.path}")
    return rows["label"].to_numpy(np.int64)


def dense_or_baseline(scope: Scope, there: Sequence[str]) -> str:
    """The ticket that errors are related to: the dense one, else the baseline, else the first."""
    wanted = [DENSE, *([scope.baseline] if scope.baseline else []), *there]
    return next(key for key in wanted if key in there)


def places_of(outcomes: Outcomes, family: str) -> list[int]:
    """Places of the conditions that the family's mean is over: for CIFAR-10-C the 15 that count."""
    return [
        place
        for place, (corruption, _) in enumerate(outcomes.conditions)
        if corruption != "clean" and (family != "cifar_c" or corruption in COUNTED)
    ]


def no_results(scope: Scope, family: str, what: str) -> None:
    """Says that a family was not measured, and the command that does it."""
    layout.empty(
        f"No ticket chosen has been measured on {what} yet.",
        "Measure the study; what is missing appears here at the next click.",
        f"python -m analysis run {scope.selection.study.path} --family {family}",
    )


def needs_baseline(scope: Scope, family: str) -> bool:
    """Whether there is a baseline with results and something to compare with it; says what is missing if not."""
    there = scope.there(family)
    if scope.baseline is None or scope.baseline not in there:
        layout.empty("The baseline has no results on corrupted images.", "Choose another at the left, or measure it.")
        return False
    if len(there) < 2:
        layout.empty("Only the baseline is chosen.", "Choose other tickets at the left to compare with it.")
        return False
    return True


def named(rows: pd.DataFrame, styles: dict[str, Style]) -> pd.DataFrame:
    """The rows of these tickets with the tickets' names in place of their keys."""
    rows = rows[rows["key"].isin(list(styles))].copy()
    rows.insert(0, "ticket", rows["key"].map({key: style.label for key, style in styles.items()}))
    return rows.drop(columns="key")


@st.cache_resource(max_entries=64, show_spinner="Comparing the tickets …")
def _computed(what: Hashable, _make: Callable[[], Any]) -> Any:
    return _make()


def _family_label(family: str) -> str:
    return FAMILIES[family].label if family in FAMILIES else "Images given"


def _predictions(scope: Scope, family: str) -> Predictions:
    rows = rows_of(scope.selection, scope.ids, scope.measured[family])
    labels, classes = labels_of(scope), len(class_names(scope.selection.study))
    offsets = intervals.unpack_offsets(rows)
    first = rows[rows["ticket_id"] == next(iter(offsets), None)]
    order = [(str(n), int(level)) for n, level in zip(first["corruption"], first["severity"], strict=True)]
    found = {}
    for key, ids in scope.ids:
        each = [(labels + offsets[ticket]) % classes for ticket in ids if ticket in offsets]
        if each:
            found[key] = np.stack(each).astype(np.int16)
    return Predictions(order, found, labels)
