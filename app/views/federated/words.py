"""The answers of Federated in a sentence or three, and sizes as people say them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENT, NOTHING
from app.charts.texts import bracket, points
from app.names import listed
from app.shell.layout import plain

UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "bytes"))
UNTRAINED = 0


def size(count: float) -> str:
    """Bytes as `1.73 MB`."""
    factor, unit = next((each for each in UNITS if abs(count) >= each[0]), UNITS[-1])
    return f"{count / factor:.3g} {unit}" if unit != "bytes" or count >= 1 else "nothing"


def share(row: pd.Series) -> str:
    """A mean with its interval, as `82.5 % (49.0 to 100.0)`."""
    return f"{100 * row['mean']:.1f} %" + (bracket(row["low"], row["high"]) if np.isfinite(row["low"]) else "")


def held_against(table: pd.DataFrame, key: str, labels: Mapping[str, str]) -> str:
    """Who is more or less accurate than a ticket, in the words of its verdicts.

    Args:
        table: of `comparisons.federated.against`.
        key: the ticket's.
        labels: key -> name.
    """
    if table.empty:
        return "There is no other to hold it against."
    if (table["over"] == NOTHING).all():
        return "One seed says nothing of other trainings, so that one cannot tell them apart."
    differ = table[table["verdict"] == DIFFERS].sort_values("difference")
    said = [
        f"{plain(labels[row.key])} is shown to be {'lower' if row.difference < 0 else 'higher'} by "
        f"{points(abs(row.difference)).lstrip('+')} points{bracket(*sorted((abs(row.low), abs(row.high))))}"
        for row in differ.itertuples()
    ]
    counts = {verdict: int((table["verdict"] == verdict).sum()) for verdict in (EQUIVALENT, CANNOT_TELL)}
    if same := counts[EQUIVALENT]:
        said.append(f"{same} of {len(table)} {'is' if same == 1 else 'are'} shown to be as accurate")
    if unknown := counts[CANNOT_TELL]:
        said.append(f"{unknown} of {len(table)} cannot be told apart")
    return f"Held against {plain(labels[key])}: {'; '.join(said)}."


def reached(means: pd.DataFrame, key: str, spent: Mapping[str, float], labels: Mapping[str, str]) -> str:
    """How accurate the baseline gets and for what, and what the cheapest other spends.

    Args:
        means: of `comparisons.federated.over_seeds` of the accuracy on all classes.
        key: the baseline's.
        spent: key -> bytes, the cheapest first.
        labels: key -> name.
    """
    final = means.groupby("key", sort=False).tail(1).set_index("key")
    cheap = next(iter(spent))
    said = (
        f"After {final.loc[key, 'round']:.0f} rounds **{plain(labels[key])}** classifies **{share(final.loc[key])}** "
        f"of all classes' images right, for {size(spent[key])} up and down."
    )
    if cheap != key:
        said += (
            f" The cheapest, {plain(labels[cheap])}, gets to {share(final.loc[cheap])} for {size(spent[cheap])}, "
            f"1/{spent[key] / spent[cheap]:.0f} of that."
        )
    return said


def unpaid(paid: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Who could not pay for a round in any seed, in a sentence; "" where everybody could.

    Args:
        paid: of `comparisons.federated.affordable`.
        labels: key -> name.
    """
    most = paid.groupby("key", sort=False)["round"].max()
    names = [plain(labels[key]) for key in most.index[most == UNTRAINED]]
    if not names:
        return ""
    what = "network is" if len(names) == 1 else "networks are"
    return f" That does not pay for a single round of {listed(names)}, whose {what} untrained."


def personal(label: str, own: pd.Series, every: pd.Series, chance: pd.Series) -> str:
    """Both accuracies of a ticket, and chance.

    Args:
        label: the ticket's.
        own: mean, low, high of clients' own networks on their own mixtures.
        every: of the global network on all classes.
        chance: of the share of clients' most frequent class.
    """
    return (
        f"**{plain(label)}**: clients' own networks classify **{share(own)}** of what they have themselves right, "
        f"where always naming their most frequent class gives {share(chance)}; the server's network classifies "
        f"**{share(every)}** of all classes' images right. The first alone says little: the fewer classes, the easier."
    )


def agree(label: str, rows: pd.DataFrame) -> str:
    """How far clients agree in the last round, by layer.

    Args:
        label: the ticket's.
        rows: layer, mean, low, high, by_chance; of one ticket in its last round.
    """
    most, least = rows.loc[rows["mean"].idxmax()], rows.loc[rows["mean"].idxmin()]
    return (
        f"In the last round clients of **{plain(label)}** agree most in {plain(most['layer'])}, {share(most)}, and "
        f"least in {plain(least['layer'])}, {share(least)}; clients that throw coins would agree to "
        f"{100 * rows['by_chance'].mean():.1f} %."
    )
