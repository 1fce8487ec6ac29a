"""Autoencoder: what comes out is to be what went in."""

from collections.abc import Iterable
from typing import ClassVar

import torch.nn.functional as F
from torch import nn

from pruning.data import Dataset
from pruning.tasks.base import Batch, Draws, Lost, Phase, Score
from pruning.tasks.generative import Generative


class Autoencoder(Generative):
    """Mean squared error of the reconstruction, over pixels in [0, 1]."""

    name = "autoencoder"
    label = "Autoencoder"
    score = Score(
        "reconstruction error",
        higher=False,
        meaning="Mean squared error of the reconstructed test images, over pixels in [0, 1].",
    )
    parts: ClassVar = {"encoder": "Encoder", "decoder": "Decoder"}
    fitting = "autoencoder"
    asks = ("latent", "encode", "decode")
    by_image = True

    def loss(self, phase: Phase, model: nn.Module, batch: Batch, draws: Draws, smoothing: float = 0.0) -> Lost:
        """Give the mean squared error per pixel."""
        images = batch[0]
        return Lost(F.mse_loss(model(images).float().sigmoid(), images))

    def evaluate(self, model: nn.Module, data: Dataset, batches: Iterable[Batch], draws: Draws) -> tuple[float, float]:
        """Give the mean squared error per pixel, which is the score and the loss."""
        error = self.mean_loss(model, batches, draws)
        return error, error


TASK = Autoencoder()
