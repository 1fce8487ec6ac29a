"""Tasks by name: what networks are trained for."""

from pruning.errors import UserError
from pruning.models.blame import blamed
from pruning.models.user_file import is_user_file, load_object
from pruning.registry import Registry
from pruning.tasks.base import Batch, Draws, Lost, Phase, Score, Task

__all__ = ["TASKS", "Batch", "Draws", "Lost", "Phase", "Score", "Task", "get_task"]

TASKS: Registry[Task] = Registry("task", Task, "pruning.tasks")
USUAL = "classification"


def get_task(name: str | None) -> Task:
    """The task of that name, classification for None; ``path/to/file.py:factory`` is one of the user's own.

    Raises:
        UserError: there is none of that name, or the user's file or factory is at fault.
    """
    if name is None or not is_user_file(name):
        return TASKS.get_known(name or USUAL)
    factory = load_object(name, "task")
    with blamed(f"The factory '{name}' failed"):
        task = factory()
    if not isinstance(task, Task):
        raise UserError(f"The factory '{name}' gives a {type(task).__name__}, not a pruning.tasks.Task.")
    return task
