"""A linear probe: a new classifier on features that stay as they are."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, optim

STEPS, RATE = 300, 0.01
DROPS = 0.5, 0.72
"""After which shares of the steps the rate falls to a tenth."""


def fit(features: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Weights [K, D] and biases [K] by `STEPS` full steps of Adam on the cross-entropy, from zero.

    So many steps stand in for a penalty: of few images the classes can be parted, and the weights would grow for ever.

    Args:
        features: float32 [N, D].
        labels: int64 [N].
        classes: K.
    """
    weight = torch.zeros(classes, features.shape[1], device=features.device, requires_grad=True)
    bias = torch.zeros(classes, device=features.device, requires_grad=True)
    optimiser = optim.Adam([weight, bias], RATE)
    for rate in rates(RATE, STEPS):
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        F.cross_entropy(features @ weight.T + bias, labels).backward()
        optimiser.step()
    return weight.detach(), bias.detach()


def rates(start: float, steps: int) -> Iterator[float]:
    """The rate of each step, which falls to a tenth after each of `DROPS`."""
    for step in range(steps):
        yield start * 0.1 ** sum(step >= share * steps for share in DROPS)
