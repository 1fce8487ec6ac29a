"""Generative adversarial network: a generator against a discriminator (Goodfellow et al. 2014, arXiv 1406.2661)."""

from collections.abc import Iterable
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from pruning.data import Dataset
from pruning.tasks.base import Batch, Draws, Lost, Phase, Score
from pruning.tasks.frechet import MEANING, made_distance
from pruning.tasks.generative import Generative, normal

NOISE = 0.5
"""Standard deviation of what is added to all that the discriminator sees, on the scale of pixels in [0, 1].

Without it the discriminator tells small images apart at once, and the generator learns nothing (Sønderby et al. 2017,
arXiv 1610.04490).
"""
DISCRIMINATOR, GENERATOR = Phase("discriminator", ("discriminator",)), Phase("generator", ("generator",))


class Gan(Generative):
    """The losses that do not saturate, softplus of the logits, with noise on what the discriminator sees."""

    name = "gan"
    label = "Generative adversarial network"
    score = Score("Fréchet distance", higher=False, meaning=MEANING)
    phases = (DISCRIMINATOR, GENERATOR)
    parts: ClassVar = {"generator": "Generator", "discriminator": "Discriminator"}
    fitting = "gan"
    feed_forward = False

    def loss(self, phase: Phase, model: nn.Module, batch: Batch, draws: Draws, smoothing: float = 0.0) -> Lost:
        """Give the mean loss of the phase's part in nats; the other part takes no gradient from it."""
        network: Any = model
        images = batch[0]

        def seen(pictures: Tensor, which: str) -> Tensor:
            return pictures + NOISE * normal(draws, images, *images.shape, purpose=(phase.name, which))

        latents = normal(draws, images, len(images), network.latent, purpose=(phase.name, "latents"))
        if phase == GENERATOR:
            return Lost(F.softplus(-_as_it_is(network.discriminator, seen(network.decode(latents), "made"))).mean())
        with torch.no_grad():
            made = network.decode(latents)
        real, false = (network.discriminator(each) for each in (seen(images, "real"), seen(made, "made")))
        return Lost(F.softplus(-real.float()).mean() + F.softplus(false.float()).mean())

    def evaluate(self, model: nn.Module, data: Dataset, batches: Iterable[Batch], draws: Draws) -> tuple[float, float]:
        """Give the Fréchet distance of images made of drawn latents, and the sum of both losses on the test images."""
        return made_distance(model, data, draws), self.mean_loss(model, batches, draws)


def _as_it_is(module: nn.Module, x: Tensor) -> Tensor:
    """What a module makes of x, its parameters taken for constants."""
    constants = {name: parameter.detach() for name, parameter in module.named_parameters()}
    logits: Tensor = functional_call(module, constants, (x,))
    return logits.float()


TASK = Gan()
