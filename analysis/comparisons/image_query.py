"""A query for test images as text: "class cat and wrong for imp-90 under fog 5 and right for dense under fog 5".

A query is one or several conditions with "and" between them, all of which an image has to fulfil:

    class CLASS [or CLASS ...]
    wrong for TICKET [under CORRUPTION SEVERITY]
    right for TICKET [under CORRUPTION SEVERITY]
    predicted CLASS [or CLASS ...] by TICKET [under CORRUPTION SEVERITY]
    MEASURE of TICKET [under CORRUPTION SEVERITY] between NUMBER and NUMBER
    MEASURE of TICKET [under CORRUPTION SEVERITY] at least NUMBER
    MEASURE of TICKET [under CORRUPTION SEVERITY] at most NUMBER

TICKET is a key such as `imp-90`. Without "under" the images are clean. A name that is no plain word stands in double
quotes, as in JSON. What the names mean in a study is for `queried_images` to say.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.corruptions.conditions import CLEAN, Condition
from pruning.errors import UserError

LONGEST = 4_000
"""Characters of a query."""

MOST = 40
"""Conditions of a query."""

AND, OR = "and", "or"
WORDS = frozenset({AND, OR, "class", "wrong", "right", "predicted", "for", "by", "of", "under", "between", "at"})
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]+', re.DOTALL)
_PLAIN = re.compile(r"[\w.+-]+")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class OfClass:
    """Images whose true class is one of these, one at least."""

    classes: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """Images that a ticket classifies right, or wrong, under a condition."""

    is_: Literal["right", "wrong"]
    ticket: str
    condition: Condition = CLEAN


@dataclass(frozen=True)
class Predicted:
    """Images that a ticket takes for one of these classes, one at least, under a condition."""

    classes: tuple[str, ...]
    ticket: str
    condition: Condition = CLEAN


@dataclass(frozen=True)
class Within:
    """Images of which a measure, for a ticket under a condition, lies between two values, both included.

    One of the two may be infinite, and then does not count.
    """

    measure: str
    ticket: str
    condition: Condition = CLEAN
    low: float = -math.inf
    high: float = math.inf


Term = OfClass | Outcome | Predicted | Within


def text(query: Iterable[Term]) -> str:
    """Write a query, so that `parse` reads the same again."""
    return f" {AND} ".join(map(_term, query))


def parse(query: str) -> tuple[Term, ...]:
    """Read a query.

    Raises:
        UserError: it does not follow the grammar; the sentence says where.
    """
    if len(query) > LONGEST:
        raise UserError(f"The query has {len(query):,} characters; {LONGEST:,} at most are read, so make it shorter.")
    reader = _Reader(_tokens(query))
    terms = [reader.term()]
    while not reader.done:
        reader.expect(AND)
        terms.append(reader.term())
    if len(terms) > MOST:
        raise UserError(f"The query has {len(terms)} conditions; {MOST} at most are read, so leave some out.")
    return tuple(terms)


def _term(term: Term) -> str:
    if isinstance(term, OfClass):
        return f"class {_classes(term.classes)}"
    where = _name(term.ticket)
    if term.condition != CLEAN:
        where += f" under {_name(term.condition[0])} {term.condition[1]}"
    if isinstance(term, Outcome):
        return f"{term.is_} for {where}"
    if isinstance(term, Predicted):
        return f"predicted {_classes(term.classes)} by {where}"
    return f"{_name(term.measure)} of {where} {_bounds(term.low, term.high)}"


def _classes(names: Sequence[str]) -> str:
    return f" {OR} ".join(map(_name, names))


def _bounds(low: float, high: float) -> str:
    if math.isinf(high):
        return f"at least {_number(low)}"
    return f"at most {_number(high)}" if math.isinf(low) else f"between {_number(low)} {AND} {_number(high)}"


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


def _name(name: str) -> str:
    """A name as the query has it: in quotes where it would be taken for something else."""
    plain = _PLAIN.fullmatch(name) and name not in WORDS
    return name if plain else json.dumps(name, ensure_ascii=not name.isprintable())


def _tokens(query: str) -> list[str]:
    found, end = [], 0
    for match in _TOKEN.finditer(query):
        if query[end : match.start()].strip():
            break
        found.append(match[0])
        end = match.end()
    if query[end:].strip():
        raise UserError(
            f"The query has a quotation mark that is not closed, at {_shown(query[end:].strip())}; close it."
        )
    return found


class _Reader:
    """Takes tokens from the front."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens, self.place = list(tokens), 0

    @property
    def done(self) -> bool:
        return self.place == len(self.tokens)

    @property
    def next(self) -> str:
        return "" if self.done else self.tokens[self.place]

    def expect(self, *words: str) -> str:
        """The next word, which is one of these."""
        if self.next not in words:
            raise self._wrong(" or ".join(f"“{word}”" for word in words))
        self.place += 1
        return self.tokens[self.place - 1]

    def term(self) -> Term:
        """A condition."""
        word = self.next
        if word == "class":
            self.place += 1
            return OfClass(self._classes())
        if word in ("right", "wrong"):
            self.place += 1
            self.expect("for")
            return Outcome("right" if word == "right" else "wrong", *self._where())
        if word == "predicted":
            self.place += 1
            classes = self._classes()
            self.expect("by")
            return Predicted(classes, *self._where())
        measure = self._name("a condition, such as “class …”, “wrong for …” or “margin of …”,")
        self.expect("of")
        return Within(measure, *self._where(), *self._bounds())

    def _classes(self) -> tuple[str, ...]:
        names = [self._name("the name of a class")]
        while self.next == OR:
            self.place += 1
            names.append(self._name("the name of a class"))
        return tuple(dict.fromkeys(names))

    def _where(self) -> tuple[str, Condition]:
        ticket = self._name("the key of a ticket")
        if self.next != "under":
            return ticket, CLEAN
        self.place += 1
        corruption = self._name("a corruption")
        if not re.fullmatch(r"\d{1,3}", self.next, re.ASCII):
            raise self._wrong("a severity, such as 3,")
        self.place += 1
        return ticket, (corruption, int(self.tokens[self.place - 1]))

    def _bounds(self) -> tuple[float, float]:
        if self.expect("between", "at") == "between":
            low = self._number()
            self.expect(AND)
            high = self._number()
            if low > high:
                raise UserError(f"Nothing lies between {_number(low)} and {_number(high)}; swap the two numbers.")
            return low, high
        least = self.expect("least", "most") == "least"
        bound = self._number()
        return (bound, math.inf) if least else (-math.inf, bound)

    def _name(self, what: str) -> str:
        token = self.next
        if token.startswith('"'):
            try:
                name = json.loads(token, strict=False)
            except ValueError:
                raise self._wrong(what) from None
            self.place += 1
            return str(name)
        if not _PLAIN.fullmatch(token) or token in WORDS:
            raise self._wrong(what)
        self.place += 1
        return token

    def _number(self) -> float:
        if not _NUMBER.fullmatch(self.next) or math.isinf(float(self.next)):
            raise self._wrong("a number")
        self.place += 1
        return float(self.tokens[self.place - 1])

    def _wrong(self, wanted: str) -> UserError:
        before = " ".join(self.tokens[: self.place])
        after = f" after {_shown(before, end=True)}" if before else ""
        there = f"has {_shown(self.next)}" if self.next else "ends"
        return UserError(f"The query {there}{after}, where {wanted} should stand.".replace(",,", ","))


def _shown(part: str, end: bool = False, most: int = 40) -> str:
    part = " ".join(part.split())
    if len(part) > most:
        part = f"…{part[1 - most :]}" if end else f"{part[: most - 1]}…"
    return f"“{part}”"
