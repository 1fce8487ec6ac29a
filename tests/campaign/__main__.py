"""python -m tests.campaign [--count N] [--seed N] [NAME ...]: long runs that look for what the tests have no time for.

A campaign is a module `campaign_NAME.py` beside this file with `run(count, seed) -> Tally`. The aim is 0 in every row.
"""

import importlib
import pkgutil
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pruning.errors import UserError, unknown
from tests import campaign
from tests.campaign.tally import FAULTS, Campaign, Tally

PREFIX = "campaign_"


def names() -> list[str]:
    """The campaigns there are."""
    found = (module.name for module in pkgutil.iter_modules(campaign.__path__))
    return sorted(name.removeprefix(PREFIX) for name in found if name.startswith(PREFIX))


def load(name: str) -> Campaign:
    """The campaign of that name. Raises UserError when there is none."""
    if name not in names():
        raise unknown("campaign", name, names())
    run: Campaign = importlib.import_module(f"tests.campaign.{PREFIX}{name}").run
    return run


def table(found: dict[str, tuple[Tally, float]]) -> Table:
    """Tallies as they are shown, with the minutes that they took."""
    shown = Table(title="0 in every row is the aim")
    shown.add_column("campaign")
    for heading in ("tried", *FAULTS, "minutes"):
        shown.add_column(heading, justify="right")
    for name, (tally, seconds) in found.items():
        counts = [f"[red]{tally.faults[fault]}[/]" if tally.faults[fault] else "0" for fault in FAULTS]
        shown.add_row(name, f"{tally.tried:,}", *counts, f"{seconds / 60:.1f}")
    return shown


def main(
    chosen: Annotated[list[str] | None, typer.Argument(help="Only these campaigns.", metavar="[NAME]...")] = None,
    count: Annotated[int, typer.Option(min=1, help="How often each tries.")] = 1000,
    seed: Annotated[int, typer.Option(help="Another seed tries other things.")] = 0,
) -> None:
    """Run campaigns one after another; the status is 1 where anything went wrong."""
    console = Console()
    found: dict[str, tuple[Tally, float]] = {}
    try:
        for name, run in {name: load(name) for name in chosen or names()}.items():
            began = time.monotonic()
            with console.status(f"{name} ..."):
                tally = run(count, seed)
            found[name] = tally, time.monotonic() - began
            for example in tally.examples:
                console.print(f"{name}: {example}", style="red", markup=False, highlight=False)
    except UserError as error:
        console.print(f"[red]{error}[/]", highlight=False)
        raise typer.Exit(2) from None
    console.print(table(found))
    raise typer.Exit(int(any(tally.faults.total() for tally, _ in found.values())))


if __name__ == "__main__":
    typer.run(main)
