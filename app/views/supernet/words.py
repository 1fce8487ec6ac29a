"""The answers of Supernet in a sentence or three: what is left, what was better, what returned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.comparisons.second_task import MASK, RANDOM
from analysis.comparisons.supernets import Left
from analysis.statistics.replication import mean_share
from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENT, IMAGES, NOTHING, SEEDS
from app.charts.texts import bracket, points, sizes
from app.names import listed
from app.shell.layout import plain
from app.shell.score import ShownScore
from app.shell.theme import Style


def left(rows: pd.DataFrame, sums: Left, label: str, seeds: int) -> str:
    """What is left of the branches, and what went most.

    Args:
        rows: of `comparisons.supernets.branches` or `mean_branches`.
        sums: of `comparisons.supernets.left_at_the_end`.
        label: the ticket's.
        seeds: that the numbers are means over.
    """
    last = rows[rows["event"] == rows["event"].max()].sort_values("share", kind="stable")
    least, most = last.iloc[0], last.iloc[-1]
    over = f", means over {seeds} seeds" if seeds > 1 else ", in one seed"
    said = (
        f"**{plain(label)}** keeps **{sums.channels} of {sums.whole} channels** of its branches and "
        f"{100 * sums.share:.0f} % of their multiply-adds{over}: most of {_branch(most)}, least of {_branch(least)}."
    )
    if sums.empty:
        gone = f"{sums.empty} of {sums.branches} branches {'is' if sums.empty == 1 else 'are'}"
        said += f" {gone} gone altogether."
    return said


def _branch(row: pd.Series) -> str:
    return f"{row['kernel']}×{row['kernel']} in cell {row['cell']} ({round(row['channels'], 1):g} of {row['whole']})"


def against(table: pd.DataFrame, key: str, labels: Mapping[str, str], score: ShownScore) -> str:
    """Who is more or less accurate than a ticket.

    Args:
        table: of `comparisons.supernets.rivals`.
        key: the ticket's.
        labels: key -> name.
        score: what stands for accuracy.
    """
    if table.empty:
        return f"The {score.name} of the others is not measured yet."
    if (table["over"] == NOTHING).all():
        return "One seed says nothing of other trainings, so that nobody is told apart."
    differ = table[table["verdict"] == DIFFERS]
    whose = " (these networks, as there is one seed)" if (table["over"] == IMAGES).any() else ""
    worse, better = (differ[differ["difference"] < 0], differ[differ["difference"] > 0])
    said = [
        f"{name} shown to be {way} {score.name} by {by}"
        for rows, way in ((better, "higher in"), (worse, "lower in"))
        for name, by in _listed(rows, labels)
    ]
    for verdict, words in ((EQUIVALENT, "shown to be equivalent"), (CANNOT_TELL, "cannot be told from it")):
        count = int((table["verdict"] == verdict).sum())
        said += [f"{count} of {len(table)} {words}"] if count else []
    what = "; ".join(said)
    return f"Held against {plain(labels[key])}{whose}: {what}."


def family(table: pd.DataFrame) -> str:
    """Why the reproduction may tell apart whom this page does not; empty where the page corrects for nothing more.

    Args:
        table: of `comparisons.supernets.rivals`.
    """
    if len(table) < 2 or (table["over"] != SEEDS).any():
        return ""
    return (
        "The reproduction 'supernet' asks each question alone, over seeds on the same images, without this correction: "
        "what holds there, such as a SuperTicket being better than search, then prune, may not be told here."
    )


def _listed(rows: pd.DataFrame, labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Those of the least difference first, and by how much; of more than two the least and the greatest."""
    if rows.empty:
        return []
    rows = rows.loc[rows["difference"].abs().sort_values(kind="stable").index]
    names = [plain(labels[each]) for each in rows["a"]]
    return [(f"{listed(names)} {'is' if len(names) == 1 else 'are'}", sizes(rows))]


def returned(rows: pd.DataFrame, rules: Mapping[str, str], styles: Mapping[str, Style]) -> str:
    """How much returned under each rule, the most at an event.

    Args:
        rows: of `comparisons.supernets.over_seeds` of the column returned.
        rules: key -> the rule.
        styles: key -> style.
    """
    said = []
    for key, rule in rules.items():
        if rule == "monotone":
            continue
        own = rows[rows["key"] == key]
        top = own.loc[own["mean"].idxmax()]
        name = f"{plain(styles[key].label)} (rule '{rule}')"
        if top["mean"] == 0:
            said.append(f"{name}: nothing")
        else:
            interval = f" ({100 * top['low']:.1f} to {100 * top['high']:.1f})" if np.isfinite(top["low"]) else ""
            said.append(f"{name}: **{100 * top['mean']:.1f} %**{interval}")
    if not said:
        return "Under the rule 'monotone' no pruned weight returns."
    return f"Of the weights kept after an event, at most so many had been pruned before it: {'; '.join(said)}."


def second_task(rows: pd.DataFrame, table: pd.DataFrame, label: str, within: float) -> str:
    """What a mask of one task is worth in another.

    Args:
        rows: of `comparisons.second_task.by_kind`.
        table: of `comparisons.second_task.against`.
        label: of the tickets.
        within: the difference that does not matter, a fraction.
    """
    reached = rows.loc[rows["kind"] == MASK, "accuracy"]
    if reached.empty:
        return f"No mask of {plain(label)} went from one task to another for training there."
    mean, low, high = mean_share(reached)
    over = f"mean of {len(reached)} seeds" if len(reached) > 1 else "one seed"
    what = f"**{100 * mean:.1f} %**{bracket(low, high)}"
    said = f"In a second task the mask of {plain(label)} reaches {what}, {over}"
    against = table[table["kind"] == RANDOM]
    if against.empty:
        return f"{said}; without a random mask nothing says what the mask is worth."
    row = against.iloc[0]
    way = "less" if row["difference"] < 0 else "more"
    size = f"{100 * abs(row['difference']):.1f} points {way} accurate"
    random = f"a random mask of the same layer-wise sparsities is {size}"
    if row["over"] == NOTHING:
        return f"{said}; {random} there, and one seed says nothing of other trainings."
    interval = f"(95 % interval of the difference {points(row['low'])} to {points(row['high'])})"
    end = {
        DIFFERS: "which is shown, so that the mask carries something over" if way == "less" else "which is shown",
        EQUIVALENT: f"which is equivalent within {points(within).lstrip('+')} points",
    }.get(row["verdict"], "so that the two cannot be told apart")
    return f"{said}; {random} {interval}, {end}."
