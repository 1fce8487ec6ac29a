"""Criteria: how a weight is scored, a file each with a `Criterion` in it."""

from pruning.criteria.base import CRITERIA, Context, Criterion, Scores, usual_allocation

__all__ = ["CRITERIA", "Context", "Criterion", "Scores", "usual_allocation"]
