"""What the command line has in common: progress bars with the time left, and errors as one sentence."""

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeft
from rich.table import Column

from pruning.errors import UserError, few
from pruning.finders.lineage import cost
from pruning.recipe import Recipe
from pruning.study import staleness
from pruning.study.folder import Study
from pruning.study.runner import Event, Outcome

INTERRUPTED = 130  # the shell's exit status for a program stopped by Ctrl-C


def main(app: typer.Typer) -> None:
    """Run a command line: a `UserError` becomes its sentence on stderr and exit status 2, never a traceback."""
    console = Console(stderr=True)
    try:
        app()
    except UserError as error:
        console.print(f"[bold red]Error:[/bold red] {_plain(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(2)


@contextmanager
def stoppable(done: str) -> Iterator[None]:
    """Let Ctrl-C end a command with a sentence: what was `done` ("found", "measured") is kept."""
    try:
        yield
    except KeyboardInterrupt:
        sentence = f"Stopped. What was {done} is kept; the same command goes on from here."
        Console(stderr=True).print(sentence, highlight=False, soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def bars(console: Console) -> Progress:
    """Progress bars that say how far, how long, and how long still."""
    return Progress(
        TextColumn("{task.description}", table_column=Column(min_width=34, no_wrap=True)),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeLeft(),
        console=console,
        # the time left is judged from the last few minutes, since tickets differ in what they cost
        speed_estimate_period=300,
    )


class RunDisplay:
    """The progress of a run: one bar for all of it and one for each ticket in work.

    Where there is no terminal, each finished ticket is a line instead.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.console = Console()
        self.progress = bars(self.console)
        self.tasks: dict[str, TaskID] = {}
        self.costs: dict[str, float] = {}
        self.fractions: dict[str, float] = {}
        self.began = time.monotonic()

    def __enter__(self) -> Self:
        self.all = self.progress.add_task("All tickets", total=1.0, visible=False)
        if self.console.is_terminal:
            self.progress.start()
        return self

    def plan(self, steps: list[Recipe], there: int) -> None:
        """Say what is to be done; `there` tickets need nothing."""
        self.costs = {recipe.id: cost(recipe) for recipe in steps}
        have = "1 ticket is" if there == 1 else f"{there} tickets are"
        self.console.print(f"{self.study.config.title}: {have} there, {len(steps)} steps to do.")
        self.progress.update(self.all, total=sum(self.costs.values()) or 1.0, visible=bool(steps))

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.console.is_terminal:
            self.progress.stop()

    def tell(self, event: Event) -> None:
        """Show that something happened to a ticket."""
        recipe = event.recipe
        name = f"{recipe.label}, seed {recipe.seed}"
        if recipe.id not in self.tasks:
            self.tasks[recipe.id] = self.progress.add_task(f"  {name}", total=1.0)
        self.fractions[recipe.id] = event.fraction
        self.progress.update(self.tasks[recipe.id], completed=event.fraction)
        done = sum(self.costs.get(key, 0.0) * fraction for key, fraction in self.fractions.items())
        self.progress.update(self.all, completed=done)
        if event.info is not None or event.problem is not None:
            self.progress.update(self.tasks[recipe.id], visible=False)
            self._line(event, name)

    def _line(self, event: Event, name: str) -> None:
        if event.problem is not None:
            self.progress.console.print(f"[red]{name}: {_plain(event.problem)}[/red]", highlight=False, soft_wrap=True)
        elif event.info is not None:
            if event.info.collapsed:
                empty = few(event.info.collapsed)
                self.progress.console.print(
                    f"[yellow]{name}: layer collapse, nothing is kept in {empty}.[/yellow]", highlight=False
                )
            if not self.console.is_terminal:
                found, left = event.info.accuracy, self._left()
                # a network stopped on the way, to be rewound to, is not tried on the test images
                accuracy = "" if math.isnan(found) else f"accuracy {100 * found:.1f} %, "
                self.console.print(
                    f"{event.recipe.id}  {name}: {accuracy}{event.info.own_seconds:.1f} s; about {left:.0f} s left",
                    highlight=False,
                    soft_wrap=True,
                )

    def _left(self) -> float:
        task = self.progress.tasks[self.all]
        done = task.completed
        return (time.monotonic() - self.began) * ((task.total or 0.0) - done) / done if done else float("nan")

    def summary(self, outcome: Outcome) -> None:
        """Say at the end what was found and what to do next."""
        asked = {recipe.id for recipe in self.study.recipes()}
        found = sum(recipe.id in asked for recipe in outcome.found)
        steps = len(outcome.found) - found
        also = f" and {steps} steps between" if steps else ""
        self.console.print(
            f"Found {found} tickets{also}, {outcome.there_before} were there before, {len(outcome.failed)} failed."
        )
        if sentence := staleness.summary(self.study):
            self.console.print(sentence, style="yellow", markup=False, highlight=False, soft_wrap=True)
        self.console.print(f"Next: python -m analysis run {self.study.path}", highlight=False, soft_wrap=True)
