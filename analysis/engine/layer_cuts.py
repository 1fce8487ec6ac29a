"""A network with one layer pruned, and nothing else: the masks of each layer at each sparsity.

They are those that the finder `manual` makes from the same trained network, criterion and granularity. Where whole
channels go, layers that are coupled (`pruning.graph.coupling`) are one group and lose the same fraction each.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from torch import nn

from pruning.criteria import CRITERIA, Criterion
from pruning.criteria.base import Stepwise
from pruning.criteria.rounds import Cut, cut_by_score
from pruning.errors import UserError
from pruning.finders.base import Trainer, prunable_of
from pruning.finders.scoring import scoring_context
from pruning.granularity import get_granularity
from pruning.granularity.dead_channels import with_dead_channels
from pruning.graph.coupling import coupled
from pruning.masks import Masks
from pruning.models.inspection import Shape, prunable
from pruning.recipe import Recipe
from pruning.ticket import Ticket

SPARSITIES = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
"""The fractions of a layer's weights that are removed."""


@dataclass(frozen=True)
class LayerCut:
    """Layers that lose weights while all others stay whole.

    Attributes:
        names: of the weights, a group. sparsity: the fraction that is to go of those that are there.
        removed: the fraction that goes, less where whole pieces go; nan where `why` says why it cannot.
        masks: of the weights, and of the biases and norms of channels that end.
    """

    names: tuple[str, ...]
    sparsity: float
    removed: float
    masks: Masks
    why: str = ""


def manual_recipe(ticket: Ticket, criterion: str, structure: str) -> Recipe:
    """The recipe of the finder `manual` by which single layers of a trained network are pruned."""
    kept = ("model", "data", "task", "classifier", "prune_classifier", "scope", "training", "seed")
    fields = {name: getattr(ticket.recipe, name) for name in kept}
    way = {"finder": "manual", "criterion": criterion, "structure": structure, "score_on": "trained"}
    return Recipe(**fields, **way, sparsity=0.5)


def groups_of(ticket: Ticket, structure: str) -> list[tuple[str, ...]]:
    """The ticket's prunable weights in the order of the network, those together that a granularity cannot cut alone.

    These are coupled ones where whole channels go; single weights, or patterns of them, go in any layer alone.
    """
    if not get_granularity(structure).ends_channels:
        return [(name,) for name in prunable(ticket.model()) if name in ticket.masks]
    return coupled_of(ticket)


def coupled_of(ticket: Ticket) -> list[tuple[str, ...]]:
    """The ticket's prunable weights, coupled ones together, in the order of the network."""
    _, channels, height, width = 0, *ticket.info.shape
    shape: Shape = (channels, height, width)
    own = [tuple(name for name in group if name in ticket.masks) for group in coupled(ticket.model(), shape)]
    return [group for group in own if group]


def layer_cuts(
    ticket: Ticket, criterion: str, structure: str, trainer: Trainer, sparsities: Sequence[float] = SPARSITIES
) -> list[LayerCut]:
    """Every group of layers at every sparsity, group by group.

    Raises:
        UserError: the criterion cannot score this network.
    """
    scoring = Scoring(ticket, manual_recipe(ticket, criterion, structure), CRITERIA[criterion], trainer)
    return [scoring.cut(group, sparsity) for group in groups_of(ticket, structure) for sparsity in sparsities]


class Scoring:
    """A network that is scored once for all cuts, by a criterion that scores but once."""

    def __init__(self, ticket: Ticket, recipe: Recipe, criterion: Criterion, trainer: Trainer) -> None:
        # imported networks may expect another normalisation than the data's own
        trainer = replace(trainer, data=trainer.data.normalised_by(ticket.info.mean, ticket.info.std))
        self.ticket, self.recipe, self.criterion, self.trainer = ticket, recipe, criterion, trainer
        self.whole = ticket.model().to(trainer.device)
        if criterion.rounds == 1 and not issubclass(criterion.options, Stepwise):  # whose scores hang on the cut
            model = self._model()
            scores = criterion.score(model, scoring_context(recipe, model, trainer, criterion, ticket.masks))
            self.criterion = replace(criterion, function=lambda model, context: scores, needs_data=False)

    def cut(self, names: tuple[str, ...], sparsity: float) -> LayerCut:
        """One group of layers at one sparsity."""
        try:
            kept = self.masks(dict.fromkeys(names, sparsity))
        except UserError as error:
            return LayerCut(names, sparsity, float("nan"), {}, str(error))
        own = {name: kept[name] for name in names}
        before, after = (sum(int(each[name].sum()) for name in names) for each in (self.ticket.masks, own))
        if before == after:
            return LayerCut(names, sparsity, float("nan"), {}, "Nothing of it goes: its pieces are larger than that.")
        return LayerCut(names, sparsity, 1 - after / before, self.with_ends(own))

    def masks(self, sparsities: Mapping[str, float]) -> Masks:
        """The masks of all prunable weights, of which some lose these fractions of what is there, and the others none.

        Raises:
            UserError: so much cannot go.
        """
        model = self._model()
        masks = {name: self.ticket.masks[name] for name in prunable_of(self.recipe, model)}
        left = {name: float(mask.double().mean()) for name, mask in masks.items()}
        layers = {name: 1 - share * (1 - sparsities.get(name, 0.0)) for name, share in left.items()}
        sizes = {name: mask.numel() for name, mask in masks.items()}
        gone = sum(round(layers[name] * size) for name, size in sizes.items()) / sum(sizes.values())
        context = scoring_context(self.recipe, model, self.trainer, self.criterion, masks)
        kept = cut_by_score(model, self.criterion, context, Cut(sparsity=gone, layers=layers))
        return {name: mask.cpu() for name, mask in kept.items()}

    def with_ends(self, masks: Masks) -> Masks:
        """The masks, and those of biases and norms of channels that end."""
        return with_dead_channels(self.ticket.model(), masks, self.trainer.data.shape, self.recipe.granularity)

    def _model(self) -> nn.Module:
        return copy.deepcopy(self.whole)
