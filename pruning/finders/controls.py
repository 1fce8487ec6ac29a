"""Controls: what is left of a ticket's merit when its weights or its mask are replaced by chance.

`random_reinit` keeps the mask and draws new initial weights (Frankle & Carbin 2019). `shuffled` keeps the weights the
ticket started from and each layer's sparsity, and permutes the mask within the layers (Frankle et al. 2021), whole
filters or tiles where these were removed as one.

Both have their original's budget. Where that was cut from the trained dense network, `shuffled` starts there too and is
fine-tuned as the original was; `random_reinit` is trained from its new weights as the dense network was, then
fine-tuned. Their option `finetune` says so, and so does the id.
"""

import time
from collections.abc import Sequence

from torch import nn

from pruning.errors import UserError
from pruning.finders import imp
from pruning.finders.base import (
    Finder,
    Trainer,
    apply_masks,
    dense_recipe,
    make_ticket,
    reinit_seed,
    training_epochs,
)
from pruning.finders.options import Control, finetune_option, original
from pruning.granularity import Granularity, get_granularity
from pruning.granularity.shuffling import shuffled
from pruning.masks import Masks
from pruning.procedure import FINDERS, Fields, Shared
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.seeds import generator
from pruning.validation import checked


class TrainedControl(Control):
    """Options of controls that are trained for as long as their original was."""

    finetune: Training | None = finetune_option()

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given, and the fine-tuning of an original that the trained dense network was cut to."""
        of = given["of"] if isinstance(given["of"], Recipe) else checked(Recipe, given["of"])
        usual = FINDERS[of.finder].after_dense(of)
        if usual is None and "finetune" in given:
            raise UserError(f"'{of.method}' was not cut from the trained network, so its control has no `finetune`.")
        return {"finetune": usual, **given, "of": of}


def find_reinit(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """The parent's mask on new initial weights, trained from the first iteration."""
    began = time.perf_counter()
    model, masks = trainer.build(recipe, reinit_seed(recipe.seed)), parents[0].masks
    finetune = TrainedControl.read(recipe).finetune
    apply_masks(model, masks)
    trained = trainer.train(model, recipe.training, recipe, masks)
    if finetune is not None:
        trained = trainer.train(model, finetune, recipe, masks, text="fine-tuning")
        trained = trainer.recalibrated(model, trained, recipe)
    return make_ticket(recipe, model, masks, trained, trainer, began, parents)


def find_shuffled(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """The parent's mask shuffled within each layer, on the weights the parent started from."""
    began = time.perf_counter()
    model = parents[1].model() if len(parents) > 1 else trainer.build(recipe)
    masks = shuffle(parents[0].masks, recipe.seed, recipe.granularity, model)
    finetune = TrainedControl.read(recipe).finetune
    apply_masks(model, masks)
    if finetune is None:
        start = original(recipe).option("rewind") or 0
        trained = trainer.train(model, recipe.training, recipe, masks, start=start)
    else:
        trained = trainer.train(model, finetune, recipe, masks, text="fine-tuning")
        trained = trainer.recalibrated(model, trained, recipe)
    return make_ticket(recipe, model, masks, trained, trainer, began, parents)


def shuffle(masks: Masks, seed: int, structure: str | Granularity = "weight", model: nn.Module | None = None) -> Masks:
    """Permute each layer's mask at random, in pieces of its structure; the number kept in each layer stays.

    Of structure `layer` other residual blocks of the same sizes go. Raises as `granularity.shuffling.shuffled`.
    """
    return shuffled(masks, get_granularity(structure), model, lambda name: generator(seed, "shuffle", name))


REINIT = Finder(
    name="random_reinit",
    label="reinitialised",
    words="control: the same mask, new weights",
    options=TrainedControl,
    parents=lambda recipe: [original(recipe)],
    find=find_reinit,
    cost=lambda recipe: training_epochs(recipe) + _fine_tuning_epochs(recipe),
)


def _fine_tuning_epochs(recipe: Recipe) -> float:
    finetune = TrainedControl.read(recipe).finetune
    return finetune.epochs if finetune else 0.0


def check_shuffled(recipe: Recipe) -> None:
    """Raise UserError when there is no mask to shuffle."""
    if original(recipe).is_dense:
        raise UserError("The dense network has no mask to shuffle; make the control 'shuffled' of a pruned one.")


def shuffled_from(recipe: Recipe) -> list[Recipe]:
    """The ticket, and what holds the weights it started from, unless these are an initialisation."""
    of, trained = original(recipe), TrainedControl.read(recipe).finetune is not None
    return [of, *([dense_recipe(of)] if of.start or trained else imp.rewinding_point(of))]


def starts_as_dense(recipe: Recipe) -> bool:
    """Whether the weights are those the dense network had on its way, which its own training has to lead to."""
    of = original(recipe)
    if recipe.start is not None or TrainedControl.read(recipe).finetune is not None:
        return False
    return not of.option("rewind") or of.training == recipe.training


SHUFFLED = Finder(
    name="shuffled",
    label="shuffled",
    words="control: the mask shuffled within each layer",
    options=TrainedControl,
    parents=shuffled_from,
    find=find_shuffled,
    cost=lambda recipe: _fine_tuning_epochs(recipe) if recipe.option("finetune") else training_epochs(recipe),
    check=check_shuffled,
    by_chance=True,
    after_dense=lambda recipe: TrainedControl.read(recipe).finetune,
    starts_as_dense=starts_as_dense,
)
