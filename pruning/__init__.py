"""Finds the sparse subnetworks ("tickets") that pruning criteria and lottery-ticket methods yield.

Of a network that is at hand: ``prune(network, "snip", 0.9, data=loader).apply(network)``. From nothing but a recipe:
``find_ticket(Recipe(model="lenet5", data="mnist5k", criterion="snip", sparsity=0.9))``.
"""

import importlib
from typing import TYPE_CHECKING, Any

from pruning.errors import UserError
from pruning.version import VERSION as __version__

if TYPE_CHECKING:
    from pruning.api import find_ticket
    from pruning.data import Dataset
    from pruning.library import Features, Pruned, apply_masks, features, prune, reconstruct, score, train
    from pruning.library.registering import register_criterion, register_data, register_finder, register_model
    from pruning.recipe import Recipe
    from pruning.study.folder import Study
    from pruning.ticket import Ticket
    from pruning.training.config import Training

__all__ = [
    "Dataset",
    "Features",
    "Pruned",
    "Recipe",
    "Study",
    "Ticket",
    "Training",
    "UserError",
    "__version__",
    "apply_masks",
    "features",
    "find_ticket",
    "prune",
    "reconstruct",
    "register_criterion",
    "register_data",
    "register_finder",
    "register_model",
    "score",
    "train",
]

_HOMES = {
    "Dataset": "data",
    "Features": "library",
    "Pruned": "library",
    "Recipe": "recipe",
    "Study": "study.folder",
    "Ticket": "ticket",
    "Training": "training.config",
    "apply_masks": "library",
    "features": "library",
    "find_ticket": "api",
    "prune": "library",
    "reconstruct": "library",
    "register_criterion": "library.registering",
    "register_data": "library.registering",
    "register_finder": "library.registering",
    "register_model": "library.registering",
    "score": "library",
    "train": "library",
}


def __getattr__(name: str) -> Any:
    # Read when first used: whoever wants a part, such as the corruptions, need not wait for the rest.
    if name in _HOMES:
        return getattr(importlib.import_module(f"pruning.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'pruning' has no attribute '{name}'")
