"""Where a run measures, and what a worker that does not see the study is sent for a task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from analysis.engine.evaluation import Done, Source
from analysis.engine.groups import pick_processes
from analysis.engine.images import place
from analysis.engine.plan import Job, Wanted
from analysis.engine.settings import settings
from analysis.results.store import Results
from pruning.data.parcels import parcels_of
from pruning.execution import PROCESSES, Executor, Needs, Task, executor_on, gpus_of, is_ray
from pruning.models.user_file import files_of
from pruning.study.folder import RECORDED, RESULTS, Entry


@dataclass(frozen=True)
class Where:
    """Where a run measures, as `pruning.execution.executor_on` has it, and how much of it at once; 0: as pays."""

    on: str = PROCESSES
    gpus: float | None = None
    jobs: int = 0

    def executor(self, source: Source, macs: int, seconds: float) -> Executor:
        """The executor for work of so many seconds on networks of `macs` multiply-adds.

        Raises:
            UserError: it cannot be had.
        """
        needs = Needs(source.threads, gpus_of(self.on, self.gpus, "auto"))
        if not is_ray(self.on):
            return executor_on(self.on, pick_processes(self.jobs, macs, seconds, source.threads), needs=needs)
        folders = dict.fromkeys((source.study.path.absolute(), source.study.source.parent.absolute()))
        return executor_on(self.on, self.jobs, [*folders], needs)


HERE = Where()


class Sending:
    """What the tasks of a run read."""

    def __init__(self, source: Source, wanted: Wanted) -> None:
        self._study, self._stored = source.study, Results(source.study.path)
        names = [source.study.config.data]
        names += [name for each in wanted.measures.values() for name in each.datasets(wanted.config)]
        self._root, self._data = source.root, [*dict.fromkeys(names)]
        self._entries = {entry.id: entry for entry in wanted.entries}
        self._own: dict[str, list[Path]] = {}

    def packed(self, task: Task[Done], needs: Needs) -> Task[Done]:
        """A task with what it needs."""
        *others, last = task.arguments
        jobs = [last] if isinstance(last, Job) else list(last)
        shown = [self._entries[each] for each in others[1] if each in self._entries] if len(others) > 1 else []
        files = tuple(self._files(jobs, shown))
        return replace(task, needs=replace(needs, files=files, parcels=parcels_of(self._data, self._root)))

    def _files(self, jobs: Sequence[Job], shown: Sequence[Entry]) -> Iterator[Path]:
        yield from self._of_settings
        for entry in shown:
            yield from self._of_ticket(entry)
        for job in jobs:
            pairs = (pair.entry for table in job.missing for pair in job.pairs.get(table, ()))
            references = {table: each for table, each in job.references.items() if table in job.missing}
            for entry in (job.entry, *pairs, *references.values()):
                yield from self._of_ticket(entry)
            for table in job.missing:
                yield from self._results(table, job.entry)
            for table, entry in references.items():
                yield from self._results(table, entry)

    def _of_ticket(self, entry: Entry) -> Iterable[Path]:
        if entry.id not in self._own:
            recorded = self._study.path / RECORDED / entry.id
            code = files_of(filter(None, (entry.recipe.model, entry.recipe.task)))
            there = recorded.glob("*") if entry.info.recording is not None else ()
            self._own[entry.id] = [entry.path, *there, *code]
        return self._own[entry.id]

    def _results(self, table: str, entry: Entry) -> Iterator[Path]:
        """Where a ticket's rows are: in a file of its own, which a task before this one may yet write, or in a pack."""
        yield self._study.path / RESULTS / table / f"{entry.id}.parquet"
        pack = self._stored.shelf(table).packed.get(entry.id)
        if pack is not None:
            yield pack

    @cached_property
    def _of_settings(self) -> list[Path]:
        """The files that the settings name, and those of the folders that they name."""
        config = settings(self._study)
        named = [value for _, value in config if isinstance(value, Path)]
        named += [place(self._study, folder) for folder in (config.arrays, config.frost) if folder is not None]
        inside = [path.rglob("*") if path.is_dir() else [path] for path in named]
        return [path for each in inside for path in each if path.is_file()]
