"""What a benchmark reports, and how two ways of doing one thing are timed against each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter, process_time


@dataclass(frozen=True)
class Row:
    """One comparison: seconds of the baseline and of this project's way, and the ratio that is aimed at.

    The ratio is baseline / ours, "so many times faster", at least `target`; with `at_most` it is ours / baseline, "so
    many times the cost", at most `target`. `note` is anything the reader needs, such as the memory used; rows of one
    `group` stand under it as their title.
    """

    what: str
    baseline_s: float
    ours_s: float
    target: float
    at_most: bool = False
    note: str = ""
    group: str = "Ratios, not seconds, are the aim"

    @property
    def ratio(self) -> float:
        """The measured ratio."""
        return self.ours_s / self.baseline_s if self.at_most else self.baseline_s / self.ours_s

    @property
    def met(self) -> bool:
        """Whether the ratio reaches the target."""
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target


@dataclass(frozen=True)
class Figures:
    """What was measured of one thing, by heading, and what it is to be at most."""

    what: str
    values: Mapping[str, float]
    goals: Mapping[str, float]
    note: str = ""

    def met(self, heading: str) -> bool:
        """Whether a figure is within its goal."""
        return self.values[heading] <= self.goals[heading]


def seconds(work: Callable[[], object], cpu: bool = False) -> float:
    """Seconds of one call: on the clock, or with `cpu` those that processors worked for this process."""
    clock = process_time if cpu else perf_counter
    start = clock()
    work()
    return clock() - start


def versus(
    baseline: Callable[[], object], ours: Callable[[], object], repeats: int = 5, cpu: bool = False
) -> tuple[float, float]:
    """The best seconds of each over `repeats` calls, taken in turn so that a busy machine troubles both alike.

    Ours is called once beforehand, so that what is done once in a process (imports, compiling) is not in it. When one
    takes far longer than the other, a busy machine still troubles the longer one more, as it is interrupted more often;
    of work on one thread take `cpu` seconds then, which do not count interruptions.
    """
    ours()
    times = [(seconds(baseline, cpu), seconds(ours, cpu)) for _ in range(repeats)]
    return min(first for first, _ in times), min(second for _, second in times)
