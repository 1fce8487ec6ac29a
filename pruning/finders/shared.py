"""The step of a recipe whose trainings have `devices`: done by as many processes, each of which does all of it.

What is not trained (scores, masks, tests) each works out by itself, to the same; the first one's ticket counts.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from pruning.errors import UserError
from pruning.execution.together import Member, together
from pruning.finders.base import Trainer
from pruning.progress import quiet
from pruning.recipe import Recipe
from pruning.tasks import get_task
from pruning.ticket import Ticket
from pruning.training.precision import threads_asked
from pruning.training.shared import check_devices, is_member, joined

Step = Callable[[Recipe, Mapping[str, Ticket], Trainer], Ticket]


def on_several(recipe: Recipe) -> bool:
    """Whether this process has to ask others for a recipe's step."""
    return recipe.devices > 1 and not is_member()


def find_together(step: Step, recipe: Recipe, known: Mapping[str, Ticket], trainer: Trainer) -> Ticket:
    """Do a recipe's step in as many processes as its trainings have devices.

    Raises:
        UserError: there are not as many, its trainings differ in how many, its task does not allow for it, or one of
            the processes was killed.
    """
    if {training.devices for training in recipe.trainings} - {None, recipe.devices}:
        raise UserError("The trainings of a recipe have the same number of `devices`, or one; give them the same.")
    task = get_task(recipe.task)
    if not task.by_image:
        raise UserError(
            f"The task '{task.name}' cannot be shared out over {recipe.devices} devices, as its loss is not the mean "
            "of its images' alone; leave out `devices`."
        )
    check_devices(recipe.devices, trainer.device)
    sent = replace(trainer, progress=quiet, threads=trainer.threads or threads_asked())
    return together(recipe.devices, _do, step, recipe, known, sent, progress=trainer.progress)


def _do(member: Member, step: Step, recipe: Recipe, known: Mapping[str, Ticket], trainer: Trainer) -> Ticket:
    with joined(member, trainer.device, recipe.seed) as device:
        return step(recipe, known, replace(trainer, device=device, progress=member.progress))
