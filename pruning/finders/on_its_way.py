"""The dense network on its way: at an iteration, or where a condition on its training curve holds first."""

from typing import Annotated, Any

from pydantic import AfterValidator

from pruning.errors import UserError
from pruning.finders.base import dense_recipe
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.until import Until
from pruning.validation import option


def _in_one_form(drawn_at: int | str) -> int | str:
    if isinstance(drawn_at, int) and drawn_at < 0:
        raise ValueError("an iteration is 0 or more")
    return drawn_at if isinstance(drawn_at, int) else str(Until.read(drawn_at))


DrawnAt = Annotated[int | str, AfterValidator(_in_one_form)]


def drawn_at_option(default: object, later: bool = False) -> Any:
    """Return the option that says where the dense network is taken."""
    meaning = "an iteration, or where a condition on its curve holds"
    return option(default, "Drawn at", meaning, later=later)


def on_its_way(recipe: Recipe, drawn_at: int | str) -> Recipe:
    """The recipe of the dense network there."""
    if isinstance(drawn_at, int):
        return dense_recipe(recipe, drawn_at)
    return dense_recipe(recipe).but(training=recipe.training.but(until=drawn_at))


def check_drawn(drawn_at: int | str, dense: Ticket) -> None:
    """Raise UserError when the dense network never met the condition."""
    if isinstance(drawn_at, str) and not Until.read(drawn_at).is_met(dense.info.history):
        raise UserError(
            f"The dense network of seed {dense.recipe.seed} never came to '{drawn_at}' in "
            f"{dense.recipe.training.epochs:g} epochs, so nothing can be drawn there; train it for longer, or draw at "
            "another point."
        )
