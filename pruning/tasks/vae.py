"""Variational autoencoder: a bound on the likelihood of images (Kingma & Welling 2014, arXiv 1312.6114)."""

from collections.abc import Iterable
from typing import Any, ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from pruning.data import Dataset
from pruning.tasks.base import Batch, Draws, Lost, Phase, Score
from pruning.tasks.frechet import MEANING, made_distance
from pruning.tasks.generative import Generative, normal


class Vae(Generative):
    """The negative evidence lower bound: what is lost of an image, and what its latents say.

    Pixels are taken for probabilities: their cross-entropy is summed over an image, so that it stands beside the
    divergence of the latents as the bound has it. With a mean over pixels the divergence would rule, and the latents
    would say nothing.
    """

    name = "vae"
    label = "Variational autoencoder"
    score = Score("Fréchet distance", higher=False, meaning=MEANING)
    parts: ClassVar = {"encoder": "Encoder", "decoder": "Decoder"}
    fitting = "vae"
    asks = ("latent", "encode", "decode")
    feed_forward = False

    def loss(self, phase: Phase, model: nn.Module, batch: Batch, draws: Draws, smoothing: float = 0.0) -> Lost:
        """Give the negative evidence lower bound in nats an image, from one draw of the latents of each."""
        network: Any = model
        images = batch[0]
        noise = normal(draws, images, len(images), network.latent, purpose=("latents",))
        reconstruction, divergence = elbo_parts(model, images, noise)
        return Lost((reconstruction + divergence).mean())

    def evaluate(self, model: nn.Module, data: Dataset, batches: Iterable[Batch], draws: Draws) -> tuple[float, float]:
        """Give the Fréchet distance of images made of drawn latents, and the negative bound on the test images."""
        return made_distance(model, data, draws), self.mean_loss(model, batches, draws)


def elbo_parts(model: Any, images: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Give both parts of the negative evidence lower bound of each image, in nats.

    Args:
        model: a network with `encode` and `decoder`, as of `pruning.models.generative`.
        images: [N, C, H, W] in [0, 1].
        noise: standard normal [N, L], of which the latents are made.

    Returns the cross-entropy of the reconstruction summed over pixels, and the Kullback-Leibler divergence of the
    latents from their prior summed over latents, [N] each.
    """
    mean, log_variance = (each.float() for each in model.encode(images))
    logits = model.decoder(mean + (0.5 * log_variance).exp() * noise).float()
    reconstruction = F.binary_cross_entropy_with_logits(logits, images, reduction="none").flatten(1).sum(1)
    divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
    return reconstruction, divergence


TASK = Vae()
