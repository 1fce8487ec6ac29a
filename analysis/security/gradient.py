"""Attacks by gradient, of any size, in L-inf and L2: one step, and twenty.

`one_step` goes the whole size at once along the direction in which the loss grows most: in L-inf the sign of its
gradient (Goodfellow et al., ICLR 2015), in L2 the gradient over its norm. `steps` starts at random in the ball and
makes twenty such moves of 2.5 / 20 of the size, back into the ball and into [0, 1] after each (projected gradient
descent, Madry et al., ICLR 2018), and keeps of each image the worst that it came by.

Images are not rounded to bytes, as rounding alone may leave a small ball of L2. The loss is that of
`corruptions.attacks`, which does not round to zero where a network is certain.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.attacks import gradient_of
from analysis.security.pixels import Ball, Pixels
from pruning.progress import Progress, quiet
from pruning.training.seeds import generator

STEPS = 20
STEP = 2.5 / STEPS
"""Of the size."""
AT_ONCE = 100  # images; where the steps start depends on it
ATTACKS = {"one_step": "one step along the gradient", "steps": f"{STEPS} projected steps"}


def withstood(
    network: Pixels, images: Tensor, labels: Tensor, ball: Ball, *, seed: int = 0, progress: Progress = quiet
) -> Mapping[str, np.ndarray]:
    """Which images are classified right, clean and under each attack.

    Args:
        network: in evaluation mode, on the device of the images.
        images: float32 [N, C, H, W] in [0, 1].
        labels: int64 [N], the true classes.
        ball: how far an attack may go.
        seed: decides with an image's place where the steps start.
        progress: told how far it is.

    Returns:
        "clean" and each of `ATTACKS`: bool [N].

    Raises:
        UserError: the network's logits or gradients are not finite.
    """
    found: dict[str, list[Tensor]] = {name: [] for name in ("clean", *ATTACKS)}
    for start in range(0, len(images), AT_ONCE):
        progress(start / len(images), f"gradient, {ball.name}")
        part, truth = images[start : start + AT_ONCE], labels[start : start + AT_ONCE]
        chance = generator(seed, "security", ball.name, start)
        shown = {"clean": part, "one_step": one_step(network, part, truth, ball)}
        shown["steps"] = steps(network, part, truth, ball, chance)
        for name, each in shown.items():
            found[name].append(network.right(each, truth))
    return {name: torch.cat(parts).cpu().numpy() for name, parts in found.items()}


def one_step(network: Pixels, images: Tensor, labels: Tensor, ball: Ball) -> Tensor:
    """The images after one step of the whole size; arguments as for `withstood`."""
    gradient, _ = _looked(network, images, labels)
    return ball.reach(images + ball.radius * ball.direction(gradient), images)


def steps(network: Pixels, images: Tensor, labels: Tensor, ball: Ball, chance: torch.Generator) -> Tensor:
    """The worst that `STEPS` steps come by; arguments as for `withstood`, at most `AT_ONCE` images."""
    start = ball.start(torch.Size((AT_ONCE, *images.shape[1:])), chance)[: len(images)]
    found = ball.reach(images + start.to(images.device), images)
    worst, margins = found, torch.full((len(images),), -torch.inf, device=images.device)
    for _ in range(STEPS):
        gradient, margin = _looked(network, found, labels)
        worst, margins = _worse(worst, margins, found, margin)
        found = ball.reach(found + STEP * ball.radius * ball.direction(gradient), images)
    with torch.no_grad():
        margin = _margin(network(found), labels)
    return _worse(worst, margins, found, margin)[0]


def _worse(worst: Tensor, margins: Tensor, found: Tensor, margin: Tensor) -> tuple[Tensor, Tensor]:
    """Of each image the one whose other classes lead by more, and by how much."""
    more = margin > margins
    return torch.where(more.view(-1, 1, 1, 1), found, worst), torch.maximum(margin, margins)


def _looked(network: Pixels, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The loss's gradient by the images, and by how much the best other class leads, [N]."""
    with torch.inference_mode(False), torch.enable_grad():
        shown = images.detach().clone().requires_grad_()
        logits = network(shown)
        gradient = gradient_of(logits, labels, shown)
    return gradient, _margin(logits.detach(), labels)


def _margin(logits: Tensor, labels: Tensor) -> Tensor:
    own = logits.gather(1, labels[:, None])[:, 0]
    return logits.scatter(1, labels[:, None], float("-inf")).amax(dim=1) - own
