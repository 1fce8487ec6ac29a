"""Scores that say nothing: layers in which equal scores leave it to the position which weights stay.

The rule: of a layer's pieces (weights, or whatever goes as one) more than half have one and the same score, and either
some of these go while others stay and make up more than a tenth of what stays; or they are the whole of a layer that
nothing was pruned of yet, as behind a head that starts at zero, where no gradient reaches any weight. Weights that are
zero themselves are worth the same, so which of them stay is no choice, unless a whole layer is zero. Blocks of the
whole network are compared as one layer. Once a layer has nothing left no signal passes, and all scores may be zero: of
that the ticket itself speaks (`collapsed`).
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pruning.errors import UserError, few
from pruning.granularity import Granularity
from pruning.granularity.units import Units

Tensors = Mapping[str, Tensor]
BY_POSITION = 0.1  # of what stays in a layer: more is too much
SAMPLE = 4096  # pieces that a large layer is looked at first by
WAY_OUT = (
    'Take other weights to score (another initialisation, or score_on = "trained"), or another criterion; or choose '
    'ties = "random", a seeded draw among equal scores. In `prune` that is ties=True; exclude="LAYER" leaves one whole.'
)


class Layer(NamedTuple):
    """The pieces of a layer that were there before: their scores, which stay, which are not zero; if none was gone."""

    name: str
    scores: Tensor
    stays: Tensor
    something: Tensor
    whole: bool


def refuse_ties(
    label: str,
    scores: Tensors,
    before: Tensors,
    after: Tensors,
    weights: Tensors,
    granularity: Granularity,
    model: nn.Module | None,
) -> None:
    """Refuse masks that scores did not decide.

    Args:
        label: the criterion's name for people.
        scores: of the weights, by name.
        before: their masks without what these scores removed.
        after: their masks with it.
        weights: as they are in the network.
        granularity: what went as one piece.
        model: the network, None where there is none.

    Raises:
        UserError: of a layer most scores are equal, by the rule above.
    """
    cut = any(not bool(mask.any()) for mask in before.values())
    if cut or all(torch.equal(before[name], after[name]) for name in scores):
        return
    pieces = _units(scores, before, after, weights, granularity, model) if granularity.units else None
    found = [layer for layer in pieces or _weights(scores, before, after, weights) if _says_nothing(layer)]
    if found:
        first, more = found[0], f" (and {few([layer.name for layer in found[1:]], 3)})" if len(found) > 1 else ""
        value = float(first.scores.median())
        equal = int((first.scores == value).sum())
        raise UserError(
            f"The {label} scores say nothing of layer '{first.name}'{more}: {equal:,} of {len(first.scores):,} are "
            f"{value:.3g}, more than half, so that position alone would decide which stay. {WAY_OUT}"
        )


def _says_nothing(layer: Layer) -> bool:
    scores = layer.scores
    if len(scores) < 2:
        return False
    if layer.whole and bool((scores == scores[0]).all()):
        return True
    scores, stays = scores[layer.something], layer.stays[layer.something]
    sample = scores[:: max(1, len(scores) // SAMPLE)]
    if len(scores) < 2 or int((sample == sample.median()).sum()) <= len(sample) // 4:
        return False
    tied = scores == scores.median()  # what more than half have in common is the median
    chosen = int(stays[tied].sum())  # by their position
    return 2 * int(tied.sum()) > len(scores) and not bool(stays[tied].all()) and chosen > BY_POSITION * int(stays.sum())


def _weights(scores: Tensors, before: Tensors, after: Tensors, weights: Tensors) -> Iterator[Layer]:
    for name, score in scores.items():
        alive = before[name]
        whole = bool(alive.all())
        yield Layer(name, score[alive], after[name][alive], weights[name].detach()[alive] != 0, whole)


def _units(
    scores: Tensors,
    before: Tensors,
    after: Tensors,
    weights: Tensors,
    granularity: Granularity,
    model: nn.Module | None,
) -> Iterator[Layer]:
    ranks = {name: torch.where(before[name], score, -torch.inf) for name, score in scores.items()}
    units = Units.tally(granularity, ranks, model)
    count = len(units.size)
    stays, something, gone = (torch.zeros(count + 1, dtype=torch.bool) for _ in range(3))
    for name, numbers in units.ids.items():
        ids = torch.from_numpy(numbers)  # -1, what never goes, is the last place
        stays[ids[after[name].flatten().cpu()]] = True
        something[ids[(weights[name].detach() != 0).flatten().cpu()]] = True
        gone[ids[~before[name].flatten().cpu()]] = True
    there, score = torch.from_numpy(units.size > 0), torch.from_numpy(units.score)
    layer = torch.from_numpy(units.layer)
    for position, name in enumerate(["the whole network"] if granularity.network_wide else units.ids):
        own = (there if granularity.network_wide else there & (layer == position)).nonzero().flatten()
        yield Layer(name, score[own], stays[own], something[own], not bool(gone[own].any()))
