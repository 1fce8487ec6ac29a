"""Pruned by hand: the user says what each layer loses; which weights these are, a criterion says.

The layers that are not named lose the same fraction each, so that the sparsity of the whole is met. Everything else is
as in `one_shot`. `python -m analysis sensitivity` suggests sparsities.
"""

from typing import ClassVar, Literal

from pruning.finders import one_shot
from pruning.finders.base import Finder
from pruning.finders.one_shot import SCORED_ON, OneShotOptions
from pruning.finders.options import CriterionName, Fraction, criterion_option, sharing_out_itself
from pruning.procedure import Fields, Shared
from pruning.validation import option


class ManualOptions(OneShotOptions):
    """Options of `manual`."""

    at_once: ClassVar[bool] = True

    criterion: CriterionName = criterion_option("magnitude")
    score_on: Literal["init", "trained"] = option(
        "trained", "Scored on", "where the criterion is usually scored, unless said", values=SCORED_ON
    )
    layers: dict[str, Fraction] = option({}, "Sparsities by layer", "the others share what is left")

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given; the layers say all that an allocation would."""
        own = sharing_out_itself(given, "Finder 'manual' takes the sparsities of `layers`")
        return {**super().complete(own, shared), "allocation": None}


FINDER = Finder(
    name="manual",
    label="By hand",
    words="pruned by hand: sparsities given layer by layer",
    options=ManualOptions,
    parents=one_shot.parents,
    find=one_shot.find,
    cost=one_shot.cost,
    fine_tunes=True,
    after_dense=one_shot.after_dense,
    starts_as_dense=one_shot.FINDER.starts_as_dense,
)
