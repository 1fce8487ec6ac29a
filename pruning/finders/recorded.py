"""A network that stays elsewhere: what it made of the study's images is recorded, without masks and weights."""

from collections.abc import Sequence

from pruning.errors import UserError
from pruning.finders.base import Finder, Trainer, no_parents
from pruning.procedure import FinderOptions
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.validation import option


class RecordedOptions(FinderOptions):
    """Options of `recorded`."""

    called: str = option(..., "Recorded as")
    parent: str | None = option(None, "Made from", "the ticket that it was made from, by its id")


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Say who makes such tickets. Raises UserError."""
    raise UserError(
        f"'{RecordedOptions.read(recipe).called}' cannot be found, only recorded: call `analysis.record` with the "
        "network."
    )


FINDER = Finder(
    name="recorded",
    label="Recorded",
    words="recorded: a network that stays elsewhere",
    options=RecordedOptions,
    parents=no_parents,
    find=find,
    cost=lambda recipe: 0.0,
    recorded=True,
    trains_nothing=lambda recipe: True,
)
