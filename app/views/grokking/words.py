"""What the page says in sentences: steps with their intervals, ratios, and who never got there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.grokking import LATER, SOONER
from app.names import listed
from app.shell.layout import plain
from app.shell.theme import Style

MANY = 4
"""Tickets that are named one by one; of more it is said how many they are."""


def steps(value: float) -> str:
    """A number of iterations, `1,790`."""
    return f"{value:,.0f}"


def between(row: pd.Series, name: str, form: str = "{:,.0f}") -> str:
    """`219 (163 to 294)`, from the columns `name`, `name_low` and `name_high`; without an interval the number alone."""
    text = form.format(row[name])
    if np.isfinite(row[f"{name}_low"]):
        text += f" ({form.format(row[f'{name}_low'])} to {form.format(row[f'{name}_high'])})"
    return text


def names(keys: Sequence[str], styles: Mapping[str, Style]) -> str:
    """Tickets by name, or how many they are."""
    if len(keys) > MANY:
        return f"{len(keys)} tickets"
    return listed([plain(styles[key].label) for key in keys])


def grokked(row: pd.Series) -> str:
    """When a ticket grokked, for a table: `219 (163 to 294)`, `> 3,000`, or `2 of 3 seeds, else > 3,000`."""
    if row["grokked"] == row["seeds"]:
        return between(row, "t_gen")
    if row["grokked"] == 0:
        return f"> {steps(row['least'])}"
    return f"{row['grokked']} of {row['seeds']} seeds, else > {steps(row['least'])}"


def ratio(row: pd.Series) -> str:
    """How many times sooner or later, with its interval: `7.2 times sooner (5.3 to 9.8)`."""
    later = row["times"] < 1
    value, low, high = (
        (1 / row["times"], 1 / row["high"], 1 / row["low"]) if later else (row["times"], row["low"], row["high"])
    )
    least = "at least " if row["cut"] else ""
    interval = f" ({_factor(low)} to {_factor(high)})" if np.isfinite(low) else ""
    return f"{least}{_factor(value)} times {LATER if later else SOONER}{interval}"


def _factor(value: float) -> str:
    return f"{value:.2g}" if value >= 10 or value < 0.95 else f"{value:.1f}"


def answer(summary: pd.DataFrame, against: pd.DataFrame, baseline: str, styles: Mapping[str, Style]) -> str:
    """Who groks when, and who sooner than the baseline, as markdown.

    Args:
        summary: as of `comparisons.grokking.by_method`.
        against: as of `comparisons.grokking.against`.
        baseline: its key, '' where there is none.
        styles: key -> style.
    """
    rows = summary.set_index("key")
    said = [_baseline(rows.loc[baseline], styles[baseline])] if baseline in rows.index else []
    sooner = against[against["verdict"] == SOONER].sort_values("times", ascending=False)
    for key in sooner["key"].head(1):
        own, verdict = rows.loc[key], against.set_index("key").loc[key]
        said.append(f"**{plain(styles[key].label)} groks {ratio(verdict)}**{_tau(own, rows, baseline)}.")
    rest = list(sooner["key"].iloc[1:])
    if rest:
        said.append(f"Sooner too: {names(rest, styles)}.")
    never = [key for key in rows.index[rows["grokked"] == 0] if key != baseline]
    later = [key for key in against.loc[against["verdict"] == LATER, "key"] if key not in never]
    if later:
        said.append(f"Later: {names(later, styles)}.")
    if never:
        said.append(f"Never within {_range(rows.loc[never, 'least'])} steps: {names(never, styles)}.")
    unknown = [key for key in against.loc[~against["verdict"].isin([SOONER, LATER]), "key"] if key not in never]
    if unknown and len(against):
        one = bool((against["seeds"] < 2).all())
        said.append(
            "**One seed** of each says nothing of other trainings."
            if one else f"Whether sooner or later one cannot tell of {names(unknown, styles)}."
        )  # fmt: skip
    return " ".join(said)


def _baseline(row: pd.Series, style: Style) -> str:
    if row["grokked"] == 0:
        return f"{plain(style.label)} does not grok within {steps(row['least'])} steps."
    if row["grokked"] < row["seeds"]:
        seeds = f"{row['grokked']} of {row['seeds']} seeds"
        return f"{plain(style.label)} groks in {seeds}; the others had {steps(row['least'])} steps at least."
    return (
        f"{plain(style.label)} groks after {between(row, 't_gen')} steps, {between(row, 'tau', '{:.1f}')} times "
        "as many as it memorises in."
    )


def _tau(row: pd.Series, rows: pd.DataFrame, baseline: str) -> str:
    if not np.isfinite(row["t_gen"]):
        return ""
    text = f", after {between(row, 't_gen')} steps"
    return f"{text}, {between(row, 'tau', '{:.2g}')} times as many as it memorises in" if row["tau"] > 1 else text


def _range(values: pd.Series) -> str:
    low, high = values.min(), values.max()
    return steps(low) if low == high else f"{steps(low)} to {steps(high)}"
