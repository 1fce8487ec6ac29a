"""How far a measurement is: a bar with the time left, or a line now and then where there is no terminal."""

import time
from typing import Self

from rich.console import Console

from pruning.cli.progress_bar import bars

LINE_EVERY = 10.0  # seconds between lines where there is no terminal


class Display:
    """Shows progress while it is entered."""

    def __init__(self, title: str) -> None:
        self.console = Console()
        self.bar = bars(self.console)
        self.task = self.bar.add_task(title, total=None)
        self.began = self.last = time.monotonic()

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.console.is_terminal:
            self.bar.stop()

    def tell(self, done: float, total: float, text: str) -> None:
        """So much of the total is done, and this is in work."""
        self.bar.update(self.task, completed=done, total=total, description=text or "looking at what is there")
        now = time.monotonic()
        if not self.console.is_terminal and done and now - self.last >= LINE_EVERY:
            self.last = now
            left = (now - self.began) * (total - done) / done
            self.console.print(f"{100 * done / total:3.0f} %  {text}; about {left:.0f} s left", highlight=False)
