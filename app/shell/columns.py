"""What the columns of a download mean, and their units.

A card says what is its own; the words that pages share are here; a column that comes from the results as it is means
what its measure says (`analysis.results.tables`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from analysis.results.columns import Column
from analysis.results.tables import TABLES

REST = "*"
"""In a card's own meanings: what the columns mean that are not named, such as those of a matrix."""

_SHARES = {
    "accuracy": "share of the clean test images that are classified right",
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
    "moved": "share of the images that are wrong before and after, in another way",
}
_WORDS = {
    "ticket": "the ticket, as the app calls it",
    "a": "the first ticket",
    "b": "the second ticket",
    "first": "the first of the two compared",
    "second": "the second of the two compared",
    "method": "the method that found the ticket",
    "seeds": "number of training seeds that the value is the mean of",
    "seed": "the training seed",
    "low": "lower end of the 95 % interval, in the unit of the value",
    "high": "upper end of the 95 % interval, in the unit of the value",
    "p": "p value of the test",
    "p_holm": "p value after Holm's correction for the number of tests",
    "verdict": "what the test says, in words",
    "within_noise": "whether the difference is within noise",
    "difference": "second minus first, or ticket minus baseline, in the unit of the values",
    "epoch": "passes over the training images so far",
    "epochs": "passes over the training images in all",
    "step": "which training of the ticket's line of descent, from 0",
    "seconds": "time on the machine that found it [s]",
    "value": "the value of the measure that the chart shows",
    "measure": "which measure the value is of",
    "class": "the class of the images",
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
        meaning = own.get(name) or _heading((config or {}).get(name)) or _shared(name, unit)
        if not meaning and base != name:
            end = "lower" if name.endswith("_low") else "upper"
            meaning = f"{end} end of the 95 % interval of {base}, in its unit"
        meaning = meaning or own.get(REST, "") or _measured().get(name, "")
        if meaning:
            found[name] = meaning
    return found


def _shared(name: str, unit: str) -> str:
    return f"{_SHARES[name]} [{unit}]" if name in _SHARES else _WORDS.get(name, "")


def _heading(config: object) -> str:
    """What Streamlit's configuration of a column says of it."""
    if not isinstance(config, dict) or not config.get("label"):
        return config if isinstance(config, str) else ""
    return ". ".join(filter(None, [config["label"], config.get("help")]))


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
