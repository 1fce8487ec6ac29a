"""Who turns and who shortens, and which class suffers: mean moves of tickets and of classes, with their uncertainty.

All is over the images, paired, and speaks of these networks: what happens to each image is known of one training each.
Intervals of one question are one family (Holm), so that the largest of them may be picked out.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import t

from analysis.statistics.verdicts import DIFFERS, Gap, judge

LEVEL = 0.95
TURN, STRETCH = 360.0, 100.0
"""By what degrees, and shares of a length, are divided so that `judge` takes them for shares."""


def ticket_changes(moved: pd.DataFrame) -> pd.DataFrame:
    """The mean change of the measure upwards (the gap, in degrees), and of the mean length, of each ticket.

    Args:
        moved: rows of `local_geometry.moves`, whose x is a length and y an angle or a gap.

    Returns a row a ticket: ticket_id, n, before and after (mean y), turn (mean change of y), turn_low, turn_high,
    turns (whether that is shown), length (mean x after by that before, less 1), length_low, length_high, stretches.
    """
    rows = [_of_ticket(own, ticket) for ticket, own in _finite(moved).groupby("ticket_id", sort=False)]
    table = pd.DataFrame(rows, columns=["ticket_id", "n", "before", "after", "turn", "turn_error", "length", "error"])
    n = table["n"]
    turns = _gaps(table["turn"], table["turn_error"], n, TURN)
    told = judge([*turns, *_gaps(table["length"], table["error"], n, STRETCH)], level=LEVEL)
    for at, name, unit, shown in ((0, "turn", TURN, "turns"), (1, "length", STRETCH, "stretches")):
        own = told.iloc[at * len(table) : (at + 1) * len(table)].reset_index(drop=True)
        table[f"{name}_low"], table[f"{name}_high"] = own["low"] * unit, own["high"] * unit
        table[shown] = own["verdict"] == DIFFERS
    return table.drop(columns=["turn_error", "error"])


def told_apart(moved: pd.DataFrame) -> pd.DataFrame:
    """Which tickets' changes differ, paired by image.

    Args:
        moved: as in `ticket_changes`.

    Returns a row a pair of tickets: a, b, turn (difference of their mean changes of y, a minus b, over the images that
    both have), turns (whether they are told apart), length, stretches (the same of the relative changes of length).
    """
    moved = _finite(moved)
    wide = {name: moved.pivot(index="sample", columns="ticket_id", values=name) for name in ("x_before", "x_move",
                                                                                            "y_move")}  # fmt: skip
    pairs, images, turns, lengths = [], [], list[tuple[float, float]](), list[tuple[float, float]]()
    for a, b in combinations(dict.fromkeys(moved["ticket_id"]), 2):
        both = wide["x_move"][[a, b]].dropna().index
        if len(both) < 2:
            continue
        parts = {each: {name: frame.loc[both, each].to_numpy(float) for name, frame in wide.items()} for each in (a, b)}
        pairs.append((a, b))
        images.append(len(both))
        turns.append(_mean(parts[a]["y_move"] - parts[b]["y_move"]))
        (first, own), (second, other) = (_ratio(parts[each]["x_move"], parts[each]["x_before"]) for each in (a, b))
        lengths.append((first - second, _mean(own - other)[1]))
    table = pd.DataFrame(pairs, columns=["a", "b"])
    if table.empty:
        return table.assign(turn=0.0, turns=False, length=0.0, stretches=False)
    (turn, turn_error), (length, error) = (np.array(each).T for each in (turns, lengths))
    told = judge([*_gaps(turn, turn_error, images, TURN), *_gaps(length, error, images, STRETCH)], level=LEVEL)
    differs = (told["verdict"] == DIFFERS).to_numpy()
    return table.assign(
        turn=turn, turns=differs[: len(table)],
        length=length, stretches=differs[len(table) :],
    )  # fmt: skip


def class_changes(moved: pd.DataFrame) -> pd.DataFrame:
    """The mean change of y of each class's images, ticket by ticket.

    Args:
        moved: as in `ticket_changes`.

    Returns a row a ticket and class with two images or more: ticket_id, label, n, change, low, high (one family over
    all rows), after (mean y), after_low, after_high (another family), below (whether `after` is shown to be below 0).
    """
    grouped = _finite(moved).groupby(["ticket_id", "label"], sort=False)
    table = grouped.agg(n=("y_move", "size"), change=("y_move", "mean"), error=("y_move", "sem"),
                        after=("y_after", "mean"), after_error=("y_after", "sem")).reset_index()  # fmt: skip
    table = table[table["n"] > 1].reset_index(drop=True)
    for name, error, prefix in (("change", "error", ""), ("after", "after_error", "after_")):
        told = judge(_gaps(table[name], table[error], table["n"], TURN), level=LEVEL)
        table[f"{prefix}low"], table[f"{prefix}high"] = told["low"] * TURN, told["high"] * TURN
    return table.assign(below=table["after_high"] < 0)


def worst_classes(classes: pd.DataFrame) -> pd.DataFrame:
    """The class whose mean y falls most, of each ticket.

    Args:
        classes: rows of `class_changes`.

    Returns a row a ticket in which a class is shown to fall: ticket_id, label, change, low, high, and others: a tuple
    of the classes that are not told apart from it. As it is picked out, the tests count all pairs of all tickets
    (Bonferroni).
    """
    rows = []
    sizes = classes.groupby("ticket_id").size()
    tests = max(1, int((sizes * (sizes - 1) / 2).sum()))
    for ticket, own in classes.groupby("ticket_id", sort=False):
        worst = own.loc[own["change"].idxmin()]
        if worst["high"] >= 0:
            continue
        rest = own.drop(index=worst.name)
        reach = t.isf((1 - LEVEL) / (2 * tests), rest["n"] + worst["n"] - 2)
        near = rest["change"] - worst["change"] <= reach * np.hypot(rest["error"], worst["error"])
        others = tuple(rest.loc[near].sort_values("change")["label"].astype(int))
        rows.append((ticket, int(worst["label"]), worst["change"], worst["low"], worst["high"], others))
    return pd.DataFrame(rows, columns=["ticket_id", "label", "change", "low", "high", "others"])


def _finite(moved: pd.DataFrame) -> pd.DataFrame:
    return moved.dropna(subset=["x_before", "x_after", "y_before", "y_after"])


def _of_ticket(own: pd.DataFrame, ticket: object) -> tuple[object, ...]:
    before, length = own["x_before"].to_numpy(float), own["x_move"].to_numpy(float)
    ratio, influence = _ratio(length, before)
    turn, error = _mean(own["y_move"].to_numpy(float))
    return ticket, len(own), own["y_before"].mean(), own["y_after"].mean(), turn, error, ratio, _mean(influence)[1]


def _mean(values: np.ndarray) -> tuple[float, float]:
    """Mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.inf


def _ratio(part: np.ndarray, whole: np.ndarray) -> tuple[float, np.ndarray]:
    """The ratio of two means, and what each value adds to it: the standard error is that of their mean."""
    mean = whole.mean()
    ratio = part.mean() / mean if mean else np.nan
    return float(ratio), (part - ratio * whole) / mean if mean else np.full(len(part), np.nan)


def _gaps(values: ArrayLike, errors: ArrayLike, images: ArrayLike, unit: float) -> list[Gap]:
    """As `judge` takes them; an error of 0, where all images change alike, is next to nothing."""
    arrays = np.broadcast_arrays(np.asarray(values, float) / unit, np.asarray(errors, float) / unit, images)
    return [
        Gap(np.array([value]), np.array([value]), np.array([max(error, 1e-12)]), 1, float(max(n - 1, 1)))
        for value, error, n in zip(*arrays, strict=True)
    ]
