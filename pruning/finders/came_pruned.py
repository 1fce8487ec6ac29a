"""What an imported network came pruned of outside of what a recipe prunes, and what therefore stays zero."""

from pathlib import Path

from torch import nn

from pruning.checkpoints.imported_weights import Imported
from pruning.masks import Masks
from pruning.models import prunable
from pruning.recipe import Recipe


def came_pruned(model: nn.Module, recipe: Recipe, imports: Path | Imported | None, masks: Masks | None) -> Masks:
    """Masks of weights that neither `masks` nor the recipe's own choice hold, by their names in the model.

    Args:
        model: what is trained: the network, or one that has it as its part `network` and gives it other weights.
        recipe: says what is pruned, and which network it starts from.
        imports: where that network lies, or the one that is there.
        masks: those in force.
    """
    if recipe.start is None or imports is None or not recipe.start.sparsity:
        return {}
    if recipe.of is None and recipe.prune_classifier and recipe.scope is None:
        return {}  # all weights that can be pruned are the recipe's own choice
    found = imports if isinstance(imports, Imported) else Imported.load(imports, recipe.start)
    parameters, inner = dict(model.named_parameters()), getattr(model, "network", model)
    own = {*(masks or ()), *(f"network.{name}" for name in prunable(inner, recipe.prune_classifier, recipe.scope))}
    outside = {
        place: mask
        for name, mask in found.masks.items()
        for place in (name, f"network.{name}")
        if place in parameters and place not in own
    }
    # weights that were drawn anew, as some finders do, are whole again
    return {place: mask for place, mask in outside.items() if not bool(parameters[place].detach().cpu()[~mask].any())}
