"""Finds what a study asks for and lacks, several tickets at a time, and can be stopped at any moment.

A ticket is written as soon as it is found, so a second run goes on where the first was stopped. Small networks are
trained on one thread each in several processes; results do not depend on how many.
"""

import os
import shutil
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pruning.data import load_data
from pruning.errors import UserError
from pruning.execution.processes import cores
from pruning.files import alone_in, append_line, cannot_write, remove_leftovers, write_atomically
from pruning.finders.base import Workshop
from pruning.finders.lineage import find_step, lineage, parents_of
from pruning.models import build_model, count_macs
from pruning.recipe import Recipe
from pruning.study.folder import CACHE, LOG, TICKETS, TOML, Study
from pruning.study.staleness import mended_since
from pruning.ticket import Ticket, TicketInfo, read_header
from pruning.training.precision import SMALL_NETWORK, pick_device


@dataclass(frozen=True)
class Event:
    """Something happened to a ticket: work went on (`info` and `problem` are None), it was found, or it failed."""

    recipe: Recipe
    fraction: float
    text: str
    info: TicketInfo | None = None
    problem: str | None = None


Tell = Callable[[Event], None]


@dataclass
class Outcome:
    """What a run did. `failed` holds a sentence for each recipe id, those that wait for a failed one included."""

    found: list[Recipe] = field(default_factory=list)
    there_before: int = 0
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Options:
    """How to run: where the data set lies, whether it may be fetched, on what device, in how many processes."""

    root: str | None = None
    download: bool = False
    device: str = "auto"
    jobs: int = 0  # 0: as many as pay
    stale: bool = False  # find those again that an earlier revision of a finder or criterion found


def open_steps(study: Study, stale: bool = False) -> tuple[list[Recipe], int]:
    """The steps still to do, parents first, and how many of the study's tickets are there already.

    A file that cannot be read counts as missing and is found again; with `stale` so does a stale one (`staleness`).
    """
    wanted = study.recipes()
    missing = [recipe for recipe in wanted if not is_found(study, recipe, stale)]
    needed = lineage_to(study, missing, stale)
    return needed, len(wanted) - len(missing)


def lineage_to(study: Study, recipes: list[Recipe], stale: bool = False) -> list[Recipe]:
    """`recipes` and those of their ancestors that are not there, parents first."""
    needed: set[str] = set()

    def visit(recipe: Recipe) -> None:
        if recipe.id in needed or is_found(study, recipe, stale):
            return
        needed.add(recipe.id)
        for parent in parents_of(recipe):
            visit(parent)

    for recipe in recipes:
        visit(recipe)
    return [recipe for recipe in lineage(recipes) if recipe.id in needed]


def is_found(study: Study, recipe: Recipe, stale: bool = False) -> bool:
    """Whether the recipe's ticket is there, whole; one that is now asked for is brought over from the cache. With
    `stale` a stale one does not count."""
    path = study.ticket_path(recipe)
    cached = study.path / CACHE / path.name
    if not path.exists() and cached.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(cached, path)
        except OSError as error:
            raise cannot_write(path, error) from error
    return any(_counts(each, stale) for each in (path, study.path / TICKETS / path.name))


def _counts(path: Path, stale: bool) -> bool:
    try:
        header = read_header(path)
    except UserError:
        return False
    return not (stale and mended_since(header.recipe, header.info))


def run(
    study: Study,
    options: Options | None = None,
    report: Tell | None = None,
    planned: Callable[[list[Recipe], int], None] | None = None,
) -> Outcome:
    """Find every ticket of the study that is not there yet.

    A ticket that fails (its loss is not finite, say) is put on record, and the others are still found. `planned` is
    told first what `open_steps` gives, then `report` whatever happens to a ticket.

    Raises:
        UserError: the data or the model cannot be had, or another run is at work on the study.
        WriteError: the disk is full; what was found until then is kept.
    """
    options = options or Options()
    with _alone(study.path):
        _settle(study)
        steps, there_before = open_steps(study, options.stale)
        outcome = Outcome(there_before=there_before)
        if planned is not None:
            planned(steps, there_before)
        if not steps:
            return outcome
        data = load_data(study.config.data, options.root, options.download)
        model = build_model(study.config.model, data.num_classes, data.shape, seed=0)
        jobs = min(options.jobs or _jobs(count_macs(model, data.shape), options.device), len(steps))

        def tell(event: Event) -> None:
            _record(study, event, outcome)
            if report is not None:
                report(event)

        if jobs > 1:
            from pruning.study.pool import in_processes

            in_processes(study, steps, options, jobs, tell)
        else:
            _in_turn(study, steps, options, tell)
    return outcome


def _settle(study: Study) -> None:
    """Copy a study file that lies elsewhere into its folder, so that the folder is whole."""
    own = study.path / TOML
    if study.source.resolve() != own.resolve():
        write_atomically(own, partial(shutil.copyfile, study.source))


def _jobs(macs: int, device: str) -> int:
    """A process a core for small networks, which use one thread each; else one that uses all."""
    if pick_device(device).type != "cpu" or macs >= SMALL_NETWORK:
        return 1
    return cores()


def _record(study: Study, event: Event, outcome: Outcome) -> None:
    entry: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "id": event.recipe.id,
        "ticket": event.recipe.label,
        "seed": event.recipe.seed,
    }
    if event.problem is not None:
        outcome.failed[event.recipe.id] = event.problem
        append_line(study.path / LOG, {**entry, "problem": event.problem})
    elif event.info is not None:
        outcome.found.append(event.recipe)
        seconds = round(event.info.own_seconds, 2)
        append_line(study.path / LOG, {**entry, "accuracy": event.info.accuracy, "seconds": seconds})


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the study's lock; a process that dies lets go of it by itself."""
    with alone_in(folder, f"Another run is at work on {folder}; wait for it or stop it first."):
        for name in (TICKETS, CACHE):
            remove_leftovers(folder / name)
        yield


def find_and_save(study: Study, recipe: Recipe, options: Options, tell: Tell) -> Event:
    """Find one ticket whose parents are there, write it, and return the event that says how it went.

    Raises:
        WriteError: the ticket could not be written.
    """
    workshop = Workshop(
        load_data(recipe.data, options.root),
        pick_device(options.device),
        lambda fraction, text: tell(Event(recipe, fraction, text)),
        study.path,
    )
    try:
        known = {parent.id: _load(study, parent) for parent in parents_of(recipe)}
        ticket = find_step(recipe, known, workshop)
    except UserError as error:
        return Event(recipe, 1.0, "failed", problem=str(error))
    ticket.save(study.ticket_path(recipe))
    return Event(recipe, 1.0, "found", info=ticket.info)


def _load(study: Study, recipe: Recipe) -> Ticket:
    path = study.ticket_path(recipe)
    return Ticket.load(path if path.exists() else study.path / TICKETS / path.name)


def lacks_parent(recipe: Recipe, failed: Container[str]) -> Event | None:
    """The event of a recipe one of whose parents failed."""
    for parent in parents_of(recipe):
        if parent.id in failed:
            return Event(recipe, 1.0, "failed", problem=f"{parent.label} (seed {parent.seed}), its start, failed.")
    return None


def _in_turn(study: Study, steps: list[Recipe], options: Options, tell: Tell) -> None:
    """One ticket after the other, in this process."""
    failed: set[str] = set()
    for recipe in steps:
        tell(Event(recipe, 0.0, "started"))
        event = lacks_parent(recipe, failed) or find_and_save(study, recipe, options, tell)
        if event.problem is not None:
            failed.add(recipe.id)
        tell(event)
