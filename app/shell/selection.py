"""What the user has selected: one object, kept in the URL, so that a copied link shows the same view.

The URL holds `study`, `tickets`, `baseline`, `seed`, `samples`, and each page's own options under their names; what is
at its default is left out. Streamlit drops the URL's parameters when the page changes, so they are mirrored in the
session and written back. Values in the URL that make no sense are passed over and named in `notes`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
import streamlit as st

from app.load import StudyView
from app.shell import theme as colours
from app.shell.codec import decode_samples, encode_samples
from app.shell.theme import Mode, Style, Theme

MIRROR, WRITTEN = "selection", "selection written"
PREFERRED_SPARSITY = 0.9
MOST_METHODS = 11  # the dense network among them
LIST = "~"  # between the values of one parameter; a URL shows it as it is

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

    def set_samples(self, samples: Sequence[int] | np.ndarray | None) -> None:
        """Mark test samples on every page; None or none at all clears the mark. For use in a callback."""
        change({"samples": encode_samples(np.asarray(samples)) if samples is not None else None})

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
            return st.select_slider(label, list(texts), **common)
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
        note = _passed_over(name, value)
        if note not in self.notes:
            self.notes.append(note)


def mirror() -> dict[str, str]:
    """The URL's parameters as this session knows them."""
    return st.session_state.setdefault(MIRROR, {})


def change(values: Mapping[str, str | None]) -> None:
    """Change parameters in the URL; None or "" takes one out."""
    parameters = {name: value for name, value in {**mirror(), **values}.items() if value}
    st.session_state[MIRROR] = parameters
    st.session_state[WRITTEN] = True
    st.query_params.from_dict(parameters)


def synchronise() -> None:
    """Bring URL and session together at the start of a run. A link, or the browser's Back, brings parameters of its
    own; a page change brings none, and a widget's change is not in the browser's URL yet: then the session's count."""
    url = {name: value for name, value in st.query_params.to_dict().items() if isinstance(value, str)}
    fresh = MIRROR not in st.session_state
    if fresh or (url and not st.session_state.pop(WRITTEN, False)):
        st.session_state[MIRROR] = url
    elif url != mirror():
        st.query_params.from_dict(mirror())
    st.session_state.pop(WRITTEN, None)


def choose_study(names: Sequence[str], default: str) -> tuple[str, list[str]]:
    """The name of the study that the URL asks for, or the default and a note."""
    asked = mirror().get("study")
    if asked is None or asked in names:
        return asked or default, []
    return default, [_passed_over("study", asked)]


def resolve(study: StudyView, parameters: Mapping[str, str], mode: Mode, notes: Sequence[str] = ()) -> Selection:
    """The selection that URL parameters mean in a study. Pure: what cannot be used becomes a note, never an error."""
    found, notes = study.tickets, list(notes)
    seed = _seed(study, parameters.get("seed"), notes)
    keys = _keys(study, parameters.get("tickets"), notes)
    baseline_key = _baseline(study, parameters.get("baseline"), notes)
    shown = dict.fromkeys([*keys, *([baseline_key] if baseline_key else [])])
    first = found.drop_duplicates("key").set_index("key")
    by_key = colours.styles(
        [(key, first.at[key, "method"], float(first.at[key, "sparsity"]), first.at[key, "label"]) for key in shown],
        study.methods,
        mode,
        study.originals,
    )
    chosen = {
        row.key: Chosen(
            row.ticket_id, row.key, row.label, row.method, row.method_label,
            float(row.sparsity), int(row.seed), int(row.kept), int(row.total), by_key[row.key],
        )
        for row in found[found["seed"] == seed].itertuples()
        if row.key in by_key
    }  # fmt: skip
    missing = [first.at[key, "label"] for key in keys if key not in chosen]
    if missing:
        notes.append(f"Not found for seed {seed}: {', '.join(missing)}.")
    styles = {row.ticket_id: by_key[row.key] for row in found.itertuples() if row.key in by_key}
    samples = _samples(parameters.get("samples"), notes)
    tickets = [chosen[key] for key in keys if key in chosen]
    baseline = chosen.get(baseline_key) if baseline_key else None
    return Selection(study, colours.get(mode), seed, keys, tickets, baseline, samples, styles, notes)


def default_keys(tickets: pd.DataFrame, originals: Mapping[str, str] | None = None) -> list[str]:
    """The dense network and every method at 90 %, or at the sparsity nearest to it that the study has.

    Of more than `MOST_METHODS` those that are made from another (`originals`: method -> the method it is made from) are
    left out, then those that were pruned to the fewest sparsities.
    """
    pruned = tickets[tickets["method"] != colours.DENSE]
    levels = pruned["sparsity"].unique()
    level = min(levels, key=lambda value: (abs(value - PREFERRED_SPARSITY), value)) if len(levels) else None
    wanted = tickets[(tickets["method"] == colours.DENSE) | (tickets["sparsity"] == level)]
    if wanted["method"].nunique() > MOST_METHODS:
        wanted = wanted[~wanted["method"].isin(list(originals or {}))]
    spread = (
        tickets.groupby("method")["sparsity"].nunique()[wanted["method"].unique()].drop(colours.DENSE, errors="ignore")
    )
    most = spread.sort_values(ascending=False, kind="stable").index[: MOST_METHODS - 1]
    wanted = wanted[wanted["method"].isin([colours.DENSE, *most])]
    return list(dict.fromkeys(wanted["key"]))


def _seed(study: StudyView, asked: str | None, notes: list[str]) -> int:
    seeds = study.seeds
    default = study.detail_seed if study.detail_seed in seeds or not seeds else seeds[0]
    if asked is None or asked in map(str, seeds):
        return int(asked) if asked else default
    notes.append(_passed_over("seed", asked))
    return default


def _keys(study: StudyView, asked: str | None, notes: list[str]) -> list[str]:
    order = list(dict.fromkeys(study.tickets["key"]))
    if asked is None:
        return default_keys(study.tickets, study.originals)
    if asked == "none":
        return []
    wanted = [key for key in asked.split(LIST) if key]
    unknown = [key for key in wanted if key not in order]
    notes.extend(_passed_over("tickets", key) for key in dict.fromkeys(unknown))
    known = [key for key in order if key in wanted]
    return known if known else default_keys(study.tickets, study.originals)


def _baseline(study: StudyView, asked: str | None, notes: list[str]) -> str | None:
    order = list(dict.fromkeys(study.tickets["key"]))
    dense = study.tickets.loc[study.tickets["method"] == colours.DENSE, "key"]
    default = dense.iloc[0] if len(dense) else next(iter(order), None)
    if asked is None or asked in order:
        return asked or default
    notes.append(_passed_over("baseline", asked))
    return default


def _samples(asked: str | None, notes: list[str]) -> np.ndarray | None:
    try:
        samples = decode_samples(asked or "")
    except ValueError:
        notes.append("The marked samples in the link could not be read and are left out.")
        return None
    return samples if len(samples) else None


def _passed_over(name: str, value: str) -> str:
    shown = json.dumps(value if len(value) <= 40 else value[:39] + "…", ensure_ascii=False)
    return f"The link asks for {name} {shown}, which is not here; it is passed over."
