"""Two studies of one network on the same test images: whether they can be compared, and what differs.

Tickets of the two studies are partners when they have the same key (`imp-90`): the same method at the same sparsity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import Outcomes, collect, same_seeds
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.metrics.corruption_error import COUNTED
from analysis.statistics.replication import repeated, share
from analysis.statistics.verdicts import COLUMNS as OF_A_PAIR
from analysis.statistics.verdicts import EQUIVALENCE, LEVEL, Gap, judge, paired_gap
from pruning.study.config import StudyConfig

ACCURACY, CORRUPTED = "accuracy", "corrupted"
COLUMNS = [
    "key", "measure", "first", "first_low", "first_high", "second", "second_low", "second_high", *OF_A_PAIR,
]  # fmt: skip
UNSAID = ("title", "description", "pictures", "methods")
"""What of a study.toml does not decide its tickets, and the methods, which are compared one by one."""


@dataclass(frozen=True, eq=False)
class Described:
    """What decides whether two studies can be compared.

    `data` and `model` are names; `labels` int [N] the classes of the test images in their order, None where nothing was
    measured yet; `layers` {parameter: shape} what the masks are of.
    """

    data: str
    model: str
    labels: np.ndarray | None
    layers: Mapping[str, tuple[int, ...]]

    @property
    def known(self) -> bool:
        """Whether the test images' classes are known."""
        return self.labels is not None and len(self.labels) > 0


def misfit(one: Described, other: Described) -> str:
    """Why the other study cannot be compared with the one, as the rest of a sentence; "" when it can."""
    if one.known and other.known:
        assert one.labels is not None
        assert other.labels is not None
        if len(one.labels) != len(other.labels):
            return f"it was measured on {len(other.labels):,} test images, not on {len(one.labels):,}"
        if (one.labels != other.labels).any():
            return f"its {len(other.labels):,} test images are others, as their classes show"
    elif one.data != other.data:
        return (
            f"its data are {other.data}, not {one.data}, and without results nothing says that the images are the same"
        )
    if one.model != other.model and dict(one.layers) != dict(other.layers):
        return f"its network is {other.model}, whose layers are not those of {one.model}"
    return ""


def settings_that_differ(one: StudyConfig, other: StudyConfig) -> pd.DataFrame:
    """What the two study.toml say differently: setting, first, second, as text; "–" where one says nothing.

    Methods are compared by name: a setting `method imp: rate`, or `method imp` where one study has no such method.
    """
    first, second = _flat(one), _flat(other)
    rows = [
        (name, first.get(name, "–"), second.get(name, "–"))
        for name in dict.fromkeys([*first, *second])
        if first.get(name) != second.get(name) and not _in_lone_method(name, first, second)
    ]
    return pd.DataFrame(rows, columns=["setting", "first", "second"])


Ids = Mapping[str, Sequence[str] | Mapping[str, int]]
"""Key -> ids of its seeds, with the seeds' numbers; without these seeds are numbered in their order."""


def ids_of_seeds(tickets: pd.DataFrame, keys: Sequence[str]) -> dict[str, dict[str, int]]:
    """The tickets of each key with the numbers of their seeds, by which `compare_studies` pairs them.

    Args:
        tickets: of one study: ticket_id, key, seed.
        keys: those wanted.
    """
    own = tickets.sort_values("seed", kind="stable").groupby("key", sort=False)
    numbers = {str(key): dict(zip(each["ticket_id"], each["seed"].astype(int), strict=True)) for key, each in own}
    return {key: numbers.get(key, {}) for key in keys}


def in_common(first: pd.DataFrame, second: pd.DataFrame, ids: tuple[Ids, Ids]) -> tuple[Outcomes, Outcomes]:
    """Who is right under the conditions that both studies measured, clean images and corruptions that count.

    Args:
        first: rows of the table `conditions` of the first study.
        second: those of the second.
        ids: of each study, as `ids_of_seeds` gives them.

    A ticket that was not measured under all of these conditions is left out. The conditions have one order in both.
    """
    counted = [CLEAN[0], *COUNTED]
    frames = [rows[rows["corruption"].isin(counted)] for rows in (first, second)]
    there = [set(zip(rows["corruption"], rows["severity"].astype(int), strict=True)) for rows in frames]
    order = {each: place for place, each in enumerate(sorted(there[0] & there[1], key=_place))}
    one, other = (
        _collected(_ordered(rows, order), keys) if order else Outcomes([], {})
        for rows, keys in zip(frames, ids, strict=True)
    )
    return one, other


def _collected(rows: pd.DataFrame, ids: Ids) -> Outcomes:
    numbers = {ticket: seed for own in ids.values() if isinstance(own, Mapping) for ticket, seed in own.items()}
    return collect(rows, {key: list(own) for key, own in ids.items()}, numbers or None)


def compare_studies(
    first: Outcomes, second: Outcomes, equivalence: float = EQUIVALENCE, level: float = LEVEL
) -> pd.DataFrame:
    """Accuracies of the tickets of both studies, and the paired differences of partners.

    Args:
        first: outcomes of the first study, as `in_common` gives them: both under the same conditions in the same order,
            on the same images. Seeds of partners are paired by their numbers; those that only one of the two has are
            trainings of their own, and are paired in their order, as far as there are such on both sides.
        second: those of the second study.
        equivalence: the difference that does not matter, a fraction above 0.
        level: coverage of the intervals of accuracies, and as for `statistics.verdicts.judge`.

    Returns a row a key and measure, keys of the first study first:
        key; measure: "accuracy" on clean images, or "corrupted", the mean over the corruptions, each the mean over its
        severities. first, second with _low and _high: accuracies, in [0, 1], and their intervals (over seeds, or over
        images for one seed; see `statistics.replication.share`). Then the columns of `statistics.verdicts.judge` for
        second minus first; all rows with partners are one family, and `seeds` counts those paired, also where these are
        one network throughout and count once.
    What a study has not is NaN, and its verdict is empty.
    """
    rows: list[dict[str, Any]] = []
    gaps: dict[int, Gap] = {}
    paired: dict[int, int] = {}
    for key in dict.fromkeys([*first.right, *second.right]):
        for measure in (ACCURACY, CORRUPTED):
            one, other = (_measured(each, key, measure) for each in (first, second))
            if one is not None and other is not None:
                pairs = _pairs(first.numbers(key), second.numbers(key))
                # two networks that no seed changes are compared over images
                paired[len(rows)] = len(pairs)
                pairs = pairs if repeated(one) or repeated(other) else pairs[:1]
                own, others = (list(places) for places in zip(*pairs, strict=True))
                gaps[len(rows)] = paired_gap(other[others], one[own])
            if one is not None or other is not None:
                rows.append({"key": key, "measure": measure, **_accuracies(one, other, level)})
    judged = judge(list(gaps.values()), equivalence, level).set_index(pd.Index(gaps, dtype=int))
    judged["seeds"] = pd.Series(paired, dtype=float)
    found = pd.DataFrame(rows, columns=COLUMNS[:8]).join(judged)[COLUMNS]
    return found.assign(verdict=found["verdict"].fillna(""), over=found["over"].fillna(""))


def _pairs(one: Sequence[int], other: Sequence[int]) -> list[tuple[int, ...]]:
    """The places of seeds that are held against each other: the same ones, then others in their order."""
    same = same_seeds(one, other)
    taken = [{places[side] for places in same} for side in (0, 1)]
    rest = (
        [place for place in range(len(own)) if place not in used] for own, used in zip((one, other), taken, strict=True)
    )
    return [*same, *zip(*rest, strict=False)]


def _accuracies(one: np.ndarray | None, other: np.ndarray | None, level: float) -> dict[str, float]:
    row: dict[str, float] = dict.fromkeys(COLUMNS[2:8], np.nan)
    for name, values in (("first", one), ("second", other)):
        if values is not None:
            found = share(values, level)
            row |= {name: float(found.value), f"{name}_low": float(found.low), f"{name}_high": float(found.high)}
    return row


def _measured(outcomes: Outcomes, key: str, measure: str) -> np.ndarray | None:
    """[seeds, images]: bool on clean images, or each image's mean over the corruptions; None where not measured."""
    if key not in outcomes.right:
        return None
    right, conditions = outcomes.right[key], outcomes.conditions
    if measure == ACCURACY:
        return right[:, conditions.index(CLEAN)] if CLEAN in conditions else None
    places = [place for place, (name, _) in enumerate(conditions) if name in COUNTED]
    if not places:
        return None
    names = [conditions[place][0] for place in places]
    weights = np.array([1 / names.count(name) for name in names]) / len(set(names))
    return np.asarray(np.clip(np.einsum("scn,c->sn", right[:, places].astype(np.float64), weights), 0, 1))


def _ordered(rows: pd.DataFrame, order: Mapping[Condition, int]) -> pd.DataFrame:
    """The rows under these conditions, in their order, of the tickets measured under all of them."""
    place = [order.get(each, -1) for each in zip(rows["corruption"], rows["severity"].astype(int), strict=True)]
    rows = rows.assign(place=place)
    rows = rows[rows["place"] >= 0].sort_values("place", kind="stable")
    count = rows.groupby("ticket_id")["place"].transform("size")
    return rows[count == len(order)].drop(columns="place")


def _place(condition: Condition) -> tuple[int, int]:
    return (-1 if condition[0] == CLEAN[0] else COUNTED.index(condition[0])), condition[1]


def _flat(config: StudyConfig) -> dict[str, str]:
    plain = config.model_dump(mode="json", exclude_none=True)
    found: dict[str, str] = {}
    for name, value in plain.items():
        if name not in UNSAID:
            found |= _leaves(name, value)
    for method in config.methods:
        found[f"method {method.title}"] = "there"
        said = method.model_dump(mode="json", exclude_none=True, exclude={"name"})
        found |= {f"method {method.title}: {key}": text for key, text in _leaves("", said).items()}
    return found


def _leaves(name: str, value: Any) -> dict[str, str]:
    """The values of nested tables under their dotted names, as text."""
    if not isinstance(value, dict):
        values = value if isinstance(value, list | tuple) else [value]
        return {name: ", ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in values)}
    found: dict[str, str] = {}
    for key, inner in value.items():
        found |= _leaves(f"{name}.{key}" if name else str(key), inner)
    return found


def _in_lone_method(name: str, first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Whether it is a setting of a method that only one study has; that it has none is said already."""
    method, colon, _ = name.partition(": ")
    return bool(colon) and method.startswith("method ") and (method in first) != (method in second)
