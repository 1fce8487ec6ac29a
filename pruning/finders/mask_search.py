"""What the finders that search have in common: the frozen weights, how scores are trained, and the ticket."""

import time
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from pruning.finders.base import Trainer, dense_recipe, make_ticket, prunable_of
from pruning.masks import Masks, full_masks
from pruning.procedure import Fields, FinderOptions, Shared
from pruning.recipe import Recipe
from pruning.search.network import SupermaskNetwork
from pruning.search.swaps import Swaps
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.loop import Hook, iterations_per_epoch
from pruning.validation import option

FROZEN = {
    "initial": "frozen as initialised",
    "scaled": "frozen as initialised, rescaled for the share that is kept",
    "signed": "frozen as initialised, signed constant (one magnitude a layer)",
    "trained": "frozen as trained",
}


def frozen_option(default: str) -> Literal["initial", "scaled", "signed", "trained"]:
    """Return the option that says which weights lie under the mask."""
    found: Literal["initial", "scaled", "signed", "trained"] = option(default, "Underlying weights", values=FROZEN)
    return found


class SearchOptions(FinderOptions):
    """Options of finders that search: which weights are frozen, and how scores are trained over them.

    `search` is by default `share` of the training's epochs without warm-up, with `changes`; batch size, augmentation,
    precision and the points of the curve are the training's.
    """

    share: ClassVar[float] = 1.0
    changes: ClassVar[Mapping[str, object]] = {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4}

    frozen: Literal["initial", "scaled", "signed", "trained"] = frozen_option("signed")
    search: Training = option(
        Training(), "Search", "how the scores are trained, where not as the finder does by itself"
    )

    @classmethod
    def usual_trainings(cls, training: Training) -> dict[str, Training]:
        """Return the search as it is beside this training."""
        epochs = cls.share * training.epochs
        search = training.but(epochs=epochs, warmup_epochs=0.0, schedule="cosine", **cls.changes)
        return super().usual_trainings(training) | {"search": search}

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given, and the search; of imported weights the first that are known are the trained ones."""
        given = {"search": cls.usual_trainings(shared.training)["search"], **super().complete(given, shared)}
        frozen = given.get("frozen", cls.model_fields["frozen"].default)
        if shared.start is not None and frozen in ("initial", "scaled"):
            given["frozen"] = "trained"
        return given


def search_of(recipe: Recipe) -> Training:
    """How the recipe's scores are trained."""
    return SearchOptions.read(recipe).search


def iterations(recipe: Recipe, trainer: Trainer) -> int:
    """How many iterations the search has."""
    search = search_of(recipe)
    return round(search.epochs * iterations_per_epoch(trainer.data, search))


def cost(recipe: Recipe) -> float:
    """Epochs of the search."""
    return search_of(recipe).epochs


def parents(recipe: Recipe) -> list[Recipe]:
    """The trained or imported network when its weights are the frozen ones; initial weights need no parent."""
    return [dense_recipe(recipe)] if SearchOptions.read(recipe).frozen == "trained" or recipe.start else []


def starting_point(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> tuple[nn.Module, Masks]:
    """The network whose weights are frozen, and the masks of the weights that may be pruned, as it came."""
    model = parents[0].model() if parents else trainer.build(recipe)
    weights = prunable_of(recipe, model)
    return model, {name: parents[0].masks[name] for name in weights} if parents else full_masks(weights)


def frozen_weights(recipe: Recipe, model: nn.Module) -> dict[str, Tensor]:
    """A copy of the prunable weights as the recipe freezes them: as they are, scaled, or with one size a layer."""
    weights = {name: weight.detach().clone() for name, weight in prunable_of(recipe, model).items()}
    frozen = SearchOptions.read(recipe).frozen
    if frozen == "signed":
        return {name: signed_constant(weight) for name, weight in weights.items()}
    if frozen == "scaled":
        return {name: scaled(weight, 1 - recipe.sparsity) for name, weight in weights.items()}
    return weights


def signed_constant(weights: Tensor) -> Tensor:
    """The signed constant of Ramanujan et al. 2020: sign(w) sqrt(2 / fan_in), the standard deviation of He et al. 2015.

    A weight that came pruned, that is exactly zero, stays so.
    """
    size: float = (2 / weights[0].numel()) ** 0.5  # to the bit another number than math.sqrt gives, for some
    return weights.sign() * size


def scaled(weights: Tensor, kept: float) -> Tensor:
    """The weights at the root mean square sqrt(2 / (kept fan_in)) (scaled initialisation, Ramanujan et al. 2020).

    When only the share `kept` of them is left, the signal is as strong as in a whole layer.
    """
    size = weights.square().mean().sqrt().clamp(min=torch.finfo(weights.dtype).tiny)
    wanted: float = (2 / (kept * weights[0].numel())) ** 0.5
    return weights * (wanted / size)


def set_weights(model: nn.Module, weights: dict[str, Tensor]) -> nn.Module:
    """Set these weights of the network, in place."""
    with torch.no_grad():
        for name, weight in weights.items():
            model.get_parameter(name).copy_(weight)
    return model


def search(
    recipe: Recipe,
    searched: SupermaskNetwork,
    hook: Hook,
    swaps: Swaps,
    trainer: Trainer,
    began: float | None = None,
    parents: Sequence[Ticket] = (),
    text: str = "searching for a mask",
) -> Ticket:
    """Train the scores and make a ticket of the effective weights; the statistics of batch norm are measured anew."""
    began = time.perf_counter() if began is None else began
    trained = trainer.train(searched, search_of(recipe), recipe, text=text, hook=hook)
    model = searched.settled()
    trained = trainer.recalibrated(model, trained, recipe)
    return make_ticket(recipe, model, searched.found(), trained, trainer, began, parents, record=swaps.record())
