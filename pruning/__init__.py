"""Finds the sparse subnetworks ("tickets") that pruning criteria and lottery-ticket methods yield.

from pruning import Recipe, find_ticket
ticket = find_ticket(Recipe(model="lenet5", data="mnist5k", criterion="snip", sparsity=0.9))
"""

from pruning.api import find_ticket
from pruning.errors import UserError
from pruning.recipe import Recipe
from pruning.study.folder import Study
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.version import VERSION as __version__

__all__ = ["Recipe", "Study", "Ticket", "Training", "UserError", "__version__", "find_ticket"]
