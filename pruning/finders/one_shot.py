"""One shot: score once, prune to the full sparsity at once, then train what is left.

At initialisation (SNIP, GraSP, SynFlow, random) the subnetwork is trained from its initial weights. On the trained
network (magnitude, Taylor; any criterion on an imported one) it is fine-tuned from the trained ones (Han et al. 2015),
and its batch statistics are measured anew.
"""

import time
from collections.abc import Sequence
from typing import ClassVar, Literal

from pruning.criteria import CRITERIA
from pruning.finders.base import Finder, Trainer, dense_recipe, make_ticket
from pruning.finders.options import CriterionName, ScoredPieces, criterion_option, finetune_option
from pruning.finders.scoring import prune_by_score
from pruning.procedure import Fields, Shared
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.validation import option

SCORED_ON = {"init": "the weights as initialised", "trained": "the trained weights"}


class OneShotOptions(ScoredPieces):
    """Options of `one_shot`."""

    at_once: ClassVar[bool] = True

    criterion: CriterionName = criterion_option(...)
    score_on: Literal["init", "trained"] = option(
        "init",
        "Scored on",
        "where the criterion is usually scored, unless said; imported weights are always trained ones",
        values=SCORED_ON,
    )
    finetune: Training | None = finetune_option()

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given and where is scored; nothing is fine-tuned when that is at initialisation."""
        given = super().complete(given, shared)
        usual = CRITERIA.get_known(str(given["criterion"])).score_on
        given.setdefault("score_on", "trained" if shared.start is not None else usual)
        if given["score_on"] == "init":
            given.pop("finetune", None)  # so that it does not enter the id
        return given


def scored_on_trained(recipe: Recipe) -> bool:
    """Whether the scores are taken on the trained network."""
    return OneShotOptions.read(recipe).score_on == "trained"


def parents(recipe: Recipe) -> list[Recipe]:
    """The trained dense network when scores are taken on it, else nothing."""
    return [dense_recipe(recipe)] if scored_on_trained(recipe) else []


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer, invert: bool = False) -> Ticket:
    """Prune the network at its initial or its trained weights, then train or fine-tune the kept ones.

    With `invert` those with the worst scores are kept.
    """
    began = time.perf_counter()
    model = parents[0].model() if parents else trainer.build(recipe)
    trainer.progress(0.0, "scoring")
    masks = prune_by_score(recipe, model, trainer, parents[0].masks if parents else None, invert)
    config, text = (fine_tuning(recipe), "fine-tuning") if parents else (recipe.training, "training")
    trained = trainer.train(model, config, recipe, masks, text=text)
    if parents:
        trained = trainer.recalibrated(model, trained, recipe)
    return make_ticket(recipe, model, masks, trained, trainer, began, parents)


def fine_tuning(recipe: Recipe) -> Training:
    """The recipe's own fine-tuning, else half the training at a tenth of its rate."""
    given: Training | None = recipe.option("finetune")
    training = recipe.training
    return given or training.but(epochs=training.epochs / 2, lr=training.lr / 10, warmup_epochs=0.0)


def after_dense(recipe: Recipe) -> Training | None:
    """How the trained dense network is trained on, None where the scores are taken at initialisation."""
    return fine_tuning(recipe) if scored_on_trained(recipe) else None


def cost(recipe: Recipe) -> float:
    """Epochs of training after pruning."""
    return fine_tuning(recipe).epochs if scored_on_trained(recipe) else recipe.training.epochs


FINDER = Finder(
    name="one_shot",
    label="One shot",
    words="one shot: scored and pruned once",
    options=OneShotOptions,
    parents=parents,
    find=find,
    cost=cost,
    named_for_criterion=True,
    fine_tunes=True,
    after_dense=after_dense,
    starts_as_dense=lambda recipe: recipe.start is None and not scored_on_trained(recipe),
)
