"""The form of a query: a row a condition, and the same as text; both stand in the URL as `query`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from analysis.comparisons.image_query import OfClass, Outcome, Predicted, Term, Within, parse, text
from analysis.comparisons.queried_images import MEASURES
from analysis.corruptions.conditions import CLEAN, Condition
from app.condition import condition_text
from app.names import shown
from app.shell.url import change, mirror
from pruning.errors import UserError

QUERY = "query"
KINDS = {
    "wrong": "Misclassified by",
    "right": "Correct for",
    "class": "True class",
    "predicted": "Taken for",
    "measure": "Measure",
}
TYPES = {OfClass: "class", Predicted: "predicted", Within: "measure"}

WIDE = {"class": (5.4,), "predicted": (2.2, 1.7, 1.5), "measure": (1.2, 1.6, 1.3, 1.0, 1.0)}
"""How wide the fields of a row are, beside its kind; of an outcome as below."""

OUTCOME = (2.7, 2.7)


@dataclass(frozen=True)
class Offered:
    """What the form offers, the usual first: class names, ticket key -> label, conditions; and what is chosen."""

    classes: Sequence[str]
    tickets: Mapping[str, str]
    conditions: Sequence[Condition]
    baseline: str
    condition: Condition = CLEAN


def query() -> tuple[Term, ...]:
    """The query that the URL has; none where it has none.

    Raises:
        UserError: it cannot be read.
    """
    written = mirror().get(QUERY, "")
    return parse(written) if written.strip() else ()


def show(offered: Offered) -> tuple[Term, ...]:
    """Draw the rows and the text, in the container that is open, and return what they say.

    Raises:
        UserError: the text cannot be read. The text is drawn before, so that it can be mended.
    """
    rows = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.session_state["query text"] = mirror().get(QUERY, "")
        st.text_input(
            "As text, which is in the link too", key="query text", on_change=_store_text,
            placeholder="wrong for imp-90 under fog 5 and right for dense under fog 5",
            help="`analysis.comparisons.queried_images.images_where(study, text)` gives the same images in a notebook.",
        )  # fmt: skip
    terms = query()
    with rows:
        for place, term in enumerate(terms):
            _row(place, term, offered)
        label = "Add a condition" if terms else "Start with a condition"
        st.button(label, key="query-more", icon=":material/add:", type="tertiary", on_click=_more, args=(offered,))
    return terms


def fields(term: Term, offered: Offered) -> dict[str, Any]:
    """What the fields of a row hold: those that the condition has, and for the others what they would start with."""
    kind = term.is_ if isinstance(term, Outcome) else TYPES[type(term)]
    usual = {
        "classes": tuple(offered.classes[:1]),
        "ticket": next(iter(offered.tickets), offered.baseline),
        "condition": offered.condition,
        "measure": next(iter(MEASURES)),
        "low": -math.inf,
        "high": 0.0,
    }
    return {"kind": kind} | {name: getattr(term, name, value) for name, value in usual.items()}


def condition(row: Mapping[str, Any]) -> Term:
    """The condition that the fields of a row say: the inverse of `fields`."""
    where = row["ticket"], row["condition"]
    if row["kind"] == "class":
        return OfClass(row["classes"])
    if row["kind"] == "predicted":
        return Predicted(row["classes"], *where)
    if row["kind"] == "measure":
        return Within(row["measure"], *where, row["low"], row["high"])
    return Outcome("right" if row["kind"] == "right" else "wrong", *where)


def _store_text() -> None:
    change({QUERY: st.session_state["query text"].strip()})


def _store(terms: Sequence[Term]) -> None:
    change({QUERY: text(terms) if terms else None})


def _more(offered: Offered) -> None:
    terms = _readable()
    last = terms[-1] if terms else None
    if isinstance(last, Outcome) and last.is_ == "wrong":
        added: Term = Outcome("right", offered.baseline, last.condition)
    else:
        others = [ticket for ticket in offered.tickets if ticket != offered.baseline]
        added = Outcome("wrong", next(iter(others), offered.baseline), getattr(last, "condition", offered.condition))
    _store([*terms, added])


def _readable() -> tuple[Term, ...]:
    try:
        return query()
    except UserError:
        return ()


def _row(place: int, term: Term, offered: Offered) -> None:
    row = _Row(place, fields(term, offered))
    kind = row.values["kind"]
    with st.container(key=f"query-row-{place}"):
        first, *columns, last = st.columns(
            [1.8, *WIDE.get(kind, OUTCOME), 0.4], gap="small", vertical_alignment="bottom"
        )
    with last:
        st.button("", key=f"query-{place}-gone", icon=":material/close:", type="tertiary", help="Leave it out",
                  on_click=lambda: _store([*_readable()[:place], *_readable()[place + 1 :]]))  # fmt: skip
    row.select(first, "kind", "Select by", KINDS)
    if kind in ("class", "predicted"):
        row.classes(columns.pop(0), offered.classes)
    if kind == "measure":
        names = {name: name.capitalize() for name in MEASURES}
        meanings = "; ".join(f"{name}: {meaning}" for name, meaning in MEASURES.items())
        row.select(columns.pop(0), "measure", "Of an image", names, f"{meanings}.")
    if kind != "class":
        row.select(columns[0], "ticket", "Ticket", offered.tickets)
        row.select(columns[1], "condition", "Under", {each: condition_text(each) for each in offered.conditions})
    if kind == "measure":
        row.bounds(columns[2:])


@dataclass(frozen=True)
class _Row:
    """The fields of the row at a place, and what puts a change of one of them into the URL."""

    place: int
    values: Mapping[str, Any]

    def key(self, name: str) -> str:
        return f"query-{self.place}-{name}"

    def put(self, **changed: Any) -> None:
        terms = list(_readable())
        terms[self.place : self.place + 1] = [condition({**self.values, **changed})]
        _store(terms)

    def select(self, column: Any, name: str, label: str, options: Mapping[Any, str], help: str | None = None) -> None:
        """A menu; a value that is not offered, which a link may bring, is there too."""
        value, key = self.values[name], self.key(name)
        names = {**options, **({} if value in options else {value: shown(str(value))})}
        st.session_state[key] = value
        with column:
            st.selectbox(label, list(names), key=key, format_func=lambda each: names.get(each, str(each)), help=help,
                         on_change=lambda: self.put(**{name: st.session_state[key]}))  # fmt: skip

    def classes(self, column: Any, offered: Sequence[str]) -> None:
        """Classes, one at least: the last one cannot be taken away."""
        value, key = self.values["classes"], self.key("classes")
        st.session_state[key] = list(value)
        with column:
            st.multiselect("Classes", list(dict.fromkeys([*offered, *value])), key=key, format_func=shown,
                           on_change=lambda: self.put(classes=tuple(st.session_state[key]) or value))  # fmt: skip

    def bounds(self, columns: Sequence[Any]) -> None:
        """From and to; an empty one does not count, and one of them has to."""
        keys = {end: self.key(end) for end in ("low", "high")}

        def store() -> None:
            low, high = (st.session_state.get(key) for key in keys.values())
            if low is None and high is None:
                return
            ends = (-math.inf if low is None else low, math.inf if high is None else high)
            self.put(low=min(ends), high=max(ends))

        for column, (end, key) in zip(columns, keys.items(), strict=True):
            bound = self.values[end]
            st.session_state[key] = None if math.isinf(bound) else float(bound)
            with column:
                st.number_input({"low": "From", "high": "To"}[end], value=None, key=key, on_change=store, format="%g",
                                step=0.1, placeholder="any")  # fmt: skip
