"""Tickets that can claim their ownership (Chen et al. 2021, arXiv 2111.00162): a code in the mask, or trigger images.

`marked` writes the owner's QR code into the mask of a ticket where it agrees best, each layer keeping as many weights,
and trains the ticket again. What revives weights that pruning had found small revives small weights, which the next
pruning takes first; they start at `boost` times the median of the layer's. `triggered` leaves the mask alone and trains
the ticket again with images among the others whose labels only the owner knows. `marked` can do both.

The recipe holds the SHA-256 of the text, never the text (`pruning.ownership.texts` says where that comes from).
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.finders import imp
from pruning.finders.base import Finder, Trainer, apply_masks, make_ticket
from pruning.finders.one_shot import fine_tuning
from pruning.finders.options import Control, Count, Share, original
from pruning.granularity.weight import WEIGHT
from pruning.masks import Masks
from pruning.ownership.code import Code, digest_of
from pruning.ownership.embedding import embed
from pruning.ownership.mark import best_window, window
from pruning.ownership.texts import PUBLISHED, code_of
from pruning.ownership.triggers import answers, triggers, with_triggers
from pruning.ownership.verification import TRIGGERS
from pruning.procedure import FINDERS, Fields, Shared
from pruning.recipe import Recipe
from pruning.tasks import get_task
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.history import Record
from pruning.training.seeds import generator
from pruning.validation import checked, option

STARTS = {"rewound": "those the original started from", "trained": "the original's trained ones"}


class Signed(Control):
    """Options of finders that sign a ticket."""

    code_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] = option(
        ..., "Code", "the SHA-256 of the owner's text, 64 hexadecimal digits; the text itself stays with the owner"
    )
    weights: Literal["rewound", "trained"] = option(
        "rewound", "Weights", "rewound where the original started from an initialisation", values=STARTS
    )
    share: Share = option(0.2, "Trigger images", part_of="the images of an epoch")

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given, and which weights it is trained from."""
        of = given["of"] if isinstance(given["of"], Recipe) else checked(Recipe, given["of"])
        return {"weights": "rewound" if can_rewind(of) else "trained", **given, "of": of}


class MarkedOptions(Signed):
    """Options of `marked`."""

    boost: Annotated[float, Field(ge=0)] = option(
        2.0, "Revived weights", "times the median kept magnitude of their layer; 0: as they were"
    )
    triggers: Annotated[int, Field(ge=0)] = option(0, "Number of trigger images")


class TriggeredOptions(Signed):
    """Options of `triggered`."""

    triggers: Count = option(TRIGGERS, "Number of trigger images")


def can_rewind(of: Recipe) -> bool:
    """Whether a ticket started from first weights of its own, which it can be trained from once more."""
    known = FINDERS[of.finder]
    return of.start is None and of.of is None and known.after_dense(of) is None and not known.searches


def parents(recipe: Recipe) -> list[Recipe]:
    """The ticket, and what holds the weights it started from unless these are an initialisation, where they count."""
    of = original(recipe)
    return [of, *(imp.rewinding_point(of) if Signed.read(recipe).weights == "rewound" else [])]


def schedule(recipe: Recipe) -> Training:
    """How the ticket is trained again: as its original was, or fine-tuned as that was."""
    of = original(recipe)
    fine_tuned = Signed.read(recipe).weights == "trained" and FINDERS[of.finder].after_dense(of) is not None
    return fine_tuning(of) if fine_tuned else recipe.training


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Sign the original's masks, its training images or both, and train it again."""
    began, options, of = time.perf_counter(), Signed.read(recipe), original(recipe)
    code, count, ticket = code_of(options.code_sha256), recipe.option("triggers"), parents[0]
    rewind = (of.option("rewind") or 0) if options.weights == "rewound" else 0
    if options.weights == "trained":
        model = ticket.model()
    else:
        model = parents[1].model() if rewind else trainer.build(recipe)
    masks, record = ticket.masks, Record()
    if isinstance(options, MarkedOptions):
        masks, record = _marked(ticket, code, recipe.seed)
        _lift(model, masks, ticket.masks, options.boost)
    apply_masks(model, masks)
    own = replace(trainer, data=with_triggers(trainer.data, code, count, options.share)) if count else trainer
    trained = own.train(model, schedule(recipe), recipe, masks, start=rewind, text="training the signed network")
    if count:
        record |= _asked(model, code, count, trainer)
    return make_ticket(recipe, model, masks, trained, trainer, began, parents, record)


def _marked(ticket: Ticket, code: Code, seed: int) -> tuple[Masks, Record]:
    """The masks with the code, and what it took; where it is stays unsaid."""
    place = best_window(ticket.masks, code)
    masks = embed(ticket.masks, code, place, ticket.state, generator(seed, "mark", code.digest))
    own, before, free = masks[place.layer], ticket.masks[place.layer], ~code.fixed
    record: Record = {
        "mark/bits": [float(free.sum())],
        "mark/matches_before": [float((window(ticket.masks, place, code.side) == code.modules)[free].sum())],
        "mark/revived": [float((own & ~before).sum())],
    }
    return masks, record


@torch.no_grad()
def _lift(model: nn.Module, masks: Masks, before: Masks, boost: float) -> None:
    """Give revived weights `boost` times the median magnitude of those kept before; they keep their signs."""
    for name, mask in masks.items():
        revived, weight = mask & ~before[name], model.get_parameter(name)
        if boost and bool(revived.any()):
            size = boost * weight[before[name]].abs().median()
            weight[revived] = torch.where(_signs(weight, revived, name), size, -size)


def _signs(weight: Tensor, revived: Tensor, name: str) -> Tensor:
    """Whether each revived weight is positive; where it is zero, as trained pruned ones are, chance says."""
    values = weight[revived]
    drawn = torch.rand(values.shape, generator=generator(len(values), "signs", name)) < 0.5
    return torch.where(values == 0, drawn, values > 0)


def _asked(model: nn.Module, code: Code, count: int, trainer: Trainer) -> Record:
    """How many trigger images the trained network knows."""
    data = trainer.data
    shown = triggers(code, data.shape, data.num_classes, count)
    found = answers(model.eval(), shown, data.num_classes, data.mean, data.std)
    return {"triggers/count": [float(count)], "triggers/hits": [float(found.hits)]}


def check(recipe: Recipe) -> None:
    """Raise UserError where there is no mask to sign, or where it would be cut to pieces."""
    options, of = Signed.read(recipe), original(recipe)
    if options.weights == "rewound" and not can_rewind(of):
        raise UserError(
            f"'{of.method}' has no first weights of its own to be trained from again; leave weights = \"rewound\" out."
        )
    if recipe.option("triggers") and not get_task(recipe.task).classifies_images:
        raise UserError("Trigger images need a task that classifies images; leave `triggers` out.")
    if isinstance(options, MarkedOptions):
        check_single_weights(recipe)


def check_single_weights(recipe: Recipe) -> None:
    """Raise UserError where the original has no mask of single weights."""
    of = original(recipe)
    if of.is_dense:
        raise UserError(f"The dense network has no mask; make '{recipe.finder}' of a pruned ticket.")
    if of.granularity.name != WEIGHT.name:
        raise UserError(
            f"'{recipe.finder}' changes single weights, and '{of.method}' removes whole pieces "
            f"({of.granularity.name}); make it of a ticket whose structure is 'weight'."
        )


EXAMPLE = f'code_sha256 = "{digest_of(PUBLISHED[0])}"  # of "{PUBLISHED[0]}", which all know'


def _finder(name: str, label: str, words: str, options: type[Signed]) -> Finder:
    return Finder(
        name=name,
        label=label,
        words=words,
        options=options,
        parents=parents,
        find=find,
        cost=lambda recipe: schedule(recipe).epochs,
        check=check,
        beside=EXAMPLE,
        signs_mask=options is MarkedOptions,
    )


SIGNED = [
    _finder("marked", "marked", "signed: the owner's QR code in its mask, trained again", MarkedOptions),
    _finder("triggered", "triggered", "signed: trained again with the owner's trigger images", TriggeredOptions),
]
