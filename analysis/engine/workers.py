"""Groups of tickets measured in this process, or side by side in several, a condition each.

Which process measures a condition makes no difference to the result. Small networks, which use one thread each, are
measured in as many processes as there are cores; large ones, and all on a GPU, in one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

from analysis.engine.evaluation import Group, Station, Task
from analysis.engine.images import Material
from analysis.engine.jobs import Meter, Tell
from analysis.engine.settings import AnalysisConfig
from pruning.data import load_data
from pruning.execution import old_workers as processes
from pruning.study.folder import Study
from pruning.training.precision import SMALL_NETWORK, pick_device

WORTH_SECONDS = 20.0
"""Work of fewer seconds on one core is done before further processes would have started."""
TELL_STEP = 0.05  # a worker tells of progress when it has gone on by this fraction

Done = Callable[[Group, list[str]], None]
"""Told when a group is measured, with a sentence for whatever was left out."""


def pick_jobs(asked: int, macs: int, seconds: float) -> int:
    """How many processes: `asked`, or as many as pay where that is 0; one for large networks and on a GPU."""
    if pick_device().type != "cpu" or macs >= SMALL_NETWORK:
        return 1
    return asked or (processes.cores() if seconds >= WORTH_SECONDS else 1)


def in_turn(station: Station, groups: Iterator[Group], per_weight: float, meter: Meter, done: Done) -> None:
    """Measure the groups' tasks in this process; one of weight 1 costs `per_weight` seconds on the meter."""
    for group in groups:
        problems: list[str] = []
        if group.tasks:
            station.open(group.ids, group.tickets)
        for task in group.tasks:
            with meter.part(task.weight * per_weight) as tell:
                file, found = station.perform(task, tell)
            group.files.append(file)
            problems += found
        done(group, problems)


@dataclass(eq=False)
class _Open:
    """A group whose tasks are not all done."""

    group: Group
    waiting: deque[Task]
    running: int = 0
    problems: list[str] = field(default_factory=list)


class SideBySide:
    """Measures groups in several processes."""

    def __init__(
        self, study: Study, config: AnalysisConfig, root: str | Path | None, per_weight: float, meter: Meter, done: Done
    ) -> None:
        self.source = (study, config, root)
        self.per_weight, self.meter, self.done = per_weight, meter, done
        self.open: list[_Open] = []
        self.running: dict[Future[tuple[Path, list[str]]], tuple[_Open, Task, int]] = {}
        self.number = 0

    def run(self, groups: Iterator[Group], jobs: int) -> None:
        """Measure the groups' tasks in `jobs` processes, the groups one after the other.

        Raises UserError when a worker died or could not write; what it had finished is in the journal.
        """
        with processes.workers(jobs, "measured") as workers:
            # More tasks than there are workers, so that none waits while the parent writes a group's results.
            while self._fill(workers, groups, 4 * jobs):
                finished = wait(self.running, processes.POLL_SECONDS, FIRST_COMPLETED).done
                for number, fraction, text in workers.news():
                    self._tell(number, fraction, text)
                for future in finished:
                    self._finish(future)

    def _fill(self, workers: processes.Workers, groups: Iterator[Group], most: int) -> bool:
        """Give the workers what they can take; whether there is still something to wait for."""
        while len(self.running) < most:
            one = next((one for one in self.open if one.waiting), None)
            if one is None:
                group = next(groups, None)
                if group is None:
                    break
                group.tickets.clear()  # the workers load them themselves
                self.open.append(_Open(group, deque(group.tasks)))
                self._close()
                continue
            task, self.number = one.waiting.popleft(), self.number + 1
            one.running += 1
            future = workers.submit(_in_worker, self.source, one.group.ids, task, self.number)
            self.running[future] = (one, task, self.number)
        return bool(self.running)

    def _tell(self, number: int, fraction: float, text: str) -> None:
        for _, task, own in self.running.values():
            if own == number:
                self.meter.tell(number, task.weight * self.per_weight, fraction, text)

    def _finish(self, future: Future[tuple[Path, list[str]]]) -> None:
        one, task, number = self.running.pop(future)
        file, problems = future.result()
        one.running -= 1
        one.group.files.append(file)
        one.problems += problems
        self.meter.end(number, task.weight * self.per_weight)
        self._close()

    def _close(self) -> None:
        for one in [one for one in self.open if not one.waiting and not one.running]:
            self.open.remove(one)
            self.done(one.group, one.problems)


_station: Station | None = None  # of this worker process


def _in_worker(
    source: tuple[Study, AnalysisConfig, str | Path | None], ids: tuple[str, ...], task: Task, number: int
) -> tuple[Path, list[str]]:
    global _station
    if _station is None:
        study, config, root = source
        _station = Station(study, Material.of(study, config, load_data(study.config.data, root)))
    _station.open(ids)
    return _station.perform(task, _telling(number))


def _telling(number: int) -> Tell:
    told = 0.0

    def tell(fraction: float, text: str) -> None:
        nonlocal told
        if fraction - told >= TELL_STEP:
            told = fraction
            processes.tell((number, fraction, text))

    return tell
