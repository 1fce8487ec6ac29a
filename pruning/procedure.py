"""What a recipe knows of finders: their options, and what is said of a finder without running it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self, get_args

from pydantic.fields import FieldInfo

from pruning.checkpoints.imported_weights import Start
from pruning.registry import Registry
from pruning.training.config import Training
from pruning.validation import Options

if TYPE_CHECKING:
    from pruning.recipe import Recipe

Fields = dict[str, Any]


class Shared(NamedTuple):
    """What an option's default may depend on: how the recipe trains, and the imported weights it starts from."""

    training: Training
    start: Start | None


class FinderOptions(Options):
    """The options of a finder, and what follows from them."""

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given, not validated yet, with the defaults that depend on it or on the rest of the recipe.

        Raises:
            UserError: what was given does not go together.
        """
        return given

    @classmethod
    def usual_trainings(cls, training: Training) -> dict[str, Training]:
        """Return the options that are a training of their own, by name, as they are beside this training.

        They are without warm-up, unless the finder has it otherwise.
        """
        own = (name for name, field in cls.model_fields.items() if Training in (field.annotation, *_inner(field)))
        return dict.fromkeys(own, training.but(warmup_epochs=0.0))

    def decides(self, recipe: Recipe) -> Fields:
        """Return the fields of the recipe that these options decide in place of the user.

        Raises:
            UserError: the user said otherwise.
        """
        return {}

    @classmethod
    def read(cls, recipe: Recipe) -> Self:
        """Return the options of a recipe whose finder has these."""
        assert isinstance(recipe.options, cls)
        return recipe.options


def _inner(field: FieldInfo) -> tuple[Any, ...]:
    return get_args(field.annotation)


def _never(recipe: Recipe) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """What is known of a finder without running it; `pruning.finders.base.Finder` adds the step itself.

    Attributes:
        name: as recipes spell it; label: for people, of a control what is said behind the name of its original.
        words: what it does, in a few words for the page that tells a ticket's story.
        options: what it lets one choose, and what follows from that.
        parents: the recipes whose tickets must be there first. The first one is the line of descent that time is
            counted along.
        cost: how much training the step takes, in epochs, for the progress bar.
        check: raises UserError, one sentence, where fields that are right by themselves do not go together.
        revision: raised when its tickets change, so that those found by earlier ones are known to be stale.
        beside: a line of a study file that its method needs beside its options, with a comment; "" where it needs none.
        named_for_criterion: whether people know its tickets by their criterion.
        is_dense: whether nothing is pruned. fine_tunes: whether a study's `[finetune]` is for it.
        by_chance: whether chance alone decides which weights are kept.
        reorders: whether it trains its original once more under another order of the data.
        mask_moves: whether the mask changes while weights or scores are trained, which the ticket's record counts.
        searches: whether its own step trains scores, not weights.
        recorded: whether its tickets are results of networks that stay elsewhere, without masks and weights.
        signs_mask: whether it writes an owner's code into the mask.
        changes_data: whether its original may be a ticket of another data set.
        reads: of a recipe, the user's files that the step reads beside the data, as the recipe names them.
        sparsity_of: of a recipe, what its sparsity is a fraction of, " of ..." behind the percentage; "" for weights.
        trains_nothing: of a recipe, whether its ticket costs no training of its own: it is imported, or lies on the
            way to another.
        after_dense: of a recipe that cuts the trained dense network, how that is trained on, all levels together; None
            where training starts elsewhere.
        starts_as_dense: of a recipe, whether it was trained from weights that the dense network had on its way, on the
            same batches.
    """

    name: str
    label: str
    words: str
    options: type[FinderOptions] = FinderOptions
    parents: Callable[[Recipe], list[Recipe]]
    cost: Callable[[Recipe], float]
    check: Callable[[Recipe], None] = lambda recipe: None
    revision: int = 1
    beside: str = ""
    named_for_criterion: bool = False
    is_dense: bool = False
    fine_tunes: bool = False
    by_chance: bool = False
    reorders: bool = False
    mask_moves: bool = False
    searches: bool = False
    recorded: bool = False
    signs_mask: bool = False
    changes_data: bool = False
    reads: Callable[[Recipe], list[str]] = lambda recipe: []
    sparsity_of: Callable[[Recipe], str] = lambda recipe: ""
    trains_nothing: Callable[[Recipe], bool] = _never
    after_dense: Callable[[Recipe], Training | None] = lambda recipe: None
    starts_as_dense: Callable[[Recipe], bool] = _never

    def method(self, name: str, criterion: str | None) -> str:
        """Return what a study calls the method: the name given, else the criterion or the finder."""
        return name or (criterion if self.named_for_criterion and criterion else self.name)


FINDERS: Registry[Procedure] = Registry("finder", Procedure, "pruning.finders")
