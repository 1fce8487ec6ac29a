"""Transferred: a ticket in a second task. Its mask goes to networks for other classes, whose head is new and dense.

The head is the classifier, which is found by running the network. All other layers have the ticket's mask. Their
weights are those the ticket ended with (`found`: what it learnt goes along), or those it started from (`rewound`: only
the mask does); then the network is trained on the second task from the first iteration on. So a SuperTicket is
transferred (You et al. 2022, arXiv 2207.03677), and a ticket of one data set is put to the test on another (Morcos et
al. 2019, arXiv 1906.02773). The mask shuffled within each layer is the control: what is left is that of having as few
weights.
"""

import time
from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from pruning.errors import UserError, few
from pruning.finders import imp
from pruning.finders.base import Finder, Trainer, apply_masks, make_ticket, prunable_of, training_epochs
from pruning.finders.controls import shuffle
from pruning.finders.options import Control, original
from pruning.models import NoClassifier, build_model, find_classifier
from pruning.procedure import FINDERS, Fields
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.validation import option

State = dict[str, Tensor]


class TransferredOptions(Control):
    """Options of `transferred`."""

    weights: Literal["found", "rewound"] = option(
        "found",
        "Weights",
        values={"found": "those the original ended with", "rewound": "those the original started from"},
    )
    mask: Literal["ticket", "shuffled"] = option(
        "ticket", "Mask", values={"ticket": "the original's", "shuffled": "the original's, shuffled in each layer"}
    )

    def decides(self, recipe: Recipe) -> Fields:
        """Return the original's sparsity and scope, and that the head stays dense."""
        return {"sparsity": self.of.sparsity, "scope": self.of.scope, "prune_classifier": False}


def parents(recipe: Recipe) -> list[Recipe]:
    """The ticket, and what holds the weights it started from where these are asked for and no initialisation."""
    of = original(recipe)
    return [of, *(imp.rewinding_point(of) if TransferredOptions.read(recipe).weights == "rewound" else [])]


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Put all but the head in place, and train the whole network."""
    began, options = time.perf_counter(), TransferredOptions.read(recipe)
    model = trainer.build(recipe)
    head = head_of(model, recipe)
    model.load_state_dict(_body(_weights(recipe, parents), model, head, recipe), strict=False)
    masks = {name: parents[0].masks[name] for name in prunable_of(recipe, model) if name in parents[0].masks}
    if options.mask == "shuffled":
        masks = shuffle(masks, recipe.seed, recipe.granularity, model)
    apply_masks(model, masks)
    trained = trainer.train(model, recipe.training, recipe, masks)
    return make_ticket(recipe, model, masks, trained, trainer, began, parents)


def head_of(model: nn.Module, recipe: Recipe) -> frozenset[str]:
    """The names of the head's parameters and buffers.

    Raises:
        UserError: there is no head, or it cannot be told.
    """
    try:
        head = find_classifier(model)
    except NoClassifier as error:
        raise UserError(f"Finder '{recipe.finder}' gives a network a new head, and finds none: {error}") from None
    layer = f"{head.name}."
    return frozenset({head.weight, *(name for name in model.state_dict() if name.startswith(layer))} - {""})


def _weights(recipe: Recipe, parents: Sequence[Ticket]) -> State:
    """The weights that the original ended with, or started from, head and all."""
    of, ticket = original(recipe), parents[0]
    if TransferredOptions.read(recipe).weights == "found" or len(parents) > 1:
        return parents[-1].state
    return build_model(of.model, len(ticket.info.classes), ticket.info.shape, of.seed, of.classifier).state_dict()


def _body(state: State, model: nn.Module, head: frozenset[str], recipe: Recipe) -> State:
    """The weights of all but the head.

    Raises:
        UserError: the networks differ in more than their head.
    """
    own = model.state_dict()
    body, there = ({name: each for name, each in one.items() if name not in head} for one in (state, own))
    apart = [name for name in body.keys() | there.keys() if name not in body or name not in there]
    apart += [name for name in body.keys() & there.keys() if body[name].shape != there[name].shape]
    if apart:
        of = original(recipe)
        raise UserError(
            f"A ticket of '{of.data}' does not fit '{recipe.data}': the networks differ in {few(sorted(apart))}, and "
            "only the head may differ; take data of images of one size."
        )
    return body


def check(recipe: Recipe) -> None:
    """Raise UserError where there is nothing to transfer, or not the weights that are asked for."""
    of, options = original(recipe), TransferredOptions.read(recipe)
    if of.model != recipe.model or of.task != recipe.task:
        raise UserError(
            f"A ticket is transferred to networks of its own kind, and '{of.method}' is one of '{of.model}', not of "
            f"'{recipe.model}'; give both the same model and task."
        )
    if options.mask == "shuffled" and (of.is_dense or options.weights == "found"):
        raise UserError(
            "The dense network has no mask to shuffle; make the control of a pruned one."
            if of.is_dense
            else 'A shuffled mask keeps weights that the ticket had pruned; give it weights = "rewound".'
        )
    started = of.start is not None or FINDERS[of.finder].after_dense(of) is not None or FINDERS[of.finder].searches
    if options.weights == "rewound" and (started or of.of is not None):
        raise UserError(
            f"'{of.method_label}' has no first weights of its own to go back to; transfer it with weights = \"found\", "
            "or a ticket of 'imp', 'supernet' or a criterion at initialisation."
        )


FINDER = Finder(
    name="transferred",
    label="transferred",
    words="a ticket in a second task: its mask, a new dense head, trained there",
    options=TransferredOptions,
    parents=parents,
    find=find,
    cost=training_epochs,
    check=check,
    changes_data=True,
    beside='data = "digits[5-9]"  # the second task, with images of the same size',
)
