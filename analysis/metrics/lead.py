"""Why an image is lost: the lead of its class over the winner, split exactly into what changed.

The lead is logit_y - logit_r of the true class y over a rival r. Inside one network a corrupted feature differs from
the clean one in its direction and in its length; the biases stay. Each one's share of the change is its Shapley value
(Shapley 1953), the mean of its marginal contributions over the orders in which the two change, so the shares sum to
the change exactly. Without biases a length alone never changes which class wins; with them it does, as a shorter
feature leaves more to the bias.

Two networks' features have no basis in common, so between them the lead is written in what can be compared,

    ||f|| (||w_y|| cos_y - ||w_r|| cos_r) + b_y - b_r,

and its change split among the feature's length, the cosines, the norms of the class directions and the biases. The
directions are taken less their mean: what all share is in no lead, but would move cosines and norms. A network that
doubles its features and halves its directions is the same one, so only the sum of length and norms is beyond doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Self

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


@dataclass(frozen=True)
class Polar:
    """What a network's leads are made of, in terms that another network has too; all float64.

    Attributes:
        length: of the features, [N].
        cosines: between features and the centred directions of two classes of each image, [N, 2].
        norms: of these directions, [N, 2].
        biases: of the two classes, [N, 2].
    """

    length: Tensor
    cosines: Tensor
    norms: Tensor
    biases: Tensor

    @classmethod
    def of(cls, features: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, rivals: Tensor) -> Self:
        """From features [N, D], directions [K, D] and biases [K], of the classes int64 [N] and [N]."""
        pair = torch.stack([labels, rivals], 1)
        directions, norms = polar(weight.double() - weight.double().mean(0))
        straight, length = polar(features)
        return cls(length, (straight[:, None] * directions[pair]).sum(2), norms[pair], bias.double()[pair])


PLAYERS = ("length", "cosines", "norms", "biases")
"""What sets the leads of two networks apart: the fields of `Polar`."""


def lead_between(before: Polar, after: Polar) -> dict[str, Tensor]:
    """How much the lead of the first class over the second changes from one network to another, by what differs.

    Returns:
        each of `PLAYERS`, float64 [N], in units of the logits; their sum is the lead of `after` minus that of `before`.
    """

    def game(changed: frozenset[str]) -> Tensor:
        length, cosines, norms, biases = (after if name in changed else before for name in PLAYERS)
        logits = length.length[:, None] * cosines.cosines * norms.norms + biases.biases
        return logits[:, 0] - logits[:, 1]

    return shapley(PLAYERS, game)


def exchanged(directions: Tensor, lengths: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The predictions int64 [N] for features of these directions [N, D] and lengths [N]."""
    logits = lengths[:, None] * (directions @ weight.double().T) + bias.double()
    return logits.argmax(1)
