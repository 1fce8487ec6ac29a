"""`owl`: the more scores of a layer stand out, the more it keeps (Yin et al. 2024, arXiv 2310.05175).

The paper takes Wanda's scores of a transformer's blocks; here a layer is a weight, and the criterion any.
"""

from typing import Annotated

import torch
from pydantic import Field

from pruning.allocation.base import Allocation, Layers
from pruning.allocation.keeping import PRUNED
from pruning.validation import Options, option

LEAST = 0.1
"""Of the mean density: what a layer keeps at least, where the paper's formula would leave it nothing."""


class OwlOptions(Options):
    """Options of `owl`."""

    outlier: Annotated[float, Field(gt=1)] = option(5.0, "Outlier", "so many times the mean score of its layer")
    spread: Annotated[float, Field(ge=0, lt=1)] = option(
        0.08, "Spread", "how far a layer's sparsity may be from the whole"
    )


def shares(layers: Layers, options: Options) -> dict[str, float]:
    """Densities in proportion to the layers' fractions of outliers, at most twice the spread from one another."""
    assert isinstance(options, OwlOptions)
    sizes = layers.sizes
    outliers = {name: _fraction(score, options.outlier) for name, score in layers.scores.items()}
    low, high = min(outliers.values()), max(outliers.values())
    if high == low:
        return {name: float(size) for name, size in sizes.items()}
    places = {name: 2 * options.spread * (each - low) / (high - low) for name, each in outliers.items()}
    mean = sum(places[name] * sizes[name] for name in sizes) / sum(sizes.values())
    least = LEAST * layers.density
    return {name: max(least, min(1.0, layers.density + places[name] - mean)) * size for name, size in sizes.items()}


def _fraction(scores: torch.Tensor, times: float) -> float:
    left = scores[scores > PRUNED].double()
    return float((left > times * left.mean()).sum()) / scores.numel() if len(left) else 0.0


OWL = Allocation("owl", "OWL, by outliers among scores", None, options=OwlOptions, shares=shares)
