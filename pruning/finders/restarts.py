"""Controls that train a ticket once more from its start, with one thing changed: what makes it a ticket?

`retrained` changes the training alone. `norm_matched` trains the dense network, its initial weights scaled to the norm
of the ticket's: the norm is that of all prunable weights together, of order 1 or 2, and weights that the ticket prunes
count as zero. `signed` keeps the mask and the initial magnitudes, and takes the signs of the network that the mask was
cut from, or signs by chance (Zhou et al. 2019). `width_matched` keeps all weights between the inputs and outputs of
each layer that the ticket still uses. All but `retrained` are of Grokking Tickets (arXiv 2310.19470) or follow from it.
"""

import time
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.finders import imp
from pruning.finders.base import Finder, Trainer, apply_masks, finder_of, make_ticket, no_parents, training_epochs
from pruning.finders.options import Control, original
from pruning.masks import Masks, full_masks
from pruning.procedure import FINDERS, Fields
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.seeds import generator
from pruning.validation import option

ORDERS = {"1": "L1", "2": "L2"}
SIGNS = {"final": "of the network that the mask was cut from", "random": "by chance"}

Start = Callable[[Recipe, Sequence[Ticket], nn.Module], Masks]
"""Changes the network at its first weights in place, and gives the masks; the original is the first of the tickets."""


class DenseRestart(Control):
    """Options of controls that leave the network dense."""

    def decides(self, recipe: Recipe) -> Fields:
        """Return that nothing is pruned."""
        return {"sparsity": 0.0}


class NormOptions(DenseRestart):
    """Options of `norm_matched`."""

    order: Literal[1, 2] = option(2, "Norm", "of all prunable weights together", values=ORDERS)


class SignOptions(Control):
    """Options of `signed`."""

    signs: Literal["final", "random"] = option("final", "Signs", values=SIGNS)


def rewinding_point(recipe: Recipe) -> list[Recipe]:
    """What holds the weights that the original started from, unless these are an initialisation."""
    return imp.rewinding_point(original(recipe))


def cut_from(recipe: Recipe) -> list[Recipe]:
    """The network that the original's mask was cut from, where the final signs are asked for."""
    final = SignOptions.read(recipe).signs == "final"
    return finder_of(original(recipe)).parents(original(recipe))[:1] if final else []


def same(recipe: Recipe, parents: Sequence[Ticket], model: nn.Module) -> Masks:
    """The original's mask, its weights as they are."""
    return parents[0].masks


def norm(weights: Sequence[Tensor], order: int) -> float:
    """The norm of all weights as one vector, in double precision."""
    return float(torch.linalg.vector_norm(torch.cat([weight.detach().double().flatten() for weight in weights]), order))


def scaled(recipe: Recipe, parents: Sequence[Ticket], model: nn.Module) -> Masks:
    """Nothing pruned; all weights that might be times the ratio of the norms with the mask and without."""
    masks, order = parents[0].masks, NormOptions.read(recipe).order
    weights = {name: model.get_parameter(name) for name in masks}
    ratio = norm([weight * masks[name] for name, weight in weights.items()], order) / norm([*weights.values()], order)
    with torch.no_grad():
        for weight in weights.values():
            weight.mul_(ratio)
    return full_masks(weights)


def signed(recipe: Recipe, parents: Sequence[Ticket], model: nn.Module) -> Masks:
    """The original's mask, with other signs; a zero counts as positive."""
    for name in parents[0].masks:
        weight = model.get_parameter(name)
        if SignOptions.read(recipe).signs == "final":
            positive = parents[1].state[name] >= 0
        else:
            positive = torch.rand(weight.shape, generator=generator(recipe.seed, "signs", name)) < 0.5
        with torch.no_grad():
            weight.copy_(torch.where(positive, weight.abs(), -weight.abs()))
    return parents[0].masks


def between_live(mask: Tensor) -> Tensor:
    """All of a layer's weights [out, in, ...] whose output and whose input keep some weight in it."""
    pairs = mask.flatten(2).any(2) if mask.ndim > 2 else mask
    live = pairs.any(1, keepdim=True) & pairs.any(0, keepdim=True)
    return live.view(*live.shape, *[1] * (mask.ndim - 2)).expand(mask.shape).clone()


def widened(recipe: Recipe, parents: Sequence[Ticket], model: nn.Module) -> Masks:
    """What `between_live` keeps of each layer."""
    return {name: between_live(mask) for name, mask in parents[0].masks.items()}


def check(recipe: Recipe) -> None:
    """Raise UserError where the original's first weights are not at hand."""
    of = original(recipe)
    known = FINDERS[of.finder]
    if recipe.start is not None or of.of is not None or known.after_dense(of) is not None or known.searches:
        raise UserError(
            f"Control '{recipe.finder}' starts from the first weights of its original, and '{of.method}' has none of "
            "its own; make it of a ticket of 'imp', 'early_mask' or a criterion at initialisation."
        )


def check_retrained(recipe: Recipe) -> None:
    """Raise UserError also where the control would be the original itself, which its mask is not where that moved."""
    check(recipe)
    of = original(recipe)
    if recipe.training == of.training and not FINDERS[of.finder].mask_moves:
        raise UserError(
            f"Control '{recipe.finder}' would repeat '{of.method}' as it was; give it a `training` of "
            "its own, such as training = { weight_decay = 0 }."
        )


def check_pruned(recipe: Recipe) -> None:
    """Raise UserError also where there is no mask, or no network that it was cut from and whose signs are asked for."""
    check(recipe)
    of = original(recipe)
    if of.is_dense:
        raise UserError(f"The dense network has no mask; make the control '{recipe.finder}' of a pruned one.")
    if recipe.option("signs") == "final" and not cut_from(recipe):
        raise UserError(
            f"The mask of '{of.method}' was cut from no trained network whose signs could be taken; make the control "
            "'signed' of a ticket of 'imp' or 'early_mask', or give it signs = \"random\"."
        )


def _finder(
    name: str,
    label: str,
    words: str,
    start: Start,
    options: type[Control] = Control,
    more: Callable[[Recipe], list[Recipe]] = no_parents,
    check: Callable[[Recipe], None] = check_pruned,
    beside: str = "",
) -> Finder:
    """A control that changes the network at its first weights; `more` are its parents beside the original."""

    def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
        began, rewind = time.perf_counter(), original(recipe).option("rewind") or 0
        model = parents[-1].model() if rewind else trainer.build(recipe)
        masks = start(recipe, parents, model)
        apply_masks(model, masks)
        trained = trainer.train(model, recipe.training, recipe, masks, start=rewind)
        return make_ticket(recipe, model, masks, trained, trainer, began, parents)

    return Finder(
        name=name,
        label=label,
        words=words,
        options=options,
        parents=lambda recipe: [original(recipe), *more(recipe), *rewinding_point(recipe)],
        find=find,
        cost=training_epochs,
        check=check,
        beside=beside,
    )


RESTARTS = [
    _finder(
        name="retrained",
        label="retrained",
        words="control: the same start, trained otherwise",
        start=same,
        check=check_retrained,
        beside="training = { weight_decay = 0 }  # what differs from the original's",
    ),
    _finder("norm_matched", "norm-matched", "control: dense, scaled to the ticket's norm", scaled, NormOptions),
    _finder("signed", "signed", "control: the first magnitudes with other signs", signed, SignOptions, cut_from),
    _finder("width_matched", "width-matched", "control: dense between what the ticket uses", widened, DenseRestart),
]
