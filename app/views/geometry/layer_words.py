"""What the section Layers says in words, and rows with the tickets' names."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.comparisons.layers_apart import first_beyond
from app.names import listed
from app.shell.layout import plain
from app.shell.theme import Style

MANY = 3
"""Tickets that are named one by one; of more it is said how many they are."""


def answer(
    apart: pd.DataFrame,
    broken: pd.DataFrame,
    lost: pd.DataFrame,
    styles: Mapping[str, Style],
    under: str,
    several: bool,
) -> str:
    """Where tickets part from dense, where a corruption breaks them, and where probes fall behind, as markdown.

    Args:
        apart: as `comparisons.layers_apart.from_dense` gives it.
        broken: as `from_clean` gives it.
        lost: as `behind_dense` gives it.
        styles: key -> style.
        under: the condition for people.
        several: whether several seeds say what noise is.
    """
    if not several:
        return (
            "Of each method **one seed** was trained, so nothing says how far two trainings lie apart: the lines speak "
            "of these networks, and no layer is said to part from anything."
        )
    said = [_parting(apart, styles), _breaking(broken, styles, under)]
    behind = _in_order(first_beyond(lost), lost)
    if behind:
        said.append(
            f"Probes lose more than the dense network's {_groups(behind, styles)}, where they are first shown to."
        )
    elif len(lost):
        said.append("At no layer is a probe shown to lose more than the dense network's.")
    return " ".join(part for part in said if part)


def _parting(apart: pd.DataFrame, styles: Mapping[str, Style]) -> str:
    first = first_beyond(apart)
    if not first:
        return ""
    there = _in_order(first, apart)
    nowhere = [key for key, layer in first.items() if not layer]
    if not there:
        return "On clean images no ticket is shown to part from its dense network by more than two seeds lie apart."
    words = f"On clean images {_groups(there, styles, bold=True)} from the dense network, beyond the noise of seeds"
    return f"{words}; {_names(nowhere, styles)} nowhere, as far as can be told." if nowhere else f"{words}."


def _breaking(table: pd.DataFrame, styles: Mapping[str, Style], under: str) -> str:
    beyond = table[table["beyond"]]
    if beyond.empty:
        return f"Under {under} no layer is shown to change by more than another seed would change it."
    first = beyond.sort_values("position").groupby("key", sort=False)["layer"].first()
    last = beyond.sort_values("position").groupby("key", sort=False)["layer"].last()
    deepest = beyond.loc[beyond["position"].idxmax()]
    keys = list(last[last == deepest["layer"]].index)
    starts = first.value_counts()
    usual = str(starts.index[0])
    count = "all" if starts.iloc[0] == table["key"].nunique() else str(int(starts.iloc[0]))
    several = table["key"].nunique() > 1 and (count == "all" or starts.iloc[0] > 1)
    tickets = f"{count} tickets" if several else plain(styles[str(first.index[first == usual][0])].label)
    deep = f", deepest in {_names(keys, styles)}, where it reaches **{plain(str(deepest['layer']))}**"
    return (
        f"Under **{under}** features change by more than seeds differ: first shown at **{plain(usual)}** in {tickets}"
        f"{deep if str(deepest['layer']) != usual else ''}."
    )


def _in_order(layers: Mapping[str, str | None], table: pd.DataFrame) -> dict[str, str]:
    """Ticket -> layer, of those that have one, the tickets of the first layer first."""
    place = dict(zip(table["layer"], table["position"], strict=True))
    return dict(sorted(((key, own) for key, own in layers.items() if own), key=lambda each: int(place[each[1]])))


def _groups(layers: Mapping[str, str], styles: Mapping[str, Style], bold: bool = False) -> str:
    """`**GraSP 90 %** parts at **conv2**, ...`, or without verbs; layers in the order in which they come."""
    found = []
    for layer in dict.fromkeys(layers.values()):
        keys = [key for key, own in layers.items() if own == layer]
        names = _names(keys, styles)
        if bold:
            found.append(f"**{names}** {'parts' if len(keys) == 1 else 'part'} at **{plain(layer)}**")
        else:
            found.append(f"in {names} at **{plain(layer)}**")
    return listed(found)


def _names(keys: list[str], styles: Mapping[str, Style]) -> str:
    if len(keys) > MANY:
        return f"{len(keys)} tickets"
    return listed([plain(styles[key].label) for key in keys])


def named_with(rows: pd.DataFrame, styles: Mapping[str, Style]) -> pd.DataFrame:
    """The rows with a column `ticket`, the tickets' names, in place of their keys."""
    names = rows["key"].map({key: style.label for key, style in styles.items()})
    return rows.drop(columns="key").assign(ticket=names)
