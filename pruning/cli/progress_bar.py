"""How far work is: a bar with the time left, or a line now and then where there is no terminal."""

import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeft
from rich.table import Column

from pruning.cli.console import PlainConsole, readable
from pruning.cli.progress_file import ProgressFile
from pruning.progress import duration, time_left

LINE_EVERY = 10.0
"""Seconds between lines where there is no terminal."""


def bars(console: Console) -> Progress:
    """Return progress bars that say how far, how long, and how long still."""
    return Progress(
        TextColumn("{task.description}", markup=False, table_column=Column(min_width=34, no_wrap=True)),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeLeft(),
        console=console,
        # the time left is judged from the last few minutes, since tickets differ in what they cost
        speed_estimate_period=300,
    )


class ProgressBar:
    """Shows how far work is while it is entered; `tell` is the progress that it shows."""

    def __init__(self, title: str) -> None:
        self.console = PlainConsole()
        self._bar = bars(self.console)
        self._task = self._bar.add_task(readable(title), total=1.0)
        self._began = self._last = time.monotonic()
        self._file = ProgressFile()

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.console.is_terminal:
            self._bar.stop()

    def tell(self, fraction: float, text: str, /) -> None:
        """Show that this fraction is done, and what is in work."""
        self._file.tell(fraction, text)
        self._bar.update(self._task, completed=fraction, description=readable(text) or "looking at what is there")
        now = time.monotonic()
        if not self.console.is_terminal and text and now - self._last >= LINE_EVERY:
            self._last = now
            left = time_left(self._began, now, fraction)
            more = "" if left is None else f"; about {duration(left)} left"
            self.console.print(f"{100 * fraction:3.0f} %  {text}{more}", highlight=False)
