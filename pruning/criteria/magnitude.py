"""Magnitude: the largest trained weights matter most."""

from torch import nn

from pruning.criteria.base import Context, Criterion, Scores


def score(model: nn.Module, context: Context) -> Scores:
    """The absolute value |w|."""
    return {name: weight.detach().abs() for name, weight in context.weights(model).items()}


CRITERION = Criterion(
    "magnitude", "Magnitude", "Han et al. 2015, arXiv 1506.02626", score, needs_data=False, score_on="trained"
)
