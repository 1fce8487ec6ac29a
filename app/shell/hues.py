"""A hue, a marker symbol and a step of dashes for every method of a study.

Methods that this project has long known keep theirs in every study. Others take hues that the study leaves free, then
spare ones, by their place among the study's methods. What is made from another method (a control, another data order)
looks like it: its hue, paler or darker, with another symbol and the next dash.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from app.shell.colour import Oklch
from pruning.study.config import DENSE

# Lightness, chroma and hue on white. Found by search: nine hues and a grey whose least distance, seen normally and with
# each colour-vision deficiency, in light and in dark, is the largest that a contrast of 3 leaves room for.
HUES: dict[str, Oklch] = {
    "random": Oklch(0.576, 0.123, 65),
    "magnitude": Oklch(0.486, 0.165, 258),
    "snip": Oklch(0.650, 0.122, 175),
    "grasp": Oklch(0.652, 0.142, 109),
    "synflow": Oklch(0.606, 0.125, 313),
    "taylor": Oklch(0.360, 0.190, 274),
    "imp": Oklch(0.487, 0.161, 27),
    "random_reinit": Oklch(0.360, 0.091, 45),
    "shuffled": Oklch(0.408, 0.168, 336),
}
# Each the farthest from those above and from the spare ones before it, by the same measure.
SPARE = (
    Oklch(0.64, 0.13, 140),
    Oklch(0.34, 0.09, 180),
    Oklch(0.55, 0.05, 100),
    Oklch(0.34, 0.17, 10),
    Oklch(0.46, 0.13, 150),
    Oklch(0.49, 0.05, 20),
    Oklch(0.43, 0.20, 320),
    Oklch(0.34, 0.05, 310),
    Oklch(0.67, 0.20, 310),
    Oklch(0.43, 0.09, 250),
    Oklch(0.34, 0.13, 290),
    Oklch(0.64, 0.09, 30),
)
SYMBOLS = {
    DENSE: "x",
    "random": "triangle-up",
    "magnitude": "circle",
    "snip": "square",
    "grasp": "diamond",
    "synflow": "pentagon",
    "taylor": "hexagon",
    "imp": "star",
    "random_reinit": "cross",
    "shuffled": "triangle-down",
}
SPARE_SYMBOLS = (
    "hexagram", "bowtie", "hourglass", "star-diamond", "triangle-left", "triangle-right", "diamond-tall",
    "diamond-wide", "star-triangle-up", "star-square", "triangle-ne", "triangle-sw", "star-triangle-down",
)  # fmt: skip
_GREY = Oklch(0.50, 0.026, 258)  # about the dense network's own, which has a shade of its own in each mode
_GREY_ON_BLACK = Oklch(0.56, 0.02, 258)  # where it stands on black among hues that are lifted there
_KIN = tuple(
    (lighter, less, turned) for lighter in (0.16, -0.16, 0.08, -0.08) for less in (0.8, 0.45) for turned in (0, 20, -20)
)
MOST_KIN = 2  # that look like one method and can still be told apart; further ones take hues of their own
_LIGHTNESS = (0.34, 0.66)  # between these a colour has a contrast of about 3 on white, and lifted on black

Originals = Mapping[str, str]
"""Method -> the method it is made from, for those made from another."""


def hues(
    methods: Iterable[str], originals: Originals | None = None, own: Sequence[str] = ()
) -> dict[str, Oklch | None]:
    """Method -> its hue on white; None for the dense network, which is grey.

    No two are the same for up to 21 methods that are made from no other. `own` are those of the study that is looked
    at, where there are others beside it: they keep what they have on its pages.
    """
    methods, kept = list(dict.fromkeys(methods)), hues(own, originals) if own else {}
    kin = {method: place for method, place in _kin(methods, originals).items() if method not in kept}
    found: dict[str, Oklch | None] = {DENSE: None, **kept}
    found |= _shared_out([method for method in methods if method not in found and method not in kin], HUES, SPARE, kept)
    for method in methods:
        if method in kin:
            original, place = kin[method]
            found[method] = _like(found[original] or _GREY, place)
    return {method: found[method] for method in methods}


def symbols(methods: Iterable[str], own: Sequence[str] = ()) -> dict[str, str]:
    """Method -> plotly marker symbol, each with an open twin; `own`: see `hues`."""
    methods, kept = list(dict.fromkeys(methods)), symbols(own) if own else {}
    found = {DENSE: SYMBOLS[DENSE], **kept}
    found |= _shared_out([method for method in methods if method not in found], SYMBOLS, SPARE_SYMBOLS, found)
    return {method: found[method] for method in methods}


T = TypeVar("T")


def _shared_out(
    methods: Sequence[str], named: Mapping[str, T], spare: Sequence[T], kept: Mapping[str, T | None]
) -> dict[str, T]:
    """What each method is named with, or else the next that is free; nothing of what is kept."""
    taken = set(kept.values())
    found = {method: named[method] for method in methods if method in named and named[method] not in taken}
    taken |= set(found.values())
    free = [each for each in (*named.values(), *spare) if each not in taken] or list(spare)
    others = [method for method in methods if method not in found]
    return found | {method: free[place % len(free)] for place, method in enumerate(others)}


def dash_steps(methods: Iterable[str], originals: Originals | None = None) -> dict[str, int]:
    """Method -> how many dashes it starts after a solid line: 0, and from 1 for what is made from another method."""
    methods = list(methods)
    kin = _kin(methods, originals)
    return {method: kin[method][1] + 1 if method in kin else 0 for method in methods}


def _kin(methods: Iterable[str], originals: Originals | None) -> dict[str, tuple[str, int]]:
    """Method without a hue of its own -> the method whose hue it takes, and its place among those that do."""
    methods, found = list(methods), {}
    counts: dict[str, int] = {}
    for method in methods:
        original, seen = method, set[str]()
        while original not in HUES and original != DENSE and original in (originals or {}) and original not in seen:
            seen.add(original)
            original = (originals or {})[original]
        if original != method and original in methods and counts.get(original, 0) < MOST_KIN:
            found[method] = (original, counts.get(original, 0))
            counts[original] = counts.get(original, 0) + 1
    return found


def _like(hue: Oklch, place: int) -> Oklch:
    """The hue of the `place`-th method made from one: each is as far as it can be from that and from those before."""
    low, high = _LIGHTNESS
    looks = [
        Oklch(hue.lightness + lighter, hue.chroma * less, (hue.hue + turned) % 360)
        for lighter, less, turned in _KIN
        if low <= hue.lightness + lighter <= high
    ]
    found = [hue, _GREY_ON_BLACK] if hue == _GREY else [hue]
    for _ in range(place + 1):
        found.append(max(looks, key=lambda look: min(_distance(look, other) for other in found)))
    return found[-1]


def _distance(one: Oklch, other: Oklch) -> float:
    """How far apart two colours look, in the units of lightness (Ottosson's Oklab)."""
    first, second = (cmath.rect(colour.chroma, math.radians(colour.hue)) for colour in (one, other))
    return math.hypot(one.lightness - other.lightness, abs(first - second))
