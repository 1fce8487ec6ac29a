"""How far work is: one protocol for whatever takes time, a fraction in [0, 1] and what is being done, in words."""

import sys
import time
from typing import Protocol

from pruning.errors import UserError

EVERY = 0.1
"""Seconds between two tidings of a line."""
WIDTH = 60


class Progress(Protocol):
    """Told how far a piece of work is. The fraction is in [0, 1]; the text says what is being done."""

    def __call__(self, fraction: float, text: str, /) -> None:
        """Take notice of the fraction that is done."""


TOO_EARLY = 0.01
"""The fraction below which nothing is said of the time left: the first steps take longer than those after them."""


def time_left(began: float, now: float, fraction: float) -> float | None:
    """Seconds until all is done if it goes on as until now; None where it is too early to say."""
    return (now - began) * (1 - fraction) / fraction if fraction >= TOO_EARLY else None


def duration(seconds: float) -> str:
    """Seconds in the unit that people would say."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def quiet(fraction: float, text: str, /) -> None:
    """Tell nobody."""


def as_progress(progress: Progress | bool | None) -> Progress:
    """The progress that a user asks for: True is a line on the standard error output, False and None are nothing.

    Raises:
        UserError: it is something else.
    """
    if progress is None or progress is False:
        return quiet
    if progress is True:
        return _line()
    if not callable(progress):
        raise UserError(f"Give `progress` as True, or as a function of a fraction and a text, not as {progress!r}.")
    return progress


def _line() -> Progress:
    """One line that is written over, and ended with the work."""
    last = float("-inf")

    def tell(fraction: float, text: str, /) -> None:
        nonlocal last
        now = time.monotonic()
        if last < float("inf") and (fraction >= 1 or now - last >= EVERY):
            last = float("inf") if fraction >= 1 else now
            end = "\n" if fraction >= 1 else ""
            sys.stderr.write(f"\r{100 * fraction:3.0f} %  {text[:WIDTH]:{WIDTH}}{end}")
            sys.stderr.flush()

    return tell


def share(progress: Progress, start: float, width: float, label: str = "") -> Progress:
    """Return the progress of a part of the work.

    Args:
        progress: that of the whole.
        start: the fraction of the whole at which the part begins.
        width: the fraction of the whole that the part takes.
        label: what the part is called; it stands before its texts.
    """
    prefix = f"{label}: " if label else ""
    return lambda fraction, text: progress(start + width * fraction, prefix + text)


def saying(progress: Progress, text: str) -> Progress:
    """Return a progress that always says the same text."""
    return lambda fraction, _: progress(fraction, text)


def both(one: Progress, other: Progress) -> Progress:
    """Return a progress that tells two."""

    def tell(fraction: float, text: str, /) -> None:
        one(fraction, text)
        other(fraction, text)

    return tell


def throttled(progress: Progress, step: float = 0.01, seconds: float = 0.05) -> Progress:
    """Return a progress that passes on only what is at least `step` further and `seconds` later than the last."""
    told, when = 0.0, float("-inf")

    def tell(fraction: float, text: str, /) -> None:
        nonlocal told, when
        now = time.monotonic()
        if fraction - told >= step and now - when >= seconds:
            told, when = fraction, now
            progress(fraction, text)

    return tell


class Total:
    """Adds up tasks of different costs, which may go on side by side, into one progress that never goes backwards.

    Args:
        cost: that of all tasks together, in any unit.
        progress: told how far all of it is.
    """

    def __init__(self, cost: float, progress: Progress = quiet) -> None:
        self._cost, self._progress = cost, progress
        self._done, self._furthest = 0.0, 0.0

    def task(self, cost: float, label: str = "") -> Progress:
        """Return the progress of a task of that cost; the task is done when it is told 1."""
        own = 0.0
        prefix = f"{label}: " if label else ""

        def tell(fraction: float, text: str, /) -> None:
            nonlocal own
            self._done += cost * (fraction - own)
            own = fraction
            self._tell(prefix + text)

        return tell

    def finish(self, text: str = "done") -> None:
        """Say that all of it is done, whatever was left out."""
        self._done = self._cost
        self._tell(text)

    def _tell(self, text: str) -> None:
        fraction = self._done / self._cost if self._cost else 1.0
        self._furthest = max(self._furthest, min(fraction, 1.0))
        self._progress(self._furthest, text)
