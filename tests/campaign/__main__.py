"""python -m tests.campaign [--count N] [--seed N] [NAME ...]: long runs that look for what the tests have no time for.

A campaign is a module `campaign_NAME.py` beside this file with `run(count, seed, tally)`, and a `SHARE` of the count
where a try takes long, 0 where all is tried once. The aim is 0 in every row.
Ctrl-C, or a signal to end, shows what was found until then.
"""

import importlib
import pkgutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from pruning.cli.console import PlainConsole
from pruning.errors import UserError, unknown
from pruning.progress import duration, time_left
from tests import campaign
from tests.campaign.tally import FAULTS, Campaign, Tally

PREFIX = "campaign_"
EVERY = 60  # seconds between two words on a campaign


def names() -> list[str]:
    """The campaigns there are."""
    found = (module.name for module in pkgutil.iter_modules(campaign.__path__))
    return sorted(name.removeprefix(PREFIX) for name in found if name.startswith(PREFIX))


def load(name: str) -> tuple[Campaign, float]:
    """The campaign of that name, and its share of the count. Raises UserError when there is none."""
    if name not in names():
        raise unknown("campaign", name, names())
    module = importlib.import_module(f"tests.campaign.{PREFIX}{name}")
    return module.run, getattr(module, "SHARE", 1.0)


def table(found: dict[str, tuple[Tally, float]]) -> Table:
    """Tallies as they are shown, with the minutes that they took."""
    shown = Table(title="0 in every row is the aim")
    shown.add_column("campaign")
    for heading in ("tried", *FAULTS, "minutes"):
        shown.add_column(heading, justify="right")
    for name, (tally, seconds) in found.items():
        counts = [Text(f"{tally.faults[fault]:,}", "red" if tally.faults[fault] else "") for fault in FAULTS]
        shown.add_row(name, f"{tally.tried:,}", *counts, f"{seconds / 60:.1f}")
    return shown


def main(
    chosen: Annotated[list[str] | None, typer.Argument(help="Only these campaigns.", metavar="[NAME]...")] = None,
    count: Annotated[int, typer.Option(min=1, help="How often each tries; slow ones a share of it.")] = 1000,
    seed: Annotated[int, typer.Option(help="Another seed tries other things.")] = 0,
) -> None:
    """Run campaigns one after another; the status is 1 where anything went wrong."""
    console = PlainConsole()
    found: dict[str, tuple[Tally, float]] = {}
    try:
        for name, (run, share) in {name: load(name) for name in chosen or names()}.items():
            began, tally, tries = time.monotonic(), Tally(), max(1, round(share * count))
            try:
                with _told(name, tries, tally, console):
                    run(tries, seed, tally)
            finally:
                found[name] = tally, time.monotonic() - began
                for example in tally.examples:
                    console.print(f"{name}: {example}", style="red", highlight=False)
    except UserError as error:
        console.print(str(error), style="red", highlight=False)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        console.print(table(found))
        raise typer.Exit(130) from None
    console.print(table(found))
    raise typer.Exit(int(any(tally.faults.total() for tally, _ in found.values())))


@contextmanager
def _told(name: str, count: int, tally: Tally, console: PlainConsole) -> Iterator[None]:
    """Say now and then how far a campaign is: in a file or a pipe too, where hours would pass without a word."""
    began, done = time.monotonic(), threading.Event()

    def tell() -> None:
        while not done.wait(EVERY):
            words = f"{name}: {tally.tried:,} tried, {tally.faults.total()} faults"
            if 0 < tally.tried <= count:  # not of those that count otherwise than in tries
                left = time_left(began, time.monotonic(), tally.tried / count)
                words += "" if left is None else f"; about {duration(left)} left of {count:,}"
            console.print(words, highlight=False)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


if __name__ == "__main__":
    for ending in (signal.SIGINT, signal.SIGTERM):  # also where the shell that began it has interrupts ignored
        signal.signal(ending, signal.default_int_handler)
    typer.run(main)
