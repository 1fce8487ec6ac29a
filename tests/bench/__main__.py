"""python -m tests.bench [--quick] [NAME]: time what must be fast, and count what must not be claimed, in one run.

A benchmark is a module `bench_NAME.py` beside this file with `run(quick: bool) -> list[Row]`: times against a plain way
of doing it. Ratios depend on the machine and on what else it does, so they are shown beside their targets and never
asserted. `nulls` gives rates of false claims (`Rate`) instead, beside the nominal one, and `pages` plain `Figures`.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pruning.errors import UserError, unknown
from tests import bench
from tests.analysis.nulls.claims import NOMINAL
from tests.analysis.nulls.rates import Rate
from tests.bench.rows import Figures, Row

PREFIX = "bench_"
Run = Callable[[bool], list[Row] | list[Rate] | list[Figures] | list[Row | Figures]]


def names() -> list[str]:
    """The benchmarks there are."""
    return sorted(
        module.name.removeprefix(PREFIX)
        for module in pkgutil.iter_modules(bench.__path__)
        if module.name.startswith(PREFIX)
    )


def load(name: str) -> Run:
    """The benchmark of that name. Raises UserError when there is none."""
    if name not in names():
        raise unknown("benchmark", name, names())
    run: Run = importlib.import_module(f"tests.bench.{PREFIX}{name}").run
    return run


def tables(rows: list[Row]) -> list[Table]:
    """The rows as they are shown, a table for each group of them, within 80 columns."""
    return [table(title, [row for row in rows if row.group == title]) for title in dict.fromkeys(r.group for r in rows)]


def table(title: str, rows: list[Row]) -> Table:
    """The rows of one group; what is to be said of single ones stands below all."""
    notes = "\n".join(f"{row.what}: {row.note}" for row in rows if row.note)
    shown = Table(title=title, caption=notes, box=SIMPLE_HEAD, title_justify="left", caption_justify="left")
    shown.add_column("what", overflow="fold")
    for heading in ("baseline", "ours", "ratio", "target"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("", no_wrap=True)
    for row in rows:
        bound = f"{'<' if row.at_most else '>'} {row.target:g} x"
        times = [duration(row.baseline_s), duration(row.ours_s), f"{row.ratio:.3g} x", bound]
        shown.add_row(row.what, *times, "[green]met[/]" if row.met else "[red]missed[/]")
    return shown


def claims_table(rates: list[Rate]) -> Table:
    """Rates of false claims as they are shown."""
    shown = Table(title=f"False claims in studies where nothing differs, nominally {100 * NOMINAL:g} %")
    shown.add_column("verdict", overflow="fold")
    shown.add_column("page", overflow="fold")
    for heading in ("seeds", "images", "claimed", "studies"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("")
    for each in rates:
        rate = f"{100 * each.rate:.1f} ± {100 * each.error:.1f} %"
        counts = [str(each.null.seeds), f"{each.null.images:,}", rate, str(each.studies)]
        shown.add_row(each.claim.verdict, each.claim.page, *counts, "[green]met[/]" if each.met else "[red]above[/]")
    return shown


def figures_table(rows: list[Figures]) -> Table:
    """Figures as they are shown, what is above its goal in red."""
    goals = ", ".join(f"{heading} {goal:g}" for heading, goal in rows[0].goals.items())
    shown = Table(title=f"At most: {goals}")
    shown.add_column("what", overflow="fold")
    for heading in rows[0].values:
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("note", overflow="fold")
    for row in rows:
        figures = (f"{value:,.0f}" if row.met(each) else f"[red]{value:,.0f}[/]" for each, value in row.values.items())
        shown.add_row(row.what, *figures, row.note)
    return shown


def duration(seconds: float) -> str:
    """Seconds in the unit that reads best, to three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def main(
    name: Annotated[str | None, typer.Argument(help="Run only this benchmark.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Less work and fewer repeats: to see that it runs.")] = False,
) -> None:
    """Time what must be fast against a plain way of doing it, and show the ratios beside their targets."""
    console = Console()
    rows: list[Row | Rate | Figures] = []
    try:
        for chosen in [name] if name else names():
            run = load(chosen)
            with console.status(f"Measuring {chosen} ..."):
                rows += run(quick)
    except UserError as error:
        console.print(f"[red]{error}[/]", highlight=False)
        raise typer.Exit(2) from None
    if times := [row for row in rows if isinstance(row, Row)]:
        for each in tables(times):
            console.print(each)
    if found := [row for row in rows if isinstance(row, Rate)]:
        console.print(claims_table(found))
    figures = [row for row in rows if isinstance(row, Figures)]
    for headings in dict.fromkeys(tuple(row.values) for row in figures):
        console.print(figures_table([row for row in figures if tuple(row.values) == headings]))


if __name__ == "__main__":
    typer.run(main)
