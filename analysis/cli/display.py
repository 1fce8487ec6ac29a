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

    def tell(self, fraction: float, text: str, /) -> None:
        """So much is done, and this is in work."""
        self.bar.update(self.task, completed=fraction, total=1.0, description=text)
        now = time.monotonic()
        if not self.console.is_terminal and fraction and now - self.last >= LINE_EVERY:
            self.last = now
            left = (now - self.began) * (1 - fraction) / fraction
            self.console.print(f"{100 * fraction:3.0f} %  {text}; about {left:.0f} s left", highlight=False)
