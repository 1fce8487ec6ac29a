"""Whether gradients seem to be masked, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from analysis.comparisons.masking import LEFT, SIGNS, WITHOUT
from app.answers.listed import listed

PAPERS = "Athalye et al. 2018; Carlini et al. 2019"


def answer(table: pd.DataFrame, labels: Mapping[str, str], where: Callable[[str], str]) -> str:
    """A sentence, as markdown, that claims what the intervals say and no more.

    Args:
        table: of `comparisons.masking.signs`, not empty.
        labels: ticket's key -> its name.
        where: a norm and size ("linf 8") in words.
    """
    told, tickets = table[table["shown"]], table["key"].nunique()
    comparisons = f"{len(table)} comparison{'' if len(table) == 1 else 's'}"
    looked = f"{table['sign'].nunique()} of {len(SIGNS)} kinds of signs looked for, {comparisons}"
    if told.empty:
        return (
            f"**No** sign of masked gradients is shown in these networks ({looked}; {PAPERS}), which does not say that "
            "there is none."
        )
    keys = list(dict.fromkeys(told["key"]))
    beyond = told["difference"].abs() - LEFT * (told["sign"] == WITHOUT)
    most = told.loc[beyond.idxmax()]
    size = where(f"{most['norm']} {most['size']:g}")
    silent = [labels[key] for key in dict.fromkeys(table["key"]) if key not in keys]
    rest = f" Of {listed(silent)} none is shown." if silent else ""
    verb, whose = ("shows", "its") if len(keys) == 1 else ("show", "their")
    return (
        f"**{len(keys)}** of {tickets} ticket{'' if tickets == 1 else 's'} {verb} signs of masked gradients, so that "
        f"{whose} accuracy under attack says little "
        f"({looked}; {PAPERS}): {listed([labels[key] for key in keys])}. Clearest as measured, of "
        f"**{labels[most['key']]}** at {size}: {SIGNS[most['sign']]}, {_size(most)}.{rest}"
    )


def _size(row: pd.Series) -> str:
    """By how much a sign shows, or how many images are right where none should be."""
    value = 100 * abs(row["difference"])
    low, high = sorted(100 * abs(row[end]) for end in ("low", "high"))
    if row["sign"] == WITHOUT:
        return f"{value:.1f} % ({low:.1f} to {high:.1f})"
    return f"by {value:.1f} points ({low:.1f} to {high:.1f})"
