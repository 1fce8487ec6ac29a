"""What `python -m analysis corruptions` prints: the families with their parameters, and tables of effects."""

from collections.abc import Callable, Mapping, Sequence

from rich.table import Table
from rich.text import Text

from analysis.cli.reference_check import COLUMNS, Compared, compare, shown
from analysis.corruptions import CORRUPTIONS, FAMILIES, label_of, severities_of
from analysis.corruptions.attacks import EPSILONS
from analysis.corruptions.conditions import Condition
from analysis.corruptions.registry import ATTACKS
from analysis.metrics.corruption_effects import Effect
from pruning.cli.console import PlainConsole
from pruning.errors import UserError

HEADINGS = {
    "corruption": "corruption",
    "severity": "severity",
    "mean_abs_diff": "mean |change|",
    "mean_diff": "mean change",
    "psnr_db": "PSNR (dB)",
    "gradient_energy_ratio": "gradient energy",
    "accuracy": "accuracy",
}
WIDE = 150
"""Columns of text where there is no terminal."""


def console() -> PlainConsole:
    """As wide as the terminal, or wide enough for the tables."""
    usual = PlainConsole()
    return usual if usual.is_terminal else PlainConsole(width=max(usual.width, WIDE))


def list_families(console: PlainConsole, has: Callable[[str], bool], size: int) -> None:
    """A table for each family: its corruptions and their parameters at every severity for images of that size."""
    if size < 1:
        raise UserError(f"The size of images must be at least 1 pixel, not {size}.")
    for family in FAMILIES.values():
        members = [name for name in family.members if has(name)]
        if not members:
            continue
        table = Table(title=f"{family.label} ({family.name}): {family.paper}", title_justify="left", title_style="bold")
        table.add_column("corruption", no_wrap=True)
        for column in ("group", "parameters", *(f"severity {s}" for s in _all_severities(members))):
            table.add_column(column)
        if family.pattern and members == [*family.members]:
            # They differ in nothing but what the pattern says.
            table.add_row(family.pattern, *_described(members[0], size)[1:])
        else:
            for name in members:
                table.add_row(*_described(name, size))
        console.print(table)


def _all_severities(names: Sequence[str]) -> tuple[int, ...]:
    return tuple(sorted({severity for name in names for severity in severities_of(name)}))


def _described(name: str, size: int) -> list[str]:
    if name in ATTACKS:
        return [name, "white box", "grey levels, at most", *map(str, EPSILONS)]
    corruption = CORRUPTIONS[name]
    rows = [corruption.parameters(severity, size) for severity in corruption.severities]
    values = (", ".join(f"{value:.3g}" for value in row) or "-" for row in rows)
    return [name, corruption.group, ", ".join(corruption.names) or "none", *values]


def print_effects(console: PlainConsole, found: Sequence[Effect], reference: Mapping[Condition, Effect] | None) -> bool:
    """Print the table, beside the reference's figures when there are any. Returns whether all are within tolerance."""
    compared = [compare(row, reference[row.corruption, row.severity]) for row in found] if reference else None
    table = Table(title="Measured, and the reference in brackets" if compared else None)
    for column in COLUMNS:
        table.add_column(HEADINGS[column], justify="left" if column == "corruption" else "right", no_wrap=True)
    if compared:
        table.add_column("of the tolerance", no_wrap=True)
        for one in compared:
            table.add_row(*(_cell(one, column) for column in COLUMNS), _verdict(one))
    else:
        for row in found:
            table.add_row(*(shown(column, getattr(row, column)) or "-" for column in COLUMNS))
    console.print(table)
    if not compared:
        return True
    out = [one for one in compared if one.outside]
    console.print(_summary(compared, out), highlight=False, soft_wrap=True)
    return not out


def _cell(one: Compared, column: str) -> str | Text:
    value = shown(column, getattr(one.effect, column))
    if column in COLUMNS[:2] or not value:
        return value or "-"
    expected = shown(column, getattr(one.reference, column))
    text = f"{value} ({expected})" if expected else value
    return Text(text, "red") if column in one.outside else text


def _verdict(one: Compared) -> str | Text:
    if not one.used:
        return "-"
    text = f"{100 * one.used[one.worst]:3.0f} %  {HEADINGS[one.worst]}"
    return Text(f"{text}: OUT", "red") if one.outside else text


def _summary(compared: Sequence[Compared], out: Sequence[Compared]) -> str:
    if out:
        listed = ", ".join(f"{one.effect.corruption} {one.effect.severity}" for one in out)
        return f"{len(out)} of {len(compared)} conditions are out of tolerance: {listed}."
    judged = [one for one in compared if one.used]
    if not judged:
        return "The reference has nothing to compare with."
    nearest = max(judged, key=lambda one: one.used[one.worst])
    name, share = label_of(nearest.effect.corruption), f"{100 * nearest.used[nearest.worst]:.0f} %"
    return (
        f"All {len(compared)} conditions are within tolerance; nearest to a limit is {name} at severity "
        f"{nearest.effect.severity}, whose {HEADINGS[nearest.worst]} takes {share} of what is allowed."
    )
