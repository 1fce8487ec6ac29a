"""Criteria: how a weight is scored, a file each. A new one is a file with a `Criterion` in it and a line here."""

from pruning.criteria import cka, grasp, magnitude, random, snip, synflow, taylor
from pruning.criteria.base import Context, Criterion
from pruning.errors import unknown

__all__ = ["CRITERIA", "Context", "Criterion", "get_criterion"]

CRITERIA: dict[str, Criterion] = {
    module.CRITERION.name: module.CRITERION for module in (random, magnitude, snip, grasp, synflow, taylor, cka)
}


def get_criterion(name: str) -> Criterion:
    """The criterion of that name; UserError with the nearest one when there is none."""
    if name not in CRITERIA:
        raise unknown("criterion", name, CRITERIA)
    return CRITERIA[name]
