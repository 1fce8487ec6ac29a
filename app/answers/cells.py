"""Which tickets are shown to lose against the baseline under some of many conditions, and where most, in words."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

import pandas as pd

from analysis.statistics.verdicts import DIFFERS, IMAGES
from app.answers.listed import listed


def answer(
    table: pd.DataFrame, labels: Mapping[str, str], baseline: str, some: str, where: Callable[[Hashable], str]
) -> str:
    """A sentence, as markdown, that claims what the intervals say and no more; "" without a cell.

    Args:
        table: rows of `condition_cells.apart`, with a column `place` that `where` puts into words.
        labels: ticket's key -> its name.
        baseline: the name of the ticket that the others are compared with.
        some: the conditions, as in "under some of 15 corruptions".
        where: a `place` in words, such as "under fog".
    """
    if table.empty:
        return ""
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
        return f"Against **{baseline}**, **no** difference of {tickets}{whose} is shown {some}."
    silent = [labels[key] for key in keys if key not in set(told["key"])]
    if silent:
        said.append(f"of {listed(silent)} no difference is shown")
    return f"Against **{baseline}**, of {tickets}{whose}: {'; '.join(said)}."
