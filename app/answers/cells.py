"""Which tickets are shown to lose against the baseline under some of many conditions, and where most, in words."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

import pandas as pd

from analysis.statistics.verdicts import DIFFERS, IMAGES
from app.answers.listed import listed

SOME = "{some}"
"""Stands in the words for conditions, before their number."""


def conditions(preposition: str, count: int, singular: str, plural: str) -> str:
    """So many conditions in words, for `answer`: "under {some}15 corruptions", "under 1 corruption"."""
    return f"{preposition} {SOME * (count > 1)}{count} {singular if count == 1 else plural}"


def answer(
    table: pd.DataFrame, labels: Mapping[str, str], baseline: str, under: str, where: Callable[[Hashable], str]
) -> str:
    """A sentence, as markdown, that claims what the intervals say and no more; "" without a cell.

    Args:
        table: rows of `condition_cells.apart`, with a column `place` that `where` puts into words.
        labels: ticket's key -> its name.
        baseline: the name of the ticket that the others are compared with.
        under: the conditions, with `SOME` where there are several: "under {some}15 corruptions". It is filled with
            "some of" or, where nothing is shown, with "any of".
        where: a `place` in words, such as "under fog".
    """
    if table.empty:
        return ""
    some, any_ = (under.replace(SOME, word) for word in ("some of ", "any of "))
    keys = list(dict.fromkeys(table["key"]))
    told = table[table["verdict"] == DIFFERS]
    said = []
    for word, own in (("less", told[told["difference"] < 0]), ("more", told[told["difference"] > 0])):
        if own.empty:
            continue
        most = own.loc[own["difference"].abs().idxmax()]
        count = own["key"].nunique()
        low, high = sorted(100 * abs(most[end]) for end in ("low", "high"))
        said.append(
            f"**{count}** {'is' if count == 1 else 'are'} {word} accurate {some}, most as measured "
            f"**{labels[most['key']]}** {where(most['place'])}: by {100 * abs(most['difference']):.1f} points "
            f"({low:.1f} to {high:.1f})"
        )
    tickets = f"{len(keys)} ticket{'' if len(keys) == 1 else 's'}"
    whose = " (these networks)" if (table["over"] == IMAGES).any() else ""
    if not said:
        return f"Against **{baseline}**, **no** difference of {tickets}{whose} is shown {any_}."
    silent = [labels[key] for key in keys if key not in set(told["key"])]
    if silent:
        said.append(f"of {listed(silent)} no difference is shown")
    return f"Against **{baseline}**, of {tickets}{whose}: {'; '.join(said)}."
