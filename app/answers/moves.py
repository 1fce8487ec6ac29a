"""What happens to the geometry, in words: who turns, who shortens, and which class suffers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.comparisons.local_changes import class_changes, ticket_changes, told_apart, worst_classes
from app.answers.listed import MOST_NAMED, listed
from app.charts.texts import every, minus


@dataclass(frozen=True)
class Changes:
    """What changes for tickets and classes, as `local_changes` has it."""

    tickets: pd.DataFrame
    apart: pd.DataFrame
    classes: pd.DataFrame
    worst: pd.DataFrame

    @classmethod
    def of(cls, moved: pd.DataFrame) -> Changes:
        """From rows of `local_changes.moves_of_trainings`."""
        classes = class_changes(moved)
        return cls(ticket_changes(moved), told_apart(moved), classes, worst_classes(moved, classes))

    @property
    def seeds(self) -> str:
        """Over how many trainings, in words; "" where there is one of each ticket."""
        counts = sorted(set(self.tickets["seeds"]))
        if counts[-1:] in ([], [1]):
            return ""
        return f"{counts[-1]} seeds" if len(counts) == 1 else f"{counts[0]} to {counts[-1]} seeds"


def answer(
    changes: Changes, labels: Mapping[str, str], classes: Sequence[str], where: str, against: str = "",
    lengths: bool = True,
) -> str:  # fmt: skip
    """A sentence or two, as markdown, that claim what the intervals say and no more.

    Args:
        changes: of the gap and the relative length.
        labels: ticket's key -> its name.
        classes: names of the classes.
        where: the condition, such as "Under fog 3".
        against: name of the ticket that the others are compared with; "" when each is compared with itself, clean.
        lengths: whether lengths say anything: not of clean images, each ticket's being 1 on average.
    """
    if changes.tickets.empty:
        return ""
    said = [turns(changes, labels, where, against)]
    if lengths:
        shorter, longer = (
            f"features are {each}" if against else f"features get {each}" for each in ("shorter", "longer")
        )
        said.append(_change(changes, labels, "length", shorter, longer, f"than in **{against}**" if against else "",
                            "stretches"))  # fmt: skip
    return "; ".join(said) + ".  \n" + _classes(changes, labels, classes, against)


def turns(changes: Changes, labels: Mapping[str, str], where: str, against: str = "") -> str:
    """The first part of `answer`, without a full stop: in which tickets the gap changes; there must be one."""
    of = f"than that of **{against}**" if against else ""
    down, up = ("is smaller", "is larger") if against else ("falls", "rises")
    told = _change(changes, labels, "turn", f"the gap {down}", f"the gap {up}", of, "turns")
    return f"{where}, {_whose(changes, labels)}, {told}"


def _whose(changes: Changes, labels: Mapping[str, str]) -> str:
    """Whether this is about methods, over their trainings, or about these networks alone."""
    if not changes.seeds:
        return "in these networks (one seed)"
    alone = changes.tickets.loc[changes.tickets["seeds"] == 1, "key"]
    return f"over {changes.seeds}" + (
        f" ({listed([labels[each] for each in alone])}: one network)" if len(alone) else ""
    )


def _change(
    changes: Changes, labels: Mapping[str, str], column: str, down: str, up: str, of: str, shown: str
) -> str:  # fmt: skip
    """Who falls most, and who rises."""
    table, count = changes.tickets, len(changes.tickets)
    parts = []
    for words, own in (
        (down, table[table[shown] & (table[column] < 0)]),
        (up, table[table[shown] & (table[column] > 0)]),
    ):
        if own.empty:
            continue
        most = own.loc[own[column].abs().idxmax()]
        rivals = _rivals(changes.apart, str(most["key"]), set(own["key"]), shown, labels)
        number = _number(most, column, rivals)
        if count == 1:
            parts.append(f"{words} {of} in **{labels[most['key']]}** by {number}")
        elif len(own) == 1:
            parts.append(f"{words} {of} in **{labels[most['key']]}** alone, by {number}")
        else:
            many = f"{every(count)} tickets" if len(own) == count else f"{len(own)} of {count} tickets"
            parts.append(f"{words} {of} in {many}, most in **{labels[most['key']]}** by {number}")
    if not parts:
        thing = "gap" if column == "turn" else "length"
        return f"no change of the {thing} is beyond noise" if not of else f"no {thing} is shown to be other {of}"
    return ", and ".join(" ".join(part.split()) for part in parts)


def _number(row: pd.Series, column: str, more: str = "") -> str:
    """The size of a change with its interval: `12.4° (11.6 to 13.2)`; `more` stands in the brackets."""
    form, factor, unit = ("{:.1f}", 1.0, "°") if column == "turn" else ("{:.0f}", 100.0, " %")
    sign = 1.0 if row[column] > 0 else -1.0
    value, *bounds = (sign * factor * row[name] for name in (column, f"{column}_low", f"{column}_high"))
    low, high = sorted(bounds)
    return f"{form.format(value)}{unit} ({form.format(low)} to {form.format(high)}{more})"


def _rivals(apart: pd.DataFrame, ticket: str, among: set[str], shown: str, labels: Mapping[str, str]) -> str:
    own = apart[((apart["a"] == ticket) | (apart["b"] == ticket)) & ~apart[shown].astype(bool)]
    others = [b if a == ticket else a for a, b in zip(own["a"], own["b"], strict=True)]
    named = [labels[each] for each in others if each in among]
    if 1 < len(named) == len(among) - 1:
        return "; not told apart from the others"
    return f"; not told apart from {listed(named)}" if named else ""


def _classes(changes: Changes, labels: Mapping[str, str], classes: Sequence[str], against: str) -> str:
    worst = changes.worst
    if worst.empty:
        return f"No class is shown to {'be behind' if against else 'lose'}."
    by_class = worst.groupby("label", sort=False)
    order = by_class.size().sort_values(ascending=False, kind="stable").index
    parts, measured = [], False
    for label in order[:MOST_NAMED]:
        own = by_class.get_group(label)
        row = own.loc[own["change"].idxmin()]
        near_text = _not_apart(own["others"], classes)
        measured |= bool(near_text)
        up_to = "by up to" if len(own) > 1 else "by"
        parts.append(
            f"**{classes[int(label)]}** in {listed([labels[each] for each in own['key']])} ({up_to} "
            + minus(f"{-row['change']:.1f}°, {-row['high']:.1f} to {-row['low']:.1f}")
            + f"{near_text})"
        )
    lead = f"he class that {'is behind' if against else 'suffers'} most is "
    lead = f"As measured, t{lead}" if measured else f"T{lead}"
    below = changes.classes[changes.classes["below"]]
    if below.empty:
        return f"{lead}{'; '.join(parts)}."
    names = [
        f"{listed([str(classes[each]) for each in own['label']])} in {labels[str(ticket)]}"
        for ticket, own in below.groupby("key", sort=False)
    ]
    return f"{lead}{'; '.join(parts)}. Nearer to another class on average: {'; '.join(names)}."


def _not_apart(others: Iterable[Sequence[int]], classes: Sequence[str]) -> str:
    """From which classes the one that falls most is not told apart in tickets, behind its number; "" from none."""
    found = [set(each) for each in others]
    near = set().union(*found)
    if not near:
        return ""
    if all(len(each) == len(classes) - 1 for each in found):
        return ", not told apart from any other class"
    names = [str(classes[each]) for each in sorted(near)]
    names = [f"{len(names)} others"] if len(names) > MOST_NAMED + 1 else names
    return f", not {'everywhere ' * (len(found) > 1)}told apart from {listed(names)}"
