"""Options that several finders have, and what follows from them."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from pruning.allocation import ALLOCATIONS
from pruning.criteria import CRITERIA, usual_allocation
from pruning.errors import UserError
from pruning.granularity import get_granularity
from pruning.masks import check_fixed
from pruning.procedure import Fields, FinderOptions, Shared
from pruning.recipe import Recipe
from pruning.training.config import Training
from pruning.validation import Frozen, option

CriterionName = Annotated[str, AfterValidator(lambda name: CRITERIA.get_known(name).name)]
AllocationName = Annotated[str, AfterValidator(lambda name: ALLOCATIONS.get_known(name).name)]
StructureName = Annotated[str, AfterValidator(lambda name: get_granularity(name).name)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
EndFraction = Annotated[float, Field(gt=0, le=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]

OF_TRAINING = "the training"

CRITERION, ALLOCATION, FINE_TUNING = "Criterion", "Layer-wise allocation", "Fine-tuning"


def criterion_option(default: object) -> str:
    """Return the option for the name of a criterion."""
    found: str = option(default, CRITERION, "how every weight is scored")
    return found


def allocation_option(default: str) -> str:
    """Return the option for the name of an allocation."""
    found: str = option(default, ALLOCATION, "how the sparsity is shared out over layers")
    return found


def finetune_option() -> Training | None:
    """Return the option for a fine-tuning that is not the usual one."""
    found: Training | None = option(None, FINE_TUNING, "after pruning; what is not said is as in the training")
    return found


class Calibration(Frozen):
    """Which training images a criterion looks at.

    Attributes:
        images: how many in all, of each class about as many; None: `score_per_class` of each.
        seed: of the draw; None: the recipe's, so that with another seed all is another.
    """

    images: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None


class Scored(FinderOptions):
    """Of finders that score single weights by a criterion, and share the sparsity out.

    `score_batch` images are scored at once. Batch normalisation sees the batch, so that another
    size gives other scores there; without it, they are the same but for the rounding of sums.
    """

    criterion: CriterionName = criterion_option("magnitude")
    allocation: AllocationName | None = allocation_option("global")
    score_per_class: Count = option(25, "Scoring images per class")
    score_batch: Count = option(250, "Images scored at once", later=True)
    calibration: Calibration | None = option(
        None, "Calibration set", "how many images the criterion looks at, and which draw", later=True
    )
    ties: Literal["random"] | None = option(
        None, "Equal scores", "which win where most of a layer are equal; else they are refused", {"random": "drawn"}
    )

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given; a criterion that scores one structure's pieces says nothing about those of another."""
        name = given.get("criterion", cls.model_fields["criterion"].default)
        chosen = CRITERIA.get_known(str(name))
        wanted = chosen.structure
        if not chosen.needs_data:
            given.pop("score_batch", None)  # so that it does not enter the id
            if given.get("calibration") is not None:
                raise UserError(f"Criterion '{name}' looks at no images; leave 'calibration' out.")
        if wanted is not None and given.get("structure") != wanted:
            raise UserError(
                f"Criterion '{name}' scores what structure '{wanted}' removes, not single weights or other pieces; "
                f'give structure = "{wanted}".'
            )
        given.setdefault("allocation", usual_allocation(chosen.name, cls.model_fields["allocation"].default))
        return super().complete(given, shared)


def sharing_out_itself(given: Fields, words: str) -> Fields:
    """Return what was given to a finder whose own options say all that an allocation would.

    Raises:
        UserError: an allocation was given, which `words` say why not; or the structure leaves nothing to share out.
    """
    if given.get("allocation") is not None:
        raise UserError(f"{words}; leave 'allocation' out.")
    structure = get_granularity(str(given.get("structure", "weight")))
    if not structure.allocates:
        raise UserError(f"Structure '{structure.name}' leaves nothing to share out over layers; take another one.")
    return {"criterion": "magnitude", **given}


class ScoredPieces(Scored):
    """Of finders that may also remove several weights as one piece."""

    structure: StructureName = option("weight", "Granularity", "what is removed as one piece")

    at_once: ClassVar[bool] = False  # whether the whole sparsity is reached in one cut

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given, without an allocation where the structure leaves nothing to allocate."""
        granularity = get_granularity(str(given.get("structure", "weight")))
        if not granularity.allocates:
            if given.get("allocation") is not None:
                raise UserError(f"Structure '{granularity.name}' leaves nothing to allocate; leave 'allocation' out.")
            given["allocation"] = None
        return super().complete(given, shared)

    def decides(self, recipe: Recipe) -> Fields:
        """Return the sparsity where the structure itself has one."""
        granularity = get_granularity(self.structure)
        fixed = granularity.fixed_sparsity
        if fixed is None:
            return {}
        if not self.at_once:
            raise UserError(
                f"Finder '{recipe.finder}' prunes step by step, but structure '{granularity.name}' has one sparsity "
                "only; take the finder 'one_shot'."
            )
        if "sparsity" in recipe.model_fields_set:
            check_fixed(granularity, recipe.sparsity)
        return {"sparsity": fixed}


class Control(FinderOptions):
    """Of controls, which are made from the ticket of another recipe and have its sparsity."""

    of: Recipe = option(..., "Original", "the method whose tickets it is made from")

    def decides(self, recipe: Recipe) -> Fields:
        """Return the original's sparsity."""
        return {"sparsity": self.of.sparsity}


def original(recipe: Recipe) -> Recipe:
    """Return the recipe of the ticket that a control is made from."""
    return Control.read(recipe).of


def same_training(recipe: Recipe) -> None:
    """Raise UserError unless a control that repeats its original's training says so."""
    if recipe.training != original(recipe).training:
        raise UserError(f"Control '{recipe.finder}' trains as its original does; give both the same `training`.")
