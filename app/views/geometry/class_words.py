"""The answer of the section Global: which class takes the errors, and which suffers, as the tests have it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.confusion import favourites
from analysis.statistics.verdicts import SEEDS
from app.charts.texts import bracket
from app.names import listed
from app.shell.layout import plain
from app.shell.theme import Style

MOST_NAMED = 3
"""Classes of a ticket that are said to suffer."""
MANY = 0.25
"""Of the errors: a share from which on a second class is named, or trainings are said to disagree."""


def answer(
    sinks: pd.DataFrame,
    sufferers: pd.DataFrame,
    counts: Mapping[str, np.ndarray],
    styles: Mapping[str, Style],
    classes: Sequence[str],
    condition: str,
) -> str:
    """What the tests say, in sentences of markdown; it names no class that they do not.

    Args:
        sinks: of `comparisons.confusion.sinks`.
        sufferers: of `comparisons.confusion.sufferers`.
        counts: the confusion matrices of every training.
        styles: key -> style of the tickets.
        classes: names of all classes.
        condition: in words, such as "Under fog 4".
    """
    return f"{condition} {_taken(sinks, counts, styles, classes)} {_wrong(sufferers, styles, classes)}"


def spoken_of(sinks: pd.DataFrame) -> str:
    """What the verdicts and intervals rest on."""
    tickets = sinks["key"].nunique()
    family = f"Corrected over the classes and, by Holm's procedure, over {tickets} tickets" if tickets > 1 else (
        "Corrected over the classes")  # fmt: skip
    several = sinks.loc[sinks["over"] == SEEDS, "seeds"]
    if several.empty:
        return f"{family}. Of one training: these are networks, and another training may come out otherwise."
    rest = " Those of one training speak of that network." if len(several) < len(sinks) else ""
    count = sorted(several.unique())
    seeds = str(count[0]) if len(count) == 1 else f"{count[0]} to {count[-1]}"
    return f"{family}, against other images and other trainings; means and intervals over {seeds} trainings.{rest}"


def _taken(
    sinks: pd.DataFrame, counts: Mapping[str, np.ndarray], styles: Mapping[str, Style], classes: Sequence[str]
) -> str:
    named: dict[int, list[str]] = {}
    for key, rows in sinks.groupby("key", sort=False):
        own = rows[rows["stands_out"]].sort_values("share", ascending=False)
        for row in own[(own["share"] > MANY) | (np.arange(len(own)) == 0)].to_dict("records"):
            named.setdefault(row["class"], []).append(f"{_share(row)} of {styles[str(key)].label}")
    said = [_go_to(classes[label], parts) for label, parts in named.items()]
    text = "; ".join(said) or "no class is shown to take more of the errors than its equal share"
    return f"{text}.{_disagreement(sinks, counts, styles, classes)}"


def _go_to(name: str, parts: Sequence[str]) -> str:
    first = parts[0].replace(" of ", " of the errors of ", 1)
    return f"class **{plain(name)}** takes {listed([first, *parts[1:]])}"


def _disagreement(
    sinks: pd.DataFrame, counts: Mapping[str, np.ndarray], styles: Mapping[str, Style], classes: Sequence[str]
) -> str:
    """Which tickets' trainings each send many of their errors to one class, and not all to the same."""
    found = []
    for key, rows in sinks.groupby("key", sort=False):
        own = favourites(counts[str(key)])
        many = all(share > MANY for _, share in own)
        if not rows["stands_out"].any() and many and len({label for label, _ in own}) > 1:
            parts = [f"{plain(classes[label])}: {100 * share:.0f} %" for label, share in own]
            found.append(f"{styles[str(key)].label} ({', '.join(parts)})")
    return f" The trainings of {listed(found)} disagree on the class that takes most." if found else ""


def _wrong(sufferers: pd.DataFrame, styles: Mapping[str, Style], classes: Sequence[str]) -> str:
    said = []
    for key, rows in sufferers.groupby("key", sort=False):
        own = rows[rows["stands_out"]].nlargest(MOST_NAMED, "share").to_dict("records")
        if own:
            parts = [
                f"**{plain(classes[row['class']])}** ({100 * row['share']:.0f} % wrong"
                f"{bracket(row['low'], row['high'], '{:.0f}').replace(' (', ', ').rstrip(')')})"
                for row in own
            ]
            whole = 100 * float(rows["expected"].iloc[0])
            said.append(f"for {styles[str(key)].label} {listed(parts)}, against {whole:.0f} % of all images")
    if not said:
        return "No class is shown to suffer more than the others."
    return f"Classes that suffer more than the others: {'; '.join(said)}."


def _share(row: Mapping[Hashable, float]) -> str:
    return f"{100 * row['share']:.0f} %{bracket(row['low'], row['high'], '{:.0f}')}"
