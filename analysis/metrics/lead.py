"""Why an image is lost: the lead of its class over the winner, split exactly into what changed.

The lead is logit_y - logit_r of the true class y over a rival r. Inside one network a corrupted feature differs from
the clean one in its direction and in its length; the biases stay. Each one's share of the change is its Shapley value
(Shapley 1953), the mean of its marginal contributions over the orders in which the two change, so the shares sum to
the change exactly. Without biases a length alone never changes which class wins; with them it does, as a shorter
feature leaves more to the bias.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import combinations
from math import factorial

import torch
from torch import Tensor

Game = Callable[[frozenset[str]], Tensor]
"""What is reached once the named players have changed and the others have not."""


def shapley(players: Collection[str], game: Game) -> dict[str, Tensor]:
    """Each player's Shapley value; they sum to game(all) - game(none). Takes 2 ** players games.

    Args:
        players: their names.
        game: gives tensors of one shape.
    """
    names = list(players)
    every = [frozenset(chosen) for size in range(len(names) + 1) for chosen in combinations(names, size)]
    reached = {chosen: game(chosen) for chosen in every}
    result = {}
    for name in names:
        others = [chosen for chosen in every if name not in chosen]
        weights = [factorial(len(each)) * factorial(len(names) - len(each) - 1) for each in others]
        gains = [
            weight * (reached[each | {name}] - reached[each]) for weight, each in zip(weights, others, strict=True)
        ]
        result[name] = torch.stack(gains).sum(0) / factorial(len(names))
    return result


def polar(features: Tensor) -> tuple[Tensor, Tensor]:
    """Unit directions [N, D] and lengths [N] of features [N, D], in float64; a zero feature has a zero direction."""
    features = features.double()
    lengths = features.norm(dim=1)
    return features / lengths.clamp(min=torch.finfo(torch.float64).tiny)[:, None], lengths


def lead_change(
    clean: Tensor, changed: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, rivals: Tensor
) -> dict[str, Tensor]:
    """The change of the lead, by what changed in the feature.

    Args:
        clean: features [N, D].
        changed: the same images' features afterwards, by the same network.
        weight: class directions [K, D].
        bias: [K].
        labels: int64 [N], the true classes.
        rivals: int64 [N], the classes that lead is over.

    Returns:
        direction and length, float64 [N], in units of the logits; their sum is the lead afterwards minus that before.
    """
    weight, bias = weight.double(), bias.double()
    apart, offset = weight[labels] - weight[rivals], bias[labels] - bias[rivals]
    (turned, now), (straight, before) = polar(changed), polar(clean)

    def game(after: frozenset[str]) -> Tensor:
        direction = turned if "direction" in after else straight
        length = now if "length" in after else before
        return length * (direction * apart).sum(1) + offset

    return shapley(("direction", "length"), game)


def exchanged(directions: Tensor, lengths: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The predictions int64 [N] for features of these directions [N, D] and lengths [N]."""
    logits = lengths[:, None] * (directions @ weight.double().T) + bias.double()
    return logits.argmax(1)
