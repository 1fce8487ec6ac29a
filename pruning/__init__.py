"""Finds the sparse subnetworks ("tickets") that pruning criteria and lottery-ticket methods yield.

Of a network that is at hand: ``prune(network, "snip", 0.9, data=loader).apply(network)``. From nothing but a recipe:
``find_ticket(Recipe(model="lenet5", data="mnist5k", criterion="snip", sparsity=0.9))``.
"""

from pruning.api import find_ticket
from pruning.errors import UserError
from pruning.library import Pruned, apply_masks, prune, score
from pruning.recipe import Recipe
from pruning.study.folder import Study
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.version import VERSION as __version__

__all__ = [
    "Pruned",
    "Recipe",
    "Study",
    "Ticket",
    "Training",
    "UserError",
    "__version__",
    "apply_masks",
    "find_ticket",
    "prune",
    "score",
]
