"""Iterative SNIP: SNIP in many small steps, each scoring what is left (de Jorge et al. 2021; Verdenius et al. 2020)."""

from pruning.criteria.base import Criterion, Stepwise
from pruning.criteria.snip import score

CRITERION = Criterion(
    "iterative_snip",
    "Iterative SNIP",
    "de Jorge et al. 2021, arXiv 2006.09081",
    score,
    needs_data=True,
    rounds=100,
    options=Stepwise,
    in_templates=False,
)
