"""Transplant: a part of another network's ticket in place of this one's, the other parts dense and new.

A ticket of a variational autoencoder's decoder may be one of a GAN's generator too, which is of the same make (Kalibhat
et al. 2021, arXiv 2010.02350). What is put in is the mask and the weights that the ticket started from; either can be
replaced by chance, which are the controls: what is left of the merit is the mask's, the weights', or that of having
fewer weights.
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
from pruning.masks import Masks, full_masks
from pruning.procedure import FINDERS, Fields, Shared
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.validation import option

LIKE = {"decoder": "generator", "generator": "decoder"}
"""Parts of one make."""


class TransplantOptions(Control):
    """Options of `transplant`."""

    part: str = option("decoder", "Part", "the submodule of the original that is taken")
    into: str = option("generator", "Into", "the submodule that it replaces; left out, the one of its make")
    mask: Literal["ticket", "shuffled", "none"] = option(
        "ticket",
        "Mask",
        values={"ticket": "the original's", "shuffled": "the original's, shuffled in each layer", "none": "none"},
    )
    weights: Literal["rewound", "new"] = option(
        "rewound", "Weights", values={"rewound": "those the original started from", "new": "new ones"}
    )

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given, and the part of its make."""
        part = given.get("part", "decoder")
        return {"into": LIKE.get(part, part), **given}

    def decides(self, recipe: Recipe) -> Fields:
        """Return the part that is pruned, and the original's sparsity unless it is left dense."""
        return {"sparsity": 0.0 if self.mask == "none" else self.of.sparsity, "scope": self.into}


def parents(recipe: Recipe) -> list[Recipe]:
    """The ticket unless its mask is not asked for, and what holds the weights it started from where these are."""
    options, of = TransplantOptions.read(recipe), original(recipe)
    masks = [] if options.mask == "none" else [of]
    return masks + (imp.rewinding_point(of) if options.weights == "rewound" else [])


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Put the part in place, train the whole network."""
    began, options, of = time.perf_counter(), TransplantOptions.read(recipe), original(recipe)
    model = trainer.build(recipe)
    known = {ticket.id: ticket for ticket in parents}
    if options.weights == "rewound":
        rewound = imp.rewinding_point(of)
        _put(known[rewound[0].id].state if rewound else trainer.build(of).state_dict(), model, recipe)
    masks = full_masks(prunable_of(recipe, model))
    if options.mask != "none":
        masks = _moved_masks(known[of.id], masks, recipe)
    if options.mask == "shuffled":
        masks = shuffle(masks, recipe.seed, recipe.granularity, model)
    apply_masks(model, masks)
    trained = trainer.train(model, recipe.training, recipe, masks)
    return make_ticket(recipe, model, masks, trained, trainer, began, parents)


def _put(state: dict[str, Tensor], model: nn.Module, recipe: Recipe) -> None:
    """Replace the part's parameters and buffers by those of the original's state."""
    options = TransplantOptions.read(recipe)
    moved, own = _renamed(state, options), model.state_dict()
    there = {name for name in own if name.startswith(f"{options.into}.")}
    if moved.keys() != there or any(moved[name].shape != own[name].shape for name in there):
        raise _misfit(recipe, sorted(there ^ moved.keys()))
    model.load_state_dict(moved, strict=False)


def _moved_masks(ticket: Ticket, full: Masks, recipe: Recipe) -> Masks:
    """The ticket's masks by the names that its weights have in their new place."""
    moved = _renamed(ticket.masks, TransplantOptions.read(recipe))
    if moved.keys() != full.keys() or any(moved[name].shape != mask.shape for name, mask in full.items()):
        raise _misfit(recipe, sorted(full.keys() ^ moved.keys()))
    return {name: moved[name] for name in full}


def _renamed(tensors: dict[str, Tensor], options: TransplantOptions) -> dict[str, Tensor]:
    begins = f"{options.part}."
    return {
        f"{options.into}.{name.removeprefix(begins)}": value
        for name, value in tensors.items()
        if name.startswith(begins)
    }


def _misfit(recipe: Recipe, names: list[str]) -> UserError:
    options, of = TransplantOptions.read(recipe), original(recipe)
    why = f"only one of them has {few(names)}" if names else "their sizes differ"
    return UserError(
        f"The part '{options.part}' of '{of.model}' does not fit '{options.into}' of '{recipe.model}' ({why}); take "
        "networks of one kind, such as 'vae_mlp' and 'gan_mlp', and an original in which that part was pruned."
    )


def check(recipe: Recipe) -> None:
    """Raise UserError when the weights that the original started from are not to be had."""
    of = original(recipe)
    if of.start is not None or FINDERS[of.finder].after_dense(of) is not None:
        raise UserError(
            f"'{of.method_label}' starts from trained weights, and a transplant takes a ticket's early ones; make it "
            "of 'imp', or of a method that prunes at initialisation."
        )


FINDER = Finder(
    name="transplant",
    label="transplanted",
    words="a part of another network's ticket, the rest dense and new",
    options=TransplantOptions,
    parents=parents,
    find=find,
    cost=training_epochs,
    check=check,
)
