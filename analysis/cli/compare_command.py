"""What `python -m analysis compare` does: two methods at equal budgets, printed and written for a paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pruning.cli.console import PlainConsole
from pruning.errors import UserError, unknown
from pruning.files import write_atomically
from pruning.study.folder import Study

if TYPE_CHECKING:
    import pandas as pd

CLEAN: Literal["clean"] = "clean"
TOLERANCE, EQUIVALENCE = 5.0, 1.0

First = Annotated[str, typer.Argument(help="A method, such as imp; or one ticket, such as imp-90.", show_default=False)]
Second = Annotated[str, typer.Argument(help="The method or ticket that it is held against.", show_default=False)]
Budgets = Annotated[
    list[str] | None,
    typer.Option(
        "--budget",
        help="What is to be equal: multiply-adds, bytes, training or weights; may be repeated.",
        show_default="all four",
    ),
]
On = Annotated[
    Literal["clean", "corrupted"], typer.Option(help="Clean test images, or the mean over the common corruptions.")
]
Tolerance = Annotated[float, typer.Option(min=0, max=50, help="Per cent by which equal budgets may differ.")]
Equivalence = Annotated[float, typer.Option(min=0.01, max=50, help="Points of accuracy that do not matter.")]
Out = Annotated[
    list[Path] | None,
    typer.Option("--out", "-o", help="Write the table: .tex (booktabs), .csv or .md; may be repeated."),
]

HEADERS = {
    "budget": "equal", "a": "first", "b": "second", "compression": "compression (first / second)",
    "speedup": "speed-up (first / second)",
    "accuracy_a": "first (%)", "accuracy_b": "second (%)", "difference": "difference (points)", "verdict": "verdict",
}  # fmt: skip


def run(
    study: Path,
    first: str,
    second: str,
    budgets: Sequence[str],
    on: Literal["clean", "corrupted"],
    tolerance: float,
    equivalence: float,
    out: Sequence[Path],
) -> None:
    """Compare, print, and write.

    Raises:
        UserError: a name is not known, nothing was measured, a file's suffix is none of those, or it cannot be written.
    """
    from analysis.comparisons import equal_budget, of_study  # seconds of imports that --help does not need
    from analysis.comparisons.condition_cells import averaged
    from analysis.results.store import Results
    from pruning.models.counting import spelled

    writers = _writers()
    for file in out:
        if file.suffix not in writers:
            raise UserError(f"{file} is to end with one of {', '.join(writers)}, which says how it is written.")
    known = [*equal_budget.BUDGETS]
    budgets = [spelled(name) for name in budgets]
    for name in budgets:
        if name not in known:
            raise unknown("budget", name, [each.replace("_", "-") for each in known])
    opened, console = Study.open(study), PlainConsole()
    entries = opened.entries()
    tickets = of_study.rows_of(entries)
    points = equal_budget.operating_points(entries, tickets, Results(opened.path).table("efficiency"))
    a, b = (equal_budget.points_of(points, name) for name in (first, second))
    outcomes = of_study.outcomes(opened, [*a, *b])
    places = [outcomes.conditions.index(("clean", 0))] if on == "clean" else averaged(outcomes)
    if not places:
        raise UserError(f"Study {opened.path} has no results under the common corruptions; leave --on out.")
    wanted = [each for each in known if not budgets or each in budgets]
    found = equal_budget.compare(points, outcomes.per_image(places), a, b, wanted, tolerance / 100, equivalence / 100)
    table = shown(found.table)
    console.print(_printed(table, f"{first} against {second}, {on} images"))
    for sentence in [*found.alone, *_sentences(found.table)]:
        console.print(sentence, highlight=False, soft_wrap=True)
    console.print("\nWhat a comparison should have (Blalock et al. 2020):")
    for rule in equal_budget.rules(points, (first, second), (a, b), found.table):
        console.print(f"  {'yes' if rule.holds else 'no '}  {rule.name}: {rule.said}", highlight=False, soft_wrap=True)
    for file in out:
        write_atomically(file, writers[file.suffix](table))
        console.print(f"Wrote {file}.", highlight=False, soft_wrap=True)


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """The table with accuracies in per cent and differences in points."""
    found = table.assign(budget=table["budget"].str.replace("_", "-"))
    per_cent = [f"{name}_{side}" for name in ("accuracy", "low", "high") for side in "ab"]
    per_cent += ["difference", "low", "high", "detectable"]
    found[per_cent] = 100 * found[per_cent].astype(float)
    return found


def _sentences(table: pd.DataFrame) -> list[str]:
    found = [
        "Brackets: 95 % intervals; that of the difference decides, at its step of Holm's correction over all rows."
    ]
    if len(table) and (table["over"] == "images").any():
        found.append("Where there is one seed, verdicts speak of these networks, not of the methods.")
    if len(table) and (table["matched"] == "mixed").any():
        found.append("Mixtures: for each image a coin says which of the two networks is run; costs are means.")
    return found


def _printed(table: pd.DataFrame, title: str) -> object:
    from rich.table import Table

    printed = Table(*HEADERS.values(), title=title)
    for row in table.to_dict("records"):
        printed.add_row(*_cells(row))
    return printed


def _cells(row: dict[object, object]) -> list[str]:
    """The cells of `HEADERS`, numbers with their intervals."""
    first, second = (_with_interval(row, f"accuracy_{side}", f"_{side}") for side in "ab")
    times = [_of_both(row, name) for name in ("compression", "speedup")]
    gap = _with_interval(row, "difference", "", "+")
    return [str(row["budget"]), str(row["a"]), str(row["b"]), *times, first, second, gap, str(row["verdict"])]


def _of_both(row: dict[object, object], name: str) -> str:
    """What is gained of the first and of the second: `8.3 / 4.8`, times the dense network's."""
    values = (row[f"{name}_{side}"] for side in "ab")
    return " / ".join(f"{value:.1f}" if value == value else "-" for value in values)


def _with_interval(row: dict[object, object], value: str, side: str, sign: str = "") -> str:
    return f"{row[value]:{sign}.1f} [{row['low' + side]:{sign}.1f}, {row['high' + side]:{sign}.1f}]"


def _writers() -> dict[str, Callable[[pd.DataFrame], str]]:
    return {".tex": _latex, ".csv": lambda table: table.to_csv(index=False), ".md": _markdown}


def _latex(table: pd.DataFrame) -> str:
    from analysis import latex

    bounds = {"accuracy_a": ("low_a", "high_a"), "accuracy_b": ("low_b", "high_b"), "difference": ("low", "high")}
    aside = [column for pair in bounds.values() for column in pair]
    rows = table.to_dict("records")
    both = {name: [_of_both(row, name) for row in rows] for name in ("compression", "speedup")}
    return latex.table(
        table.assign(**both)[[*HEADERS, *aside]], {"difference": "{:+.1f}".format}, bounds, headers=HEADERS
    )


def _markdown(table: pd.DataFrame) -> str:
    lines = [[*HEADERS.values()], ["---"] * len(HEADERS), *(_cells(row) for row in table.to_dict("records"))]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
