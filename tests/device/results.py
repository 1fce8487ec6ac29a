"""What a check of a device gives, and the table of all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter

import torch
from rich.box import SIMPLE_HEAD
from rich.table import Table

from tests.bench.__main__ import duration


@dataclass(frozen=True)
class Result:
    """One figure: what it is of, its value, and the most that it may be."""

    check: str
    what: str
    value: float
    most: float
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the value is within its bound; what is no number is not."""
        return self.value <= self.most


Check = Callable[[torch.device, bool], Iterable[Result]]


def synchronised(device: torch.device) -> None:
    """Wait until the device has done what it was given."""
    if device.type in ("cuda", "mps"):
        getattr(torch, device.type).synchronize()


def seconds(work: Callable[[], object], device: torch.device, repeats: int = 3) -> float:
    """The least seconds on the clock of some calls, after one to warm up."""
    work()
    times = []
    for _ in range(repeats):
        synchronised(device)
        start = perf_counter()
        work()
        synchronised(device)
        times.append(perf_counter() - start)
    return min(times)


def table(results: Iterable[Result], title: str) -> Table:
    """Results as they are shown, within 80 columns."""
    shown = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    shown.add_column("check", no_wrap=True)
    shown.add_column("what", overflow="fold")
    for heading in ("value", "at most"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("", no_wrap=True)
    for each in results:
        what = f"{each.what} ({each.note})" if each.note else each.what
        figures = f"{each.value:.3g}", f"{each.most:g}"
        shown.add_row(each.check, what, *figures, "[green]holds[/]" if each.holds else "[red]fails[/]")
    return shown


def rate(images: int, spent: float) -> str:
    """How fast that was: ``1,200 images/s in 3.1 s``."""
    return f"{images / spent:,.0f} images/s in {duration(spent)}"
