"""Tickets found side by side in several processes, each as soon as its parents are there."""

from concurrent.futures import FIRST_COMPLETED, Future, wait

from pruning.execution import old_workers as processes
from pruning.finders.lineage import parents_of
from pruning.recipe import Recipe
from pruning.study.folder import Study
from pruning.study.runner import Event, Options, Tell, find_and_save, lacks_parent

TELL_STEP = 0.01  # a worker tells of progress when it has gone on by this fraction


def in_processes(study: Study, steps: list[Recipe], options: Options, jobs: int, tell: Tell) -> None:
    """Find the steps (parents first) in `jobs` processes. On an interrupt the workers are stopped at once.

    Raises:
        UserError: a worker died, for want of memory most likely; or a ticket could not be written.
    """
    with processes.workers(jobs, "found") as workers:
        _work_off(workers, study, list(steps), options, jobs, tell)


def _work_off(
    workers: processes.Workers, study: Study, waiting: list[Recipe], options: Options, jobs: int, tell: Tell
) -> None:
    open_ids = {recipe.id for recipe in waiting}
    failed: set[str] = set()
    running: dict[Future[Event], Recipe] = {}
    while waiting or running:
        for recipe in [one for one in waiting if all(parent.id not in open_ids for parent in parents_of(one))]:
            if len(running) == jobs:
                break
            waiting.remove(recipe)
            event = lacks_parent(recipe, failed)
            if event is not None:
                failed.add(recipe.id)
                open_ids.discard(recipe.id)
                tell(event)
                continue
            tell(Event(recipe, 0.0, "started"))
            running[workers.submit(_in_worker, study, recipe, options)] = recipe
        finished = wait(running, processes.POLL_SECONDS, FIRST_COMPLETED).done
        for news in workers.news():
            tell(news)
        for future in finished:
            event = future.result()
            open_ids.discard(running.pop(future).id)
            if event.problem is not None:
                failed.add(event.recipe.id)
            tell(event)


def _in_worker(study: Study, recipe: Recipe, options: Options) -> Event:
    told = 0.0

    def tell(event: Event) -> None:
        nonlocal told
        if event.fraction - told >= TELL_STEP:
            told = event.fraction
            processes.tell(event)

    return find_and_save(study, recipe, options, tell)
