"""Tickets that many clients find together, none of which shows its images to anybody.

HideNseek (Vallapuram et al. 2022, arXiv 2206.04385): the server cuts a mask before any training and without data, by
synaptic saliency; clients train only the signs of what is kept, and one bit a kept weight travels. Its code is not
public; where the abstract is silent, this is ours: scores begin at `latent` times the mean of the clients' signs, the
kept weights of a layer have the size sqrt(2 / fan_in) / sqrt(share kept), and the mask is cut in as many rounds as the
criterion has, since a single round of SynFlow empties whole layers. Beside it FedAvg, dense or under such a mask, and
FedPM. The ticket is the server's network.
"""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field
from torch import Tensor, nn

from pruning.criteria import CRITERIA, usual_allocation
from pruning.errors import UserError
from pruning.federated.rounds import Federation, Plan
from pruning.federated.splits import FORMS, by_the_user, file_of, parsed, shared_out
from pruning.federated.ways import WAYS
from pruning.finders.base import Finder, Trainer, apply_masks, make_ticket, no_parents, prunable_of
from pruning.finders.mask_search import signed_constant
from pruning.finders.options import AllocationName, Count, CriterionName, allocation_option, criterion_option
from pruning.finders.scoring import prune_by_score
from pruning.masks import Masks, full_masks
from pruning.models import count_macs
from pruning.procedure import Fields, FinderOptions, Shared
from pruning.recipe import Recipe
from pruning.tasks import get_task
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.loop import Trained
from pruning.training.precision import pick_precision
from pruning.validation import option

CLIENTS = 10
WORDS = {
    "signs": "HideNseek: signs under a mask, a bit a kept weight",
    "fedavg": "FedAvg: weights, averaged",
    "fedpm": "FedPM: masks drawn from probabilities, a bit a weight",
}
USUAL: Mapping[str, Mapping[str, object]] = {
    "signs": {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.0},
    "fedpm": {"optimizer": "adamw", "lr": 0.1, "weight_decay": 0.0},
}
"""How scores are trained, where not as weights are."""

Chance = Annotated[float, Field(ge=0, lt=1)]


class FederatedOptions(FinderOptions):
    """Options of `federated`."""

    changes: ClassVar[Mapping[str, object]] = USUAL["signs"]

    way: Literal["signs", "fedavg", "fedpm"] = option("signs", "Way to learn", "what clients train and send", WORDS)
    clients: Count | None = option(None, "Clients", f"{CLIENTS} unless said; a split by column says it itself")
    split: Annotated[str, AfterValidator(lambda split: split if parsed(split) else "")] = option(
        "dirichlet:0.3", "Split of the images", FORMS
    )
    rounds: Count = option(20, "Rounds")
    local: Count = option(50, "Local iterations", "of a client in a round")
    participation: Annotated[float, Field(gt=0, le=1)] = option(1.0, "Clients a round", part_of="the clients")
    dropouts: Chance = option(0.0, "Dropouts", "how likely a client is lost before it sends")
    stragglers: Chance = option(0.0, "Stragglers", "how likely a client has time for a part of its iterations only")
    down: Literal["votes", "signs"] | None = option(
        None, "Sent down", "votes unless said", {"votes": "the vote on each sign", "signs": "the majority's signs"}
    )
    latent: Annotated[float, Field(gt=0)] | None = option(None, "Size of scores", "at the start of a round; of signs")
    criterion: CriterionName | None = criterion_option("synflow")
    allocation: AllocationName | None = allocation_option("global")
    ties: Literal["random"] | None = option(
        None, "Equal scores", "which win where most of a layer are equal; else they are refused", {"random": "drawn"}
    )
    search: Training | None = option(None, "Search", "how scores are trained, where not as the finder does by itself")

    @classmethod
    def usual_trainings(cls, training: Training) -> dict[str, Training]:
        """Return how signs are trained beside this training."""
        return {"search": training.but(warmup_epochs=0.0, schedule="constant", **cls.changes)}

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given, and what is usual; without what the way does not have."""
        way, split = given.get("way", "signs"), str(given.get("split", "dirichlet:0.3"))
        if by_the_user(split):
            if given.get("clients") is not None:
                raise UserError(f"The split '{split}' says itself how many clients there are; leave 'clients' out.")
        else:
            given.setdefault("clients", CLIENTS)
        if way == "signs":
            given = {"down": "votes", "latent": 0.2, **given}
        else:
            _refuse(given, way, ("down", "latent"))
        if way == "fedpm":
            _refuse(given, way, ("criterion", "allocation", "ties"))
            given |= {"criterion": None, "allocation": None}
        else:
            criterion = given.get("criterion") or cls.model_fields["criterion"].default
            given.setdefault("allocation", usual_allocation(criterion, cls.model_fields["allocation"].default))
        if way == "fedavg":
            _refuse(given, way, ("search",))
        elif way in USUAL and given.get("search") is None:
            given["search"] = shared.training.but(warmup_epochs=0.0, schedule="constant", **USUAL[way])
        return super().complete(given, shared)


def _refuse(given: Mapping[str, Any], way: object, keys: Sequence[str]) -> None:
    for key in keys:
        if given.get(key) is not None:
            raise UserError(f"The way '{way}' has no '{key}'; leave it out.")


def check(recipe: Recipe) -> None:
    """Raise UserError for what cannot be learnt by clients."""
    task, own = get_task(recipe.task), FederatedOptions.read(recipe)
    if not task.classifies_images:
        raise UserError(
            f"Finder 'federated' shares labelled images out over clients, and the task '{task.name}' has none; take "
            "the task 'classification'."
        )
    if recipe.start is not None:
        raise UserError("Finder 'federated' begins with the weights of a seed, not with imported ones; leave it out.")
    if own.criterion is not None and CRITERIA[own.criterion].needs_data:
        raise UserError(
            f"The server has no data to score by '{own.criterion}'; take a criterion without, such as synflow, "
            "magnitude or random."
        )
    if recipe.sparsity == 0 and own.way == "fedpm":
        raise UserError("The way 'fedpm' learns which weights to keep; give it a sparsity, such as 0.5.")


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Cut the mask, share the images out, go through the rounds; the ticket is the server's network."""
    began, own = time.perf_counter(), FederatedOptions.read(recipe)
    rows = shared_out(trainer.data, own.split, own.clients, recipe.seed)
    network, masks = starting_point(recipe, trainer)
    way = WAYS[own.way](network, masks, recipe.seed, own.latent or 0.0, recipe.sparsity, signs_down=own.down == "signs")
    training = own.search or recipe.training
    federation = Federation(way, trainer.data, list(rows.values()), training, trainer.device)
    plan = Plan(own.rounds, own.local, own.participation, own.dropouts, own.stragglers, recipe.seed)
    federation.run(plan, trainer.progress)
    precision = pick_precision(training.precision, count_macs(network, trainer.data.shape), trainer.device)
    model, history = federation.network(), federation.history
    trained = Trained(history, history[-1].test_accuracy, precision)
    found = way.found(federation.held)
    return make_ticket(recipe, model, found, trained, trainer, began, record=federation.record())


def starting_point(recipe: Recipe, trainer: Trainer) -> tuple[nn.Module, Masks]:
    """Give the network as the seed and the server's mask say, and the mask, on the CPU.

    What is trained by scores has frozen weights of one size a layer.
    """
    network, own = trainer.build(recipe), FederatedOptions.read(recipe)
    weights = {name: value.detach().clone() for name, value in prunable_of(recipe, network).items()}
    masks = full_masks(weights)
    if own.criterion is not None and recipe.sparsity > 0:
        trainer.progress(0.0, "scoring")
        masks = prune_by_score(recipe, network, trainer)
    if own.way != "fedavg":
        for name, weight in weights.items():
            kept = 1 - recipe.sparsity if own.way == "fedpm" else float(masks[name].double().mean())
            network.get_parameter(name).data.copy_(frozen(weight, kept))
    apply_masks(network, masks)
    return network, masks


def frozen(weight: Tensor, kept: float) -> Tensor:
    """Give the signed constant at a size that keeps the signal as strong as in a whole layer."""
    return signed_constant(weight) / math.sqrt(max(kept, 1 / weight.numel()))


def cost(recipe: Recipe) -> float:
    """Epochs over all images, as if a client's iterations in a round were one over its own."""
    own = FederatedOptions.read(recipe)
    return own.rounds * own.participation


FINDER = Finder(
    name="federated",
    label="Federated",
    words="found by clients that keep their images",
    options=FederatedOptions,
    parents=no_parents,
    find=find,
    cost=cost,
    check=check,
    reads=lambda recipe: list(filter(None, [file_of(FederatedOptions.read(recipe).split)])),
)
