"""Layers: where inside a ticket parts from its dense network, and where inside a corruption reaches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import pandas as pd
import streamlit as st

from analysis.comparisons.layer_means import reach, readings
from analysis.comparisons.layers_apart import Seeds, behind_dense, dense_of, first_beyond, from_clean, from_dense
from analysis.corruptions.conditions import CLEAN
from app import load
from app.charts.names import name, ordered
from app.condition import condition_parameters, pick_condition
from app.memory.remembered import computed
from app.shell import layout
from app.shell.lacking import unmeasured, with_table
from app.shell.left_out import with_layers
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.theme import DENSE, Style
from app.views.geometry.charts import layers as charts
from app.views.geometry.layer_words import answer, named_with
from app.views.geometry.layers_folded import shapes_under, show_folded

T = TypeVar("T")

MOST = 8
"""Tickets shown."""
MEANINGS = {
    "value": "CKA, the mean over seeds",
    "noise": "CKA between two seeds of one method on clean images: its mean over seeds",
    "noise_low": "the smallest of the seeds",
    "noise_high": "the largest of the seeds",
    "times": "how many times as far apart (1 - CKA) as two seeds, geometric mean",
    "beyond": "whether it is shown to be more than once, Holm's correction over all tickets and layers",
    "clean": "share of clean images that a ridge probe of the layer reads right [fraction]",
    "read": "share of corrupted images that the probe fitted on clean images reads right [fraction]",
    "refitted": "share of corrupted images that a probe fitted on corrupted images reads right [fraction]",
    "depth": "place of the last layer that the corruption changes by more than seeds differ, from 1; 0 for none",
    "first": "the first such layer",
    "layer": "the layer, by its name in the network",
    "position": "place of the layer in the network, from 0",
}


@dataclass(frozen=True)
class View:
    """What the section shows: tickets, their rows, and the condition, or several, whose mean counts.

    Attributes:
        selection: of the page.
        seeds: ticket's key -> ids of its seeds.
        styles: key -> style.
        alignment: rows of the table `alignment`. rows: of `representations`, under every condition.
        corruption: the corruption looked at; "" for the mean of all.
    """

    selection: Selection
    seeds: Seeds
    styles: dict[str, Style]
    alignment: pd.DataFrame
    rows: pd.DataFrame
    corruption: str

    @cached_property
    def clean(self) -> pd.DataFrame:
        """The rows of the clean images."""
        return self.rows[self.rows["corruption"] == CLEAN[0]]

    @cached_property
    def corrupted(self) -> pd.DataFrame:
        """The rows of all corruptions."""
        return self.rows[self.rows["corruption"] != CLEAN[0]]

    @cached_property
    def under(self) -> pd.DataFrame:
        """The rows of the corruption looked at, or of all."""
        return self.corrupted[self.corrupted["corruption"] == self.corruption] if self.corruption else self.corrupted

    @property
    def text(self) -> str:
        """The condition for people."""
        if self.corruption:
            return f"{name(self.corruption)} {int(self.under['severity'].iloc[0])}"
        return f"the mean of {self.corrupted['corruption'].nunique()} corruptions"

    @property
    def several(self) -> bool:
        """Whether some ticket has several seeds."""
        return any(len(ids) > 1 for ids in self.seeds.values())

    @cached_property
    def shapes(self) -> dict[str, pd.DataFrame]:
        """How features lie in each layer: on clean images, and under the condition looked at, by its words."""
        return self.computed("shapes", lambda: shapes_under(self.clean, self.under, self.seeds, self.text))

    def computed(self, what: str, make: Callable[[], T], said: str = "") -> T:
        """What `make` gives of these tickets under this condition, kept while the study stays the same."""
        study = self.selection.study
        ids = tuple((key, *each) for key, each in self.seeds.items())
        return computed((str(study.path), study.stamp, "layers", ids, self.corruption, what), make, said)


def show(selection: Selection) -> None:
    """Draw the section."""
    view = _view(with_layers(selection))
    if view is None:
        return
    apart = view.computed("dense", lambda: from_dense(view.alignment, view.seeds))
    broken = view.computed("clean", lambda: from_clean(view.alignment, view.under, view.seeds))
    lost = view.computed("lost", lambda: behind_dense(view.clean, view.under, view.seeds, dense_of(view.alignment)))
    st.markdown(answer(apart, broken, lost, view.styles, view.text, view.several))
    if len(selection.keys) > MOST:
        st.caption(f"The first {MOST} of the {len(selection.keys)} tickets chosen.")
    left, right = st.columns(2, gap="medium")
    with left:
        _apart_card(view, apart)
    with right:
        _broken_card(view, broken)
    _read_card(view)
    if view.several:
        _reach_card(view)
    show_folded(selection, view.seeds, view.styles, view.alignment, lambda: view.shapes)


def _view(selection: Selection) -> View | None:
    """The widgets, and what they choose; says what is missing where there is nothing to show."""
    if not selection.keys:
        layout.empty("No ticket is chosen.", "Choose some in the grid at the left.")
        return None
    keys = list(dict.fromkeys([*([selection.baseline.key] if selection.baseline else []), *selection.keys]))[:MOST]
    found = selection.all_seeds(keys).drop_duplicates(["key", "seed"]).sort_values("seed")
    rows = load.table(selection.study, "representations", ids=list(found["ticket_id"]))
    if rows.empty or (rows["corruption"] != CLEAN[0]).sum() == 0:
        message = "The inner layers of these tickets have not been measured yet."
        options = ["--only", "representations", "--only", "alignment"]
        unmeasured(selection.study, message, options=options, has=with_table("representations"))
        return None
    found = found[found["ticket_id"].isin(set(rows["ticket_id"]))]
    seeds = {key: list(found.loc[found["key"] == key, "ticket_id"]) for key in keys if key in set(found["key"])}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        corruption, severity = pick_condition(selection)
    there = rows.loc[rows["corruption"] == corruption, "severity"]
    if corruption != CLEAN[0] and severity not in set(there):
        level = f"severity {int(there.iloc[0])} alone" if len(there) else "other corruptions only"
        st.caption(f":material/info: Of the inner layers {level} is kept (`layer_severity` in [analysis]).")
    corruption = corruption if len(there) and corruption != CLEAN[0] else ""
    styles = {key: selection.styles[ids[0]] for key, ids in seeds.items()}
    alignment = load.table(selection.study, "alignment", ids=[each for ids in seeds.values() for each in ids])
    return View(selection, seeds, styles, alignment, rows, corruption)


def _apart_card(view: View, table: pd.DataFrame) -> None:
    styles = {key: style for key, style in view.styles.items() if key in set(table["key"])}
    if table.empty:
        if {ticket.method for ticket in view.selection.tickets} == {DENSE}:
            layout.empty("Only the dense network is chosen.", "Choose others to hold their layers against its own.")
        else:
            layout.empty(
                "No layer can be held against a dense network's.",
                "The study has none whose layers were looked into, or these tickets' layers have other names.",
            )
        return
    layout.card(
        "Alike to its dense network, clean images",
        charts.alike(table, styles, view.selection.theme, "CKA with the dense network"),
        lambda: named_with(table, styles),
        "layers-dense",
        help="Debiased linear CKA (Kornblith et al. 2019) between what a layer of the ticket and the same layer of its "
        "dense network of the same seed hand on: 1 where one is the other turned, scaled and shifted, 0 where they "
        "have nothing in common. Band: the same between two seeds. Full marks: further apart than two seeds, Holm's "
        "correction over all tickets and layers; ringed: the first such layer.",
        caption=_seeds_words(view, table),
        config=layout.QUIET,
        meanings=MEANINGS,
    )


def _broken_card(view: View, table: pd.DataFrame) -> None:
    layout.card(
        f"Alike to its clean features: {view.text}",
        charts.alike(table, view.styles, view.selection.theme, "CKA with its clean features"),
        lambda: named_with(table, view.styles),
        "layers-clean",
        help="CKA between what a layer hands on of the corrupted images and of the clean ones, in one network. Full "
        "marks: the corruption changes it by more than another seed would.",
        caption=_seeds_words(view, table),
        config=layout.QUIET,
        meanings=MEANINGS,
    )


def _seeds_words(view: View, table: pd.DataFrame) -> str:
    images = int(view.clean["n"].iloc[0])
    if not view.several:
        return f"{images:,} images. One seed: nothing says how far two trainings lie apart."
    ringed = " Ringed: the first layer beyond seeds." if any(first_beyond(table).values()) else ""
    return f"{images:,} images. Bars: 95 % intervals over seeds (Student's). Band: two seeds.{ringed}"


def _read_card(view: View) -> None:
    def table() -> pd.DataFrame:
        return view.computed("read", lambda: readings(view.clean, view.under, view.seeds))

    layout.card(
        f"What a linear probe reads off each layer: {view.text}",
        lambda: charts.read(table(), view.styles, view.selection.theme),
        lambda: named_with(table(), view.styles),
        "layers-read",
        folded=True,
        help="Ridge regression of the classes on what a layer hands on, fitted on one half of the images and applied "
        "to the other. Where the probe of the clean images fails and one that is fitted again does not, the classes "
        "are still there, but not where the rest of the network looks for them.",
        caption="Bars: 95 % intervals over " + ("seeds (Student's)." if view.several else "images (Wilson's).")
        + " Wide layers are averaged and projected onto 128 numbers first.",
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip


def _reach_card(view: View) -> None:
    def table() -> pd.DataFrame:
        said = "Comparing layers under each corruption …"
        return view.computed("reach", lambda: reach(view.alignment, view.corrupted, view.seeds), said)

    corruptions = [each for group in ordered(view.corrupted["corruption"].unique()) for each in group]
    layers = list(view.clean.sort_values("position")["layer"].drop_duplicates())
    layout.card(
        "How deep each corruption reaches",
        lambda: charts.reach(table(), view.styles, corruptions, layers, view.corruption, view.selection.theme),
        lambda: named_with(table(), view.styles),
        "layers-reach",
        folded=True,
        help="The last layer whose features a corruption changes by more than another seed would. Blank: nowhere.",
        caption="Each column is a question by itself, at 5 %. Click a cell to look at its corruption.",
        on_select=lambda: _choose(view),
        selection_mode="points",
        config=layout.QUIET,
        meanings=MEANINGS,
    )


def _choose(view: View) -> None:
    """Look at the corruption whose cell was clicked."""
    points = layout.selected_points("layers-reach")
    corruption = str(points[-1].get("customdata") or "") if points else ""
    own = view.corrupted[view.corrupted["corruption"] == corruption]
    if len(own):
        view.selection.set(**condition_parameters((corruption, int(own["severity"].iloc[0]))))


SECTION = Section(
    "geometry",
    "layers",
    "Layers",
    40,
    show,
    "Where inside does it break? Layer by layer: against the dense network, and under corruption.",
)
