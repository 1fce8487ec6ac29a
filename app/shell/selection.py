"""What the user has selected: one object, kept in the URL, so that a copied link shows the same view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
import streamlit as st

from app.load import StudyView
from app.shell import image_sets
from app.shell.theme import Style, Theme
from app.shell.url import LIST, change, mirror, passed_over

Kind = Literal["segmented", "select", "pills", "slider"]


@dataclass(frozen=True)
class Chosen:
    """A ticket at the selected seed. `key` is the same for all seeds (`imp-90`), `style` the same on every page."""

    id: str
    key: str
    label: str
    method: str
    method_label: str
    sparsity: float
    seed: int
    kept: int
    total: int
    style: Style


@dataclass
class Selection:
    """The selection of one run of the script, already checked against the study.

    Attributes:
        study: the study shown.
        theme: light or dark colours, as the browser asks.
        seed: the seed whose tickets are shown one by one; `detail` says whether its per-sample results are kept.
        keys: keys of the chosen tickets, in the study's order (`dense`, `imp-90`, ...).
        tickets: the chosen tickets at `seed`.
        baseline: the ticket others are compared with, at `seed`; None when the study has none.
        samples: int64 indices of marked test samples, rising; None when nothing is marked.
        styles: ticket id -> style, for the chosen tickets and the baseline, at every seed.
        notes: sentences about values in the URL that were passed over.
    """

    study: StudyView
    theme: Theme
    seed: int
    keys: list[str]
    tickets: list[Chosen]
    baseline: Chosen | None
    samples: np.ndarray | None
    styles: dict[str, Style]
    notes: list[str] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        """Ids of the chosen tickets at `seed`, in the study's order."""
        return [ticket.id for ticket in self.tickets]

    @property
    def detail(self) -> bool:
        """Whether per-sample results are kept for the selected seed."""
        return self.seed == self.study.detail_seed

    def all_seeds(self, keys: Sequence[str] | None = None) -> pd.DataFrame:
        """Rows of `study.tickets` (see `StudyView`) of the chosen tickets, or of `keys`, at every seed."""
        return self.study.tickets[self.study.tickets["key"].isin(self.keys if keys is None else keys)]

    def option(self, name: str, default: str = "", allowed: Sequence[str] | None = None) -> str:
        """A page's own option as the URL has it; the default when it is missing or not allowed (then noted)."""
        value = mirror().get(name)
        if value is None:
            return default
        if allowed is not None and value not in allowed:
            self._note(name, value)
            return default
        return value

    def set(self, **values: str | None) -> None:
        """Put options into the URL; None or "" takes one out. Call it in a callback, the page then runs anew."""
        change(values)

    def set_samples(
        self, samples: Sequence[int] | np.ndarray | None, words: str = "", way: image_sets.Way | None = None
    ) -> None:
        """Select test images on every page. For use in a callback.

        Args:
            samples: their indices; None or none at all clears the selection.
            words: how they came about, as a query says it where one can (`analysis.comparisons.image_query`):
                "class cat and wrong for imp-90 under fog 5". The line of what is selected shows it.
            way: what they do to those that are selected already: "replace", "add", "subtract", "intersect". None: what
                the user has chosen.
        """
        change(image_sets.parameters(mirror(), None if samples is None else np.asarray(samples), words, way))

    def pick(
        self,
        name: str,
        label: str,
        options: Mapping[str, str] | Sequence[str],
        default: str | None = None,
        kind: Kind = "segmented",
        **widget: Any,
    ) -> str:
        """A widget that sets one option, bound to the URL both ways, and its value.

        Args:
            name: the option's name in the URL, unique over all pages.
            label: shown above the widget (`label_visibility="collapsed"` hides it).
            options: URL value -> text shown, or values that are shown as they are; at least one.
            default: the first of the options when left out.
            kind: `segmented` (few options side by side), `pills`, `select` (a menu), `slider` (ordered options).
            widget: more arguments of the Streamlit widget, such as `help` or `width`.
        """
        texts = dict(options) if isinstance(options, Mapping) else {value: value for value in options}
        default = next(iter(texts)) if default is None else default
        current = self.option(name, default, list(texts))
        key = f"pick {name}"
        st.session_state[key] = current if current in texts else next(iter(texts))

        def store() -> None:
            value = st.session_state.get(key)
            change({name: None if value == default else value})

        common = {"key": key, "on_change": store, "format_func": lambda value: texts.get(value, str(value)), **widget}
        if kind == "select":
            return st.selectbox(label, list(texts), **common) or default
        if kind == "slider":
            return str(st.select_slider(label, list(texts), **common))
        make = st.segmented_control if kind == "segmented" else st.pills
        return make(label, list(texts), required=True, **common) or default

    def pick_many(
        self,
        name: str,
        label: str,
        options: Mapping[str, str] | Sequence[str],
        default: Sequence[str] = (),
        kind: Literal["pills", "menu"] = "pills",
        **widget: Any,
    ) -> list[str]:
        """As `pick`, for any number of options (none too), in the order of `options`. URL values hold no `~`."""
        texts = dict(options) if isinstance(options, Mapping) else {value: value for value in options}
        asked = mirror().get(name)
        wanted = list(default) if asked is None else [value for value in asked.split(LIST) if value and value != "none"]
        for value in wanted:
            if value not in texts and asked is not None:
                self._note(name, value)
        key = f"pick {name}"
        st.session_state[key] = [value for value in texts if value in wanted]

        def store() -> None:
            value = st.session_state.get(key) or []
            chosen = [option for option in texts if option in value]
            same = chosen == [option for option in texts if option in default]
            change({name: None if same else LIST.join(chosen) or "none"})

        common = {"key": key, "on_change": store, "format_func": lambda value: texts.get(value, str(value)), **widget}
        if kind == "menu":
            return st.multiselect(label, list(texts), **common)
        return st.pills(label, list(texts), selection_mode="multi", **common)

    def _note(self, name: str, value: str) -> None:
        note = passed_over(name, value)
        if note not in self.notes:
            self.notes.append(note)
