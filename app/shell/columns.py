"""What the columns of a download mean, and their units.

A card says what is its own; the words that pages share are here; a column that comes from the results as it is means
what its measure says (`analysis.results.tables`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import pandas as pd

from analysis.results.columns import Column
from analysis.results.tables import TABLES
from app.shell.numbers import without_unit

REST = "*"
"""In a card's own meanings: what the columns mean that are not named, such as those of a matrix."""

_SHARES = {
    "accuracy": "share of the images that are classified right",
    "corrupted": "share of the corrupted test images that are classified right, the mean over all conditions",
    "clean": "share of the clean test images that are classified right",
    "extra": "share classified right of the images with the extra corruptions, which no mean counts",
    "train_accuracy": "share of the training images that are classified right",
    "test_accuracy": "share of the test images that are classified right",
    "confidence": "probability of the predicted class",
    "sparsity": "share of the prunable weights that is removed",
    "error": "share of the images that are misclassified",
    "flipped": "share of the images whose predicted class changes",
    "lost": "share of the images that are right before and wrong after",
    "gained": "share of the images that are wrong before and right after",
    "moved": "share of the images that are wrong before and after, as different classes",
    "by_chance": "the same share between two seeds of the baseline",
    "effective": "corrupted accuracy minus what the fit expects at this clean accuracy",
    "change": "accuracy of the ticket minus that of the baseline",
    "overlap": "share of the weights of the smaller mask that the other keeps too",
    "chance_layers": "the overlap of independent masks of the same layer-wise sparsities",
    "chance_global": "the overlap of independent masks of the same sparsities as a whole",
}
_WORDS = {
    "ticket": "the ticket, as the app calls it",
    "label": "the ticket, as the app calls it",
    "tickets": "the tickets that keep these weights, while the others do not",
    "a": "the first ticket",
    "b": "the second ticket",
    "first": "the first of the two compared",
    "second": "the second of the two compared",
    "method": "the method that found the ticket",
    "seeds": "number of training seeds that the value is the mean of",
    "seed": "the training seed",
    "low": "lower end of the 95 % interval, in the unit of the value",
    "high": "upper end of the 95 % interval, in the unit of the value",
    "mean": "the mean over seeds of the measure that the chart shows",
    "interval": "95 % interval of the accuracy [%]",
    "corrupted interval": "95 % interval of the corrupted accuracy [%]",
    "p": "p value of the test",
    "p_holm": "p value after Holm's correction for the number of tests",
    "verdict": "what the test says, in words",
    "p_equivalent": "p value of equivalence (two one-sided tests), corrected; equivalent below .025",
    "detectable": "difference that so many seeds and images would show with a power of 80 %, in the unit of the values",
    "over": "what the verdict rests on: seeds, and it is of methods; images, and it is of these networks",
    "within": "whether the difference is shown to be less than what counts as equivalent",
    "length": "Euclidean norm of the feature",
    "relative_length": "norm of the centred feature [its mean over the ticket's clean images]",
    "relative_raw_length": "norm of the feature as it is [its mean over the ticket's clean images]",
    "within_noise": "whether the difference is within noise",
    "beyond_chance": "whether the change exceeds what chance gives",
    "real": "whether the difference is beyond the noise",
    "difference": "the difference of the two, in the unit of the values",
    "state": "on the front, near it, or dominated; for a weight: kept by which of the two tickets",
    "rank": "place among the tickets, = where it is shared",
    "mce": "mean corruption error relative to the dense network [ratio]",
    "relative_mce": "relative mean corruption error: of the error beyond that on clean images [ratio]",
    "epoch": "passes over the training images so far",
    "other epoch": "the epoch that its masks are held against",
    "distance": "share of the weights whose state differs between the two masks [fraction]",
    "iteration": "steps of training so far",
    "rewind": "the rewinding point [iterations]",
    "family": "id of the tickets that differ in nothing but seed and data order",
    "epochs": "passes over the training images in all",
    "search": "epochs among these that train only masks or signs",
    "times": "epochs as a multiple of the dense network's [ratio]",
    "step": "which training of the ticket's line of descent, from 0",
    "seconds": "time on the machine that found it [s]",
    "value": "the value of the measure that the chart shows",
    "measure": "which measure the value is of",
    "layer": "the layer, by its name in the network, or that of its parameter",
    "class": "the class of the images",
    "corruption": "the corruption; clean: the images as they are; mean: over all of them",
    "severity": "1 (mild) to 5; 0 for the clean images, or where it is the mean over all",
    "n": "how many images, or seeds, the value is of",
    "kept": "weights kept [weights]",
    "total": "prunable weights in all [weights]",
    "kept_a": "weights that the first ticket keeps [weights]",
    "kept_b": "weights that the second ticket keeps [weights]",
    "both": "weights that both tickets keep [weights]",
    "chance": "the value of independent masks of the same layer-wise sparsities",
    "split": "which images: test or training",
    "row": "which row of the layer's picture",
    "column": "which column of the layer's picture",
    "r": "Pearson's correlation",
    "tau": "Kendall's tau between the ranking by these corruptions and that by all",
    "size": "how many corruptions",
    "radius": "distance of the wave from frequency 0, in sevenths of the highest along an axis; -1: clean images",
    "down": "frequency from top to bottom, as a share of the highest",
    "across": "frequency from left to right, as a share of the highest",
    "what": "a part of the recipe",
    "how": "its value",
}


def describe(
    names: Iterable[str],
    own: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
    percent: bool = False,
) -> dict[str, str]:
    """Say what columns mean, those of which it is known.

    Args:
        names: the columns, in their order.
        own: column -> meaning, where the card has its own; `REST` for all others.
        config: Streamlit's `column_config`, whose headings and help are meanings too.
        percent: whether shares are given in per cent, and not as fractions.

    Returns:
        Column -> meaning with the unit, for those of which it is known.
    """
    own, unit = own or {}, "%" if percent else "fraction"
    found: dict[str, str] = {}
    for name in map(str, names):
        base = name.removesuffix("_low").removesuffix("_high")
        said = _said((config or {}).get(name))
        meaning = own.get(name) or ("" if said == name else said) or _shared(name, unit)
        if not meaning and base != name:
            end = "lower" if name.endswith("_low") else "upper"
            meaning = f"{end} end of the 95 % interval of {base}, in its unit"
        meaning = meaning or own.get(REST, "") or _measured().get(name, "")
        if meaning:
            found[name] = meaning
    return found


def described(
    frame: pd.DataFrame,
    own: Mapping[str, str] | None,
    config: Mapping[str, Any] | None,
    percent: bool,
    shown: pd.DataFrame | None,
) -> dict[str, str]:
    """Say what the columns of a download mean, as `describe` does.

    Args:
        frame: the rows.
        own: as in `describe`.
        config: as in `describe`.
        percent: as in `describe`.
        shown: the table that `config` and `percent` speak of, where it is not `frame`: they count for the columns that
            are the same in both, as others may be in other units.
    """
    names = list(map(str, frame.columns))
    as_seen, as_it_is = describe(names, own, config, percent), describe(names, own)
    return {
        name: meaning
        for name in names
        if (meaning := (as_seen if shown is None or _same(frame, shown, name) else as_it_is).get(name))
    }


def _same(frame: pd.DataFrame, other: pd.DataFrame, name: str) -> bool:
    found = (each[name].reset_index(drop=True) if name in each else None for each in (frame, other))
    first, second = found
    return first is not None and second is not None and bool(first.equals(second))


def _shared(name: str, unit: str) -> str:
    return f"{_SHARES[name]} [{unit}]" if name in _SHARES else _WORDS.get(name, "")


def heading(config: object) -> str:
    """What stands above a column of a table, with the unit that its form writes behind each number.

    Args:
        config: Streamlit's configuration of the column; a text is its heading. "" where it has none.
    """
    if not isinstance(config, dict):
        return config if isinstance(config, str) else ""
    label = config.get("label") or ""
    _, unit = without_unit(form_of(config))
    said = not label or not unit or re.search(rf"(?<!\w){re.escape(unit)}(?!\w)", label)
    return label if said else f"{label} ({unit})"


def form_of(config: Mapping[str, Any] | None) -> str:
    """The form of the numbers of a column, by Streamlit's configuration; "" where it has none."""
    return ((config or {}).get("type_config") or {}).get("format") or ""


def is_picture(config: object) -> bool:
    """Whether a column of a table holds pictures, such as the dots in the colours of tickets."""
    return isinstance(config, dict) and (config.get("type_config") or {}).get("type") == "image"


def _said(config: object) -> str:
    """What Streamlit's configuration of a column says of it."""
    help = config.get("help") if isinstance(config, dict) else None
    return ". ".join(filter(None, [heading(config), help])) if heading(config) else ""


@cache
def _measured() -> dict[str, str]:
    """Column -> meaning with the unit, of the results' columns that mean the same in all tables."""
    found: dict[str, set[str]] = {}
    for table in TABLES.values():
        for name, column in table.all_columns.items():
            found.setdefault(name, set()).add(_with_unit(column))
    return {name: meanings.pop() for name, meanings in found.items() if len(meanings) == 1}


def of_table(table: str) -> dict[str, str]:
    """Column -> meaning with the unit, of a table of the results, for cards whose rows are its rows.

    Raises:
        UserError: there is no such table.
    """
    return {name: _with_unit(column) for name, column in TABLES.get_known(table).all_columns.items()}


def _with_unit(column: Column) -> str:
    return column.meaning + (f" [{column.unit}]" if column.unit else "")
