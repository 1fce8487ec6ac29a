"""Fisher: the loss's curvature from the squared slopes of single images, by weight or by block (Singh & Alistarh 2020).

The empirical Fisher matrix F is the mean over images of g g', g the slope of the image's loss for its own label. With
blocks of one weight it is a diagonal; with larger ones, of weights in a row, F is inverted in each, so that a weight
whose part another can take over counts for less (WoodFisher's and OBS's idea; the others are not updated here).
"""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.batches import count_images
from pruning.criteria.gradients import differentiable_copy, image_gradients
from pruning.validation import Options, option

CHUNK = 4_000_000
"""Numbers of blocks that are inverted at once."""


class FisherOptions(Options):
    """Options of `fisher`."""

    block: Annotated[int, Field(ge=1, le=1024)] = option(1, "Block", "weights in a row that are inverted together")
    damping: Annotated[float, Field(gt=0)] = option(1e-5, "Damping", "is added to the diagonal")


def score(model: nn.Module, context: Context) -> Scores:
    """w^2 / (2 [(F + damping)^-1]_ww); a pass an image, batch norm in evaluation mode.

    Weights that are pruned already take no part. Memory grows with the block: as many numbers as weights, times it.
    """
    options = context.options
    assert isinstance(options, FisherOptions)
    twin, count = differentiable_copy(model), count_images(context.batches)
    weights = context.weights(twin)
    masks = context.masks or {}
    sums = {name: _Blocks(weight, options.block) for name, weight in weights.items()}
    for gradients in image_gradients(twin, weights, context.batches, context.task):
        for name, gradient in gradients.items():
            sums[name].add(gradient * masks[name] if options.block > 1 and name in masks else gradient)
    if options.block == 1:  # where what is pruned concerns no other weight, once is enough
        for name in sums.keys() & masks.keys():
            sums[name].sums.mul_(masks[name].view(-1))
    return {
        name: weight.square() / 2 * sums[name].stiffness(count, options.damping) for name, weight in weights.items()
    }


class _Blocks:
    """Sums of g g' over blocks of a weight, the last one filled up."""

    def __init__(self, weight: Tensor, block: int) -> None:
        self.shape, self.size = weight.shape, block
        self.blocks = -(-weight.numel() // block)
        self.sums = weight.new_zeros(self.blocks, block, block) if block > 1 else weight.new_zeros(weight.numel())

    def add(self, gradient: Tensor) -> None:
        """Take in an image's slopes."""
        flat = gradient.reshape(-1)
        if self.size == 1:
            self.sums.addcmul_(flat, flat)
            return
        rows = torch.nn.functional.pad(flat, (0, self.blocks * self.size - len(flat))).view(self.blocks, self.size)
        self.sums.baddbmm_(rows[:, :, None], rows[:, None, :])

    def stiffness(self, count: int, damping: float) -> Tensor:
        """One over the diagonal of the inverse, in the weight's shape."""
        if self.size == 1:
            return (self.sums / count + damping).view(self.shape)
        found = []
        for part in self.sums.split(max(1, CHUNK // self.size**2)):
            damped = part.double() / count + damping * torch.eye(self.size, dtype=torch.float64, device=part.device)
            lower = torch.linalg.inv_ex(torch.linalg.cholesky_ex(damped)[0])[0]
            found.append(1 / lower.square().sum(dim=1))  # the inverse is the product of `lower` turned and itself
        return torch.cat(found).view(-1)[: self.shape.numel()].view(self.shape).to(self.sums.dtype)


CRITERION = Criterion(
    "fisher",
    "Fisher",
    "Singh & Alistarh 2020, arXiv 2004.14340; Theis et al. 2018, arXiv 1801.05787",
    score,
    needs_data=True,
    score_on="trained",
    options=FisherOptions,
    in_templates=False,
)
