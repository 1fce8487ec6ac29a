"""How long a network takes for a batch on this machine, and how much faster a smaller one is.

The two take turns in one process, so that whatever else the machine does, and its clock, slows both alike. Where one
thread does all the work, what is measured is how long the processor worked for it, so that other programs on a busy
machine add nothing; several threads are timed by the clock on the wall. An interval is that of the median over the
rounds by order statistics, which assumes nothing of how times are spread; it says how far to trust this measurement,
not what another machine would give.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from pruning.training.precision import as_input, prepare, settled

LEVEL = 0.95
WARM_UP = 3
ROUNDS = (11, 61)
"""Fewest and most rounds."""
SECONDS = 0.3
"""How long the rounds last together, but for the fewest that there must be."""

BATCH = 64
MACS = 2_500_000_000
"""Multiply-adds that a batch may take: a large network is shown fewer images at once."""

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Interval:
    """A median with the bounds of its 95 % interval."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Interval:
        """In another unit."""
        return Interval(self.value * factor, self.low * factor, self.high * factor)


def batch_size(macs: int) -> int:
    """How many images are shown at once to a network of `macs` multiply-adds: 64, or a smaller power of two."""
    size = BATCH
    while size > 1 and size * macs > MACS:
        size //= 2
    return size


def median(values: ArrayLike) -> Interval:
    """The median and its interval between two order statistics, of six values or more (David & Nagaraja 2003, 7.1).

    The bounds are the k-th smallest and largest value, k as large as leaves no more than 2.5 % of chance on each side.
    Raises ValueError for fewer values, of which no two enclose the median that surely.
    """
    from scipy import stats  # not before it is needed: it takes half a second

    ordered = np.sort(np.asarray(values, dtype=float))
    count = len(ordered)
    rank = int(stats.binom.ppf((1 - LEVEL) / 2, count, 0.5))  # the first with more than 2.5 % up to it
    if rank < 1:
        raise ValueError(f"{count} values are too few for an interval of the median.")
    return Interval(float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[count - rank]))


def rounds(
    calls: Sequence[Callable[[], object]], seconds: float = SECONDS, clock: Callable[[], float] = time.perf_counter
) -> np.ndarray:
    """Seconds by `clock` that each call took in each round, float64 [rounds, calls].

    In every other round they go backwards. No round begins later than `seconds` after the first, but for the fewest
    that there must be.
    """
    for _ in range(WARM_UP):
        for call in calls:
            call()
    fewest, most = ROUNDS
    found = np.empty((most, len(calls)))
    began = time.perf_counter()
    for turn in range(most):
        if turn >= fewest and time.perf_counter() - began > seconds:
            return found[:turn]
        places = range(len(calls)) if turn % 2 == 0 else reversed(range(len(calls)))
        for place in places:
            start = clock()
            calls[place]()
            found[turn, place] = clock() - start
    return found


def training_times(
    models: Sequence[nn.Module], images: Tensor, labels: Tensor, macs: int, seconds: float = SECONDS
) -> np.ndarray:
    """Seconds that each network took for a training step on a batch, float64 [rounds, networks]; as `times` else.

    A step is a pass forward and back and one of SGD at a learning rate of 0, so that the weights stay.
    """
    with settled(macs):
        ready = [prepare(model.train(), CPU, macs) for model in models]
        shown = as_input(images, CPU, macs)
        optimizers = [torch.optim.SGD(model.parameters(), lr=0.0, momentum=0.9) for model in ready]

        def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(shown), labels).backward()
            optimizer.step()

        return rounds([partial(step, *pair) for pair in zip(ready, optimizers, strict=True)], seconds, _clock())


def _clock() -> Callable[[], float]:
    return time.thread_time if torch.get_num_threads() == 1 else time.perf_counter


@torch.no_grad()
def times(models: Sequence[nn.Module], images: Tensor, macs: int, seconds: float = SECONDS) -> np.ndarray:
    """Seconds that each network took for `images` [N, C, H, W] in each round, float64 [rounds, networks].

    They run on the CPU as the project runs a network of `macs` multiply-adds an image: its threads, its layout.
    """
    with settled(macs):
        ready = [prepare(model.eval(), CPU, macs) for model in models]
        shown = as_input(images, CPU, macs)
        return rounds([partial(model, shown) for model in ready], seconds, _clock())


@cache
def machine() -> str:
    """The processor's name, such as "Intel(R) Xeon(R) CPU @ 2.20GHz"."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine() or "unknown"
