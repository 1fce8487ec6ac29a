"""Whether gradients seem to be masked, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from analysis.comparisons.masking import SIGNS
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
    looked = f"{table['sign'].nunique()} of {len(SIGNS)} kinds of signs looked for, {len(table)} comparisons"
    if told.empty:
        return (
            f"**No** sign of masked gradients is shown in these networks ({looked}; {PAPERS}), which does not say that "
            "there is none."
        )
    keys = list(dict.fromkeys(told["key"]))
    most = told.loc[told["difference"].abs().idxmax()]
    low, high = sorted(100 * abs(most[end]) for end in ("low", "high"))
    size = where(f"{most['norm']} {most['size']:g}")
    silent = [labels[key] for key in dict.fromkeys(table["key"]) if key not in keys]
    rest = f" Of {listed(silent)} none is shown." if silent else ""
    verb, whose = ("shows", "its") if len(keys) == 1 else ("show", "their")
    return (
        f"**{len(keys)}** of {tickets} ticket{'' if tickets == 1 else 's'} {verb} signs of masked gradients, so that "
        f"{whose} accuracy under attack says little "
        f"({looked}; {PAPERS}): {listed([labels[key] for key in keys])}. Clearest as measured, of "
        f"**{labels[most['key']]}** at {size}: {SIGNS[most['sign']]}, by {100 * abs(most['difference']):.1f} points "
        f"({low:.1f} to {high:.1f}).{rest}"
    )
