"""The progress of a run: one bar for all of it and one for each ticket in work, or a line for each finished ticket."""

import math
import time
from collections.abc import Sequence
from typing import Self

from pruning.cli.console import PlainConsole, readable
from pruning.cli.progress_bar import bars
from pruning.cli.progress_file import ProgressFile
from pruning.errors import few
from pruning.progress import Progress, duration, time_left
from pruning.recipe import Recipe
from pruning.study import staleness
from pruning.study.commands import measuring
from pruning.study.folder import Study
from pruning.study.runner import RunSummary, Watcher
from pruning.tasks import get_task
from pruning.ticket import TicketInfo

LINE_EVERY = 60.0
"""Seconds between lines on a ticket where there is no terminal."""
PREPARING_EVERY = 10.0
"""The same while data are read."""


class RunDisplay(Watcher):
    """Shows a run while it is entered; it watches the tickets, and `tell` is the progress of all of them."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._console = PlainConsole()
        self._bars = bars(self._console)
        self._all = self._bars.add_task("All tickets", total=1.0, visible=False)
        self._began, self._fraction = time.monotonic(), 0.0
        self._file = ProgressFile()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bars.stop()

    def tell(self, fraction: float, text: str, /) -> None:
        """Show how far the whole run is."""
        self._fraction = fraction
        self._file.tell(fraction, text)
        self._bars.update(self._all, completed=fraction)

    def planned(self, steps: Sequence[Recipe], there_before: int) -> None:
        """Say what is to be done."""
        have = "1 ticket is" if there_before == 1 else f"{there_before} tickets are"
        self._console.print(f"{self.study.config.title}: {have} there, {len(steps)} steps to do.")
        self._bars.update(self._all, visible=bool(steps))

    def preparing(self) -> Progress:
        """Show how far the data are read, on a bar that is there from the first tidings."""
        told, task = 0.0, self._bars.add_task("", total=1.0, visible=False)

        def tell(fraction: float, text: str, /) -> None:
            nonlocal told
            self._file.tell(0.0, text)
            self._bars.update(task, completed=fraction, visible=fraction < 1, description=readable(text))
            if not self._console.is_terminal and time.monotonic() - told >= PREPARING_EVERY:
                told = time.monotonic()
                self._say(text)

        return tell

    def started(self, recipe: Recipe) -> Progress:
        """Show a bar for the ticket until it is over; where there is no terminal a line, and another now and then."""
        name, said = _name(recipe), time.monotonic()
        task = self._bars.add_task(f"  {readable(name)}", total=1.0)
        if not self._console.is_terminal:
            self._say(f"{recipe.id}  {name}: begun")

        def tell(fraction: float, text: str, /) -> None:
            nonlocal said
            self._bars.update(task, completed=fraction, visible=fraction < 1)
            if not self._console.is_terminal and fraction < 1 and time.monotonic() - said >= LINE_EVERY:
                said = time.monotonic()
                self._say(f"{recipe.id}  {name}: {100 * fraction:.0f} %, {text}{self._left(' in all')}")

        return tell

    def found(self, recipe: Recipe, info: TicketInfo) -> None:
        """Say what came out, and which layers collapsed."""
        if info.collapsed:
            empty = few(info.collapsed)
            self._say(f"{_name(recipe)}: layer collapse, nothing is kept in {empty}.", "yellow")
        if not self._console.is_terminal:
            # a network stopped on the way, to be rewound to, is not tried on the test images
            score = get_task(recipe.task).score
            reached = "" if math.isnan(info.accuracy) else f"{score.name} {score.text(info.accuracy)}, "
            self._say(f"{recipe.id}  {_name(recipe)}: {reached}{info.own_seconds:.1f} s{self._left()}")

    def failed(self, recipe: Recipe, problem: str) -> None:
        """Say why."""
        self._say(f"{_name(recipe)}: {problem}", "red")

    def summary(self, summary: RunSummary) -> None:
        """Say at the end what was found and what to do next."""
        found = sum(map(self.study.asks_for, summary.found))
        steps = len(summary.found) - found
        also = f" and {steps} steps between" if steps else ""
        self._say(
            f"Found {found} tickets{also}, {summary.there_before} were there before, {len(summary.failed)} failed."
        )
        if sentence := staleness.summary(self.study):
            self._say(sentence, "yellow")
        self._say(f"Next: {measuring(self.study.path)}")

    def _left(self, of: str = "") -> str:
        """How long the rest will take; nothing where that is not known, as before any training is over."""
        left = time_left(self._began, time.monotonic(), self._fraction)
        return "" if left is None else f"; about {duration(left)} left{of}"

    def _say(self, text: str, style: str | None = None) -> None:
        self._console.print(text, style=style, highlight=False, soft_wrap=True)


def _name(recipe: Recipe) -> str:
    return f"{recipe.label}, seed {recipe.seed}"
