"""`uniform_plus`: the same fraction from each layer but the first and the last (Gale et al. 2019, arXiv 1902.09574)."""

from typing import Annotated

from pydantic import Field

from pruning.allocation.base import Allocation, Layers
from pruning.errors import UserError
from pruning.validation import Options, option


class UniformPlusOptions(Options):
    """Options of `uniform_plus`."""

    last_at_most: Annotated[float, Field(ge=0, lt=1)] = option(
        0.8, "Last layer at most", "the sparsity of the last layer"
    )


def shares(layers: Layers, options: Options) -> dict[str, float]:
    """The first prunable layer stays whole, the last loses at most 80 %; the others make up for them, all alike.

    Raises:
        UserError: these two alone are more than may stay.
    """
    assert isinstance(options, UniformPlusOptions)
    sizes = layers.sizes
    first, *middle = sizes
    if not middle:
        return {first: float(layers.keep)}
    found = dict.fromkeys(sizes, 0.0) | {first: float(sizes[first])}
    left, rest = float(layers.keep - sizes[first]), sum(sizes[name] for name in middle)
    least = (1 - options.last_at_most) * sizes[middle[-1]]
    if left < least:
        most = 1 - (sizes[first] + least) / (sizes[first] + rest)
        raise UserError(
            f"Allocation 'uniform_plus' keeps the first layer whole and {1 - options.last_at_most:.0%} of the last, "
            f"so that at most {most:.4g} of all weights can go; ask for less, or take another allocation."
        )
    if left / rest * sizes[middle[-1]] < least:
        last = middle.pop()
        found[last] = least
        left, rest = left - least, rest - sizes[last]
    return found | {name: left * sizes[name] / rest for name in middle}


UNIFORM_PLUS = Allocation(
    "uniform_plus",
    "uniform+, first layer whole, last at most 80 % sparse",
    None,
    options=UniformPlusOptions,
    shares=shares,
)
