"""Reconstruction: the trained network is pruned by a criterion, and the weights that stay are solved, not trained.

Which weights stay is as in `one_shot` on the trained network: a criterion, an allocation and a granularity say it.
What they become is decided layer by layer, so that each layer's outputs on calibration images stay as near as they
can: by SparseGPT's sweep (Frantar & Alistarh 2023, arXiv 2301.00774) or exactly. So what a score gains and what an
update gains can be told apart: `update = "none"` leaves the weights as they were.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from pruning.errors import UserError
from pruning.finders import calibrated
from pruning.finders.base import Finder, Trainer, dense_recipe
from pruning.finders.calibrated import CalibratedOptions, calibration_batches
from pruning.granularity import get_granularity
from pruning.masks import Masks
from pruning.procedure import Fields, Shared
from pruning.progress import saying
from pruning.recipe import Recipe
from pruning.reconstruction.layers import Solving, reconstruct
from pruning.tasks import get_task
from pruning.ticket import Ticket
from pruning.training.history import Record
from pruning.validation import option

UPDATE = {
    "sparsegpt": "by SparseGPT, column by column: those to the right make up for what goes",
    "least_squares": "the best within the mask, by least squares",
    "none": "left as they were",
}
MASK = {"criterion": "by the criterion", "sparsegpt": "by SparseGPT, as many of a layer as the criterion keeps"}
INPUTS = {"pruned": "as the pruned layers before make them", "dense": "as the dense network makes them"}
TARGET = {
    "layer": "what the dense weights make of the same inputs",
    "dense": "what the layer gives in the dense network, which makes up for errors of layers before",
}
SHARE = 0.1
"""What its passes over calibration images count as, in epochs of training: one a layer, as far as the layer lies."""


class ReconstructOptions(CalibratedOptions):
    """Options of `reconstruct`."""

    update: Literal["sparsegpt", "least_squares", "none"] = option(
        "sparsegpt", "Weights that stay", "how they are solved", UPDATE
    )
    mask: Literal["criterion", "sparsegpt"] = option("criterion", "Weights chosen", "layer by layer", MASK)
    inputs: Literal["pruned", "dense"] = option("pruned", "Inputs of a layer", "that it is solved on", INPUTS)
    target: Literal["layer", "dense"] = option("layer", "Outputs of a layer", "what they are to be", TARGET)
    ridge: Annotated[float, Field(ge=0, lt=100)] = option(
        0.01, "Ridge", "which keeps weights near the old ones", part_of="the mean square of inputs"
    )
    bias: bool = option(False, "Biases", "of layers", {"True": "solved too", "False": "kept"})

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given; SparseGPT's choice needs SparseGPT's sweep over single weights or N:M.

        Where whole filters go, the target is the dense network by default: a layer that keeps all weights of an output
        or none has nothing to solve but for what the layers before have lost.
        """
        given = super().complete(given, shared)
        if get_granularity(str(given.get("structure", "weight"))).ends_channels:
            given.setdefault("target", "dense")
        if given.get("mask") != "sparsegpt":
            return given
        if given.get("update", "sparsegpt") != "sparsegpt":
            raise UserError('`mask = "sparsegpt"` chooses weights while SparseGPT updates them; leave `update` out.')
        structure = get_granularity(str(given.get("structure", "weight")))
        if structure.pattern is None and structure.units is not None:
            raise UserError(
                f'`mask = "sparsegpt"` chooses single weights or N:M, not whole pieces of structure '
                f"'{structure.name}'; leave `mask` out."
            )
        return given


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Prune the trained network by score, and solve what is left."""
    options = ReconstructOptions.read(recipe)
    solving = Solving(
        update=options.update,
        inputs=options.inputs,
        target=options.target,
        ridge=options.ridge,
        bias=options.bias,
        choose=options.mask == "sparsegpt",
        pattern=recipe.granularity.pattern,
    )

    def solve(model: nn.Module, masks: Masks, fixed: Masks, came: Masks) -> tuple[Masks, Record]:
        batches = calibration_batches(recipe, trainer)
        told = saying(trainer.progress, "solving layer by layer")
        return reconstruct(model, masks, batches, solving, get_task(recipe.task), fixed, told, came)

    return calibrated.find(recipe, parents, trainer, solve)


FINDER = Finder(
    name="reconstruct",
    label="Reconstructed",
    words="reconstruction: pruned once, and what stays solved layer by layer",
    options=ReconstructOptions,
    parents=lambda recipe: [dense_recipe(recipe)],
    find=find,
    cost=lambda recipe: SHARE,
)
