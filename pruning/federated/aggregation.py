"""What a server makes of what its clients send.

Votes are counted in whole numbers, an image a vote, so that a sum depends on no order and an even one is exactly zero.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

Learnt = Mapping[str, Tensor]
"""What is learnt, by the name of the parameter that it is about."""


def average(sent: Sequence[Learnt], images: Sequence[int]) -> dict[str, Tensor]:
    """Average what clients send, each by how many images it has (FedAvg, McMahan et al. 2017, arXiv 1602.05629).

    Args:
        sent: a client each; floats of equal names and shapes.
        images: of each client.
    """
    whole = sum(images)
    mean = {name: torch.zeros(value.shape, dtype=torch.float64) for name, value in sent[0].items()}
    for learnt, count in zip(sent, images, strict=True):
        for name, value in learnt.items():
            mean[name] += value.double() * (count / whole)
    return {name: value.to(sent[0][name].dtype) for name, value in mean.items()}


def counted(sent: Sequence[Learnt], images: Sequence[int]) -> dict[str, Tensor]:
    """Count votes, an image one: int64 sums of n_i v_i, where v_i is a client's +-1, or 0 and 1."""
    return {
        name: torch.stack([learnt[name].long() * count for learnt, count in zip(sent, images, strict=True)]).sum(0)
        for name in sent[0]
    }


def majority(counts: Tensor, source: torch.Generator) -> Tensor:
    """Give the sign of each count, int8 of +-1; a coin of the source decides an even one.

    A coin is thrown for every weight, so that what falls to one does not depend on the others.
    """
    coins = torch.randint(0, 2, counts.shape, generator=source) * 2 - 1
    return torch.where(counts == 0, coins, counts.sign()).to(torch.int8)


def agreement(counts: Tensor, images: int) -> float:
    """Give the mean of |sum n_i s_i| / n over weights: 1 where all clients have the same sign, 0 where all is even."""
    return float(counts.abs().double().mean()) / images if counts.numel() else float("nan")


def agreement_by_chance(images: Sequence[int]) -> float:
    """Give the expected agreement of clients that throw coins, exactly: E |sum n_i s_i| / n."""
    chances = np.ones(1)  # of each sum of votes for +1, in votes
    for count in images:
        grown = np.zeros(len(chances) + count)
        grown[: len(chances)] += chances / 2
        grown[count:] += chances / 2
        chances = grown
    whole = sum(images)
    return float(np.abs(2 * np.arange(whole + 1) - whole) @ chances) / whole
