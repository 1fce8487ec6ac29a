"""Finds what a study asks for and lacks, several tickets at a time, and can be stopped at any moment.

A ticket is written as soon as it is found, so a second run goes on where the first was stopped. All but large networks
are trained on one thread each in several processes; results do not depend on how many.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from pruning.checkpoints.imported_weights import file_of
from pruning.data import data_root, load_data
from pruning.data.parcels import parcels_of
from pruning.execution import PROCESSES, Executor, Needs, Task, Worker, cores, executor_on, gpus_of, is_ray, run_tasks
from pruning.execution.gpus import per_gpu, visible, workers
from pruning.files import alone_in, append_line, here, remove_leftovers, write_atomically
from pruning.finders.base import Trainer, finder_of
from pruning.finders.lineage import effort, find_step, parents_of
from pruning.finders.scoring_memory import most_bytes, processes_that_fit
from pruning.models import build_model, count_macs
from pruning.models.user_file import files_of
from pruning.progress import Progress, Total, both, quiet
from pruning.recipe import Recipe
from pruning.study.folder import CACHE, LOG, TICKETS, TOML, Study, load_named
from pruning.study.open_steps import open_steps
from pruning.study.opened import refuse_writing
from pruning.ticket import Ticket, TicketInfo
from pruning.training.precision import LARGE_NETWORK, pick_device, pick_threads


@dataclass(frozen=True)
class RunOptions:
    """How to run: where the data set lies, whether it may be fetched, on what device, in how many processes.

    Of these, the tickets depend on the device and on `threads` alone, which they record.
    """

    root: str | None = None
    download: bool = False
    device: str = "auto"
    jobs: int = 0  # 0: as many as pay
    stale: bool = False  # find those again that an earlier revision of a finder or criterion found
    threads: int = 0  # of each ticket; 0: 1, and 4 for large networks, however many cores there are
    memory: float = 0.0  # GB that scoring may take, in all processes; 0: what is free
    methods: tuple[str, ...] = ()  # these alone, beside the dense network; () for all
    sparsities: tuple[float, ...] = ()  # so sparse alone; () for all
    on: str = PROCESSES  # where: see `pruning.execution.executor_on`
    gpus: float | None = None  # of each ticket; None: 1 where there are GPUs and the device allows


@dataclass
class RunSummary:
    """What a run did. `failed` holds a sentence for each recipe id, those that wait for a failed one included."""

    found: list[Recipe] = field(default_factory=list)
    there_before: int = 0
    failed: dict[str, str] = field(default_factory=dict)


class Watcher:
    """What is told of each ticket of a run; this one takes no notice."""

    def planned(self, steps: Sequence[Recipe], there_before: int) -> None:
        """Take notice of the steps to do, parents first, and of how many of the study's tickets are there already."""

    def preparing(self) -> Progress:
        """Return what is to be told how far the data are read, where that takes a while."""
        return quiet

    def started(self, recipe: Recipe) -> Progress:
        """Return what is to be told how far this ticket is."""
        return quiet

    def found(self, recipe: Recipe, info: TicketInfo) -> None:
        """Take notice of a ticket that was found."""

    def failed(self, recipe: Recipe, problem: str) -> None:
        """Take notice of the sentence for a ticket that failed."""


def run(
    study: Study,
    options: RunOptions | None = None,
    progress: Progress = quiet,
    watcher: Watcher | None = None,
    cancel: Event | None = None,
) -> RunSummary:
    """Find every ticket of the study that is not there yet.

    A ticket that fails (its loss is not finite, say) is put on record, and the others are still found.

    Args:
        study: what to find, and where it goes.
        options: how to run.
        progress: told how far all of it is.
        watcher: told of each ticket.
        cancel: when it is set, the run ends with `pruning.execution.Cancelled`; what was found is kept.

    Raises:
        UserError: the data or the model cannot be had, scoring needs more memory than there is, another run is at work
            on the study, or a process died.
        WriteError: the disk is full; what was found until then is kept.
    """
    options, watcher = options or RunOptions(), watcher or Watcher()
    refuse_writing(study.path)
    with _alone(study.path):
        _settle(study)
        steps, there_before = open_steps(study, options.stale, options.methods, options.sparsities)
        summary = RunSummary(there_before=there_before)
        watcher.planned(steps, there_before)
        if steps:
            options = _ready(study, options, steps, watcher.preparing())
            total = Total(sum(map(effort, steps)), progress)
            _find_all(study, steps, options, total, watcher, summary, cancel)
        study.write_index()
    return summary


def _find_all(
    study: Study,
    steps: Sequence[Recipe],
    options: RunOptions,
    total: Total,
    watcher: Watcher,
    summary: RunSummary,
    cancel: Event | None,
) -> None:
    recipes = {recipe.id: recipe for recipe in steps}

    def follow(task: Task[TicketInfo]) -> Progress:
        return both(total.task(task.cost, task.name), watcher.started(recipes[str(task.key)]))

    with _executor(study, steps, options) as executor:
        tasks = [_task(study, recipe, options, executor.needs) for recipe in steps]
        for finished in run_tasks(tasks, executor, follow, kept="found", cancel=cancel):
            recipe = recipes[str(finished.task.key)]
            if finished.error is not None:
                _log(study, recipe, problem=str(finished.error))
                summary.failed[recipe.id] = str(finished.error)
                watcher.failed(recipe, str(finished.error))
            else:
                info = finished.result()
                _log(study, recipe, accuracy=info.accuracy, seconds=round(info.own_seconds, 2))
                summary.found.append(recipe)
                watcher.found(recipe, info)


def _ready(study: Study, options: RunOptions, steps: Sequence[Recipe], progress: Progress) -> RunOptions:
    """The options with nothing left open, once the data and the model are there and the memory suffices."""
    options = replace(options, root=str(data_root(options.root).absolute()))
    data = load_data(study.config.data, options.root, options.download, progress)
    for name in dict.fromkeys(recipe.data for recipe in steps):
        load_data(name, options.root, options.download, progress)
    model = build_model(study.config.model, data.num_classes, data.shape, seed=0)
    macs = count_macs(model, data.shape)
    threads = options.threads or pick_threads(macs)
    free = round(1e9 * options.memory) or None
    if is_ray(options.on):
        if free is not None:
            processes_that_fit(steps, data, pick_device("cpu"), free=free)
        return replace(options, threads=threads, jobs=min(options.jobs or len(steps), len(steps)))
    share = gpus_of(options.on, options.gpus, options.device)
    there = len(visible()) if share else 0
    each = _devices(steps)
    jobs = min(options.jobs or _jobs(macs, threads * each, options.device, there, share * each), len(steps))
    at_once = per_gpu(jobs, there, each) if there else jobs * each  # processes that score with one memory
    fit = processes_that_fit(steps, data, pick_device(options.device), at_once, free)
    return replace(options, threads=threads, jobs=max(1, min(jobs, fit * max(1, there) // each)))


def _executor(study: Study, steps: Sequence[Recipe], options: RunOptions) -> Executor:
    """Where the steps are done."""
    if not is_ray(options.on):
        needs = Needs(options.threads, gpus_of(options.on, options.gpus, options.device), processes=_devices(steps))
        return executor_on(options.on, options.jobs, needs=needs)
    memory = most_bytes(steps, load_data(study.config.data, options.root))
    needs = Needs(options.threads, gpus_of(options.on, options.gpus, options.device), memory, processes=_devices(steps))
    return executor_on(options.on, options.jobs, [study.path], needs)


def _devices(steps: Sequence[Recipe]) -> int:
    """How many devices a step's training is shared by at most."""
    return max((recipe.devices for recipe in steps), default=1)


def _jobs(macs: int, threads: int, device: str, gpus: int = 0, share: float = 0.0) -> int:
    """As many processes as there are GPUs, or shares of them; without any as many as there are cores for their threads.

    One for large networks on the CPU, which fill the memory.
    """
    if gpus:
        return workers(gpus, share)
    if pick_device(device).type != "cpu" or macs >= LARGE_NETWORK:
        return 1
    return max(1, cores() // threads)


def _settle(study: Study) -> None:
    """Copy a study file that lies elsewhere into its folder, so that the folder is whole."""
    own = study.path / TOML
    if study.source.resolve() != own.resolve():
        write_atomically(own, study.source.read_bytes())


def _log(study: Study, recipe: Recipe, **what: str | float) -> None:
    head = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "id": recipe.id}
    append_line(study.path / LOG, head | {"ticket": recipe.label, "seed": recipe.seed} | what)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the study's lock; a process that dies lets go of it by itself."""
    with alone_in(folder, f"Another run is at work on {folder}; wait for it or stop it first."):
        for name in (TICKETS, CACHE):
            remove_leftovers(folder / name)
        yield


def _task(study: Study, recipe: Recipe, options: RunOptions, needs: Needs) -> Task[TicketInfo]:
    parents = parents_of(recipe)
    places = {one.id: study.ticket_path(one).absolute() for one in (*parents, recipe)}
    files = [place for one in parents for place in (places[one.id], study.path / TICKETS / places[one.id].name)]
    if recipe.start is not None:
        files.append(file_of(study.path, recipe.start.weights))
    files += files_of(filter(None, (recipe.model, recipe.task)))
    files += map(here, finder_of(recipe).reads(recipe))
    return Task(
        recipe.id,
        f"{recipe.label} (seed {recipe.seed})",
        _find_and_save,
        (study.path.absolute(), recipe, places, options),
        after=tuple(parent.id for parent in parents),
        cost=effort(recipe),
        needs=replace(
            needs,
            files=tuple(files),
            parcels=parcels_of([recipe.data], options.root),
            processes=recipe.devices,
        ),
    )


def _find_and_save(
    worker: Worker, folder: Path, recipe: Recipe, places: Mapping[str, Path], options: RunOptions
) -> TicketInfo:
    """Find one ticket whose parents are there, in the study's `folder`, and write it; `places` are the files by id.

    Raises:
        UserError: it cannot be found.
        WriteError: it could not be written.
    """
    data, device = load_data(recipe.data, options.root), pick_device(options.device)
    known = {parent.id: _load(folder, places[parent.id]) for parent in parents_of(recipe)}
    ticket = find_step(recipe, known, Trainer(data, device, worker.progress, options.threads, folder))
    ticket.save(places[recipe.id])
    return ticket.info


def _load(folder: Path, place: Path) -> Ticket:
    """The ticket in its place, or in `tickets/`, where it lies when the study asked for it once."""
    return load_named(place if place.exists() else folder / TICKETS / place.name, folder)
