"""The answers of Transfer in a few sentences: how well, and who does better or worse than the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from analysis.comparisons.transfer_pictures import Mapping as Mapped
from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENT, IMAGES
from analysis.transfer.ways import MAPPING, PROBE, PROMPT
from app.charts.texts import bracket
from app.names import listed
from app.shell.layout import plain
from app.shell.theme import Style
from app.views.transfer.facts import WAYS

BETTER = {"accuracy": ("more accurate", "less accurate"), "ece": ("worse calibrated", "better calibrated")}
"""What a positive and a negative difference mean."""


def budget(shots: int) -> str:
    """What was given."""
    return "all images" if shots == 0 else "1 image a class" if shots == 1 else f"{shots} images a class"


def reached(curve: pd.DataFrame, label: str, kind: str, shots: int) -> str:
    """How accurate one ticket is, by each way.

    Args:
        curve: of `comparisons.transfer.curves` of the accuracy, of this ticket and budget.
        label: its name.
        kind: the target.
        shots: the budget.
    """
    own = curve.set_index("way")

    def number(way: str) -> str:
        row = own.loc[way]
        return f"**{100 * row['value']:.1f} %**{bracket(row['low'], row['high'])}"

    said = [f"{number(way)} by a {WAYS[way]}" for way in (PROBE, PROMPT) if way in own.index]
    floor = f"; its classes, mapped without a border, reach {number(MAPPING)}" if MAPPING in own.index else ""
    return f"Shown **{plain(kind)}**, given {budget(shots)}, {plain(label)} is right on {listed(said)}{floor}."


def against(table: pd.DataFrame, label: str, styles: Mapping[str, Style]) -> str:
    """Who transfers otherwise than the baseline.

    Args:
        table: of `comparisons.transfer.against`.
        label: the baseline's name.
        styles: key -> style.
    """
    if table.empty:
        return "There is no other ticket to hold against it." if len(styles) < 2 else _one_seed(len(styles))
    differ = table[table["verdict"] == DIFFERS]
    said = [
        f"by a {WAYS[row.way]} {plain(styles[row.a].label)} is **{BETTER[row.value][row.difference < 0]}** by "
        f"{100 * abs(row.difference):.1f} points{_bounds(row)}"
        for row in differ.itertuples()
    ]
    counts = table["verdict"].value_counts()
    for verdict, words in ((EQUIVALENT, "equivalent"), (CANNOT_TELL, "not told apart")):
        if counts.get(verdict, 0):
            verb = "is" if counts[verdict] == 1 else "are"
            said.append(f"{counts[verdict]} of {len(table)} comparisons {verb} {words}")
    whose = " (these networks, as there is one seed)" if (table["over"] == IMAGES).any() else ""
    return f"Held against {plain(label)}{whose}: {'; '.join(said)}."


def _bounds(row: object) -> str:
    low, high = sorted(abs(getattr(row, name)) for name in ("low", "high"))
    return bracket(low, high)


def _one_seed(tickets: int) -> str:
    return f"Nothing tells the {tickets} tickets apart yet: they were not given the same images, or by one seed alone."


def mapped(found: Mapped, label: str, source: Sequence[str], target: Sequence[str], border: bool) -> str:
    """How well the mapped classes cover the target's.

    Args:
        found: of `comparisons.transfer_pictures.mapping`.
        label: the ticket's name.
        source: the network's classes.
        target: the target's.
        border: whether under the learnt border.
    """
    share, low, high = found.covered
    said = (
        f"{'Under its border' if border else 'Without a border'} {plain(label)} predicts **{100 * share:.0f} %**"
        f"{bracket(low, high, '{:.0f}')} of the {found.images:,} training images as the class that stands for theirs "
        f"(this network, over the images that chose the mapping)."
    )
    names = [source[each] for each in found.chosen]
    if set(target) <= set(source):
        same = sum(name == own for name, own in zip(names, target, strict=True))
        said += f" It takes **{same} of {len(target)}** classes for the class of the same name, a count."
    return said


def calibrated(before: pd.DataFrame, after: pd.DataFrame, label: str) -> str:
    """How far a ticket's confidence is off, and what one number mends.

    Args:
        before: of `comparisons.transfer.curves` of `ece`, of the ticket and budget.
        after: of `scaled_ece`.
        label: the ticket's name.
    """
    plainly, scaled = before.set_index("way"), after.set_index("way")

    def number(rows: pd.DataFrame, way: str) -> tuple[str, str]:
        row = rows.loc[way]
        return f"{100 * row['value']:.1f}", bracket(row["low"], row["high"])

    said = [
        "**{} points**{} by a {}, {}{} after temperature scaling".format(
            *number(plainly, way), WAYS[way], *number(scaled, way)
        )
        for way in (PROBE, PROMPT)
        if way in plainly.index and way in scaled.index
    ]
    if not said:
        return f"The calibration of {plain(label)} is not measured with these images."
    return f"The confidence of {plain(label)} is off (ECE) by {'; '.join(said)}."


def over(curve: pd.DataFrame) -> str:
    """What intervals are over, for a caption."""
    found = set(curve["over"])
    if found == {"seeds"}:
        return f"95 % intervals (Student's) over {curve['seeds'].max()} seeds, each the mean over its draws"
    parts = {"seeds": "seeds", "draws": "draws of the few images", "images": "test images (Wilson's), as nothing else "
             "was repeated"}  # fmt: skip
    return f"95 % intervals over {', or '.join(parts[name] for name in parts if name in found)}"
