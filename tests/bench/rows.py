"""What a benchmark reports, and how two ways of doing one thing are timed against each other."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True)
class Row:
    """One comparison: seconds of the baseline and of this project's way, and the ratio that is aimed at.

    The ratio is baseline / ours, "so many times faster", at least `target`; with `at_most` it is ours / baseline, "so
    many times the cost", at most `target`. `note` is anything the reader needs, such as the memory used.
    """

    what: str
    baseline_s: float
    ours_s: float
    target: float
    at_most: bool = False
    note: str = ""

    @property
    def ratio(self) -> float:
        """The measured ratio."""
        return self.ours_s / self.baseline_s if self.at_most else self.baseline_s / self.ours_s

    @property
    def met(self) -> bool:
        """Whether the ratio reaches the target."""
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = perf_counter()
    work()
    return perf_counter() - start


def versus(baseline: Callable[[], object], ours: Callable[[], object], repeats: int = 5) -> tuple[float, float]:
    """The best seconds of each over `repeats` calls, taken in turn so that a busy machine troubles both alike.

    Ours is called once beforehand, so that what is done once in a process (imports, compiling) is not in it.
    """
    ours()
    times = [(seconds(baseline), seconds(ours)) for _ in range(repeats)]
    return min(first for first, _ in times), min(second for _, second in times)
