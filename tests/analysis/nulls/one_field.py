"""Tickets whose recipes differ in one field alone, which makes nothing."""

from __future__ import annotations

from analysis.comparisons.predictions import Predictions, chosen
from analysis.comparisons.recipe_differences import compared, pairs
from analysis.comparisons.verdicts import verdicts
from analysis.corruptions.conditions import CLEAN
from analysis.statistics.verdicts import DIFFERS
from pruning.recipe import Recipe


def differs_by_one_field(predictions: Predictions) -> float:
    """Tickets of two criteria at several sparsities, asked on clean images."""
    made = [
        Recipe(model="lenet300", data="digits", criterion=name, sparsity=level / 10)
        for level in range(1, 10)
        for name in ("snip", "random")
    ]
    recipes = dict(zip(predictions.predicted, made, strict=False))
    told = verdicts(chosen(predictions.outcomes, [CLEAN]).per_image([0]))
    return float((compared(recipes, pairs(recipes), told)["verdict"] == DIFFERS).any())
