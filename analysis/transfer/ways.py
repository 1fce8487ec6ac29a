"""The ways in which a network is transferred to a target, of the same few images: probe, prompt, and mapping alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from analysis.transfer import probe, prompt
from analysis.transfer.prompt import Frame, Network, Prompt
from analysis.transfer.target import Target
from pruning.training.seeds import generator

PROBE, PROMPT, MAPPING = "probe", "prompt", "mapping"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of one way: the logits of the target's classes on its test images [n, T], and the prompt if any."""

    way: str
    logits: Tensor
    prompt: Prompt | None = None


@dataclass(frozen=True, eq=False)
class Subject:
    """A network, and a target as it sees it.

    Attributes:
        network: images to logits, differentiable by the images.
        target: the data set.
        frame: where a picture stands within a prompt.
        pictures: of the training and of the test images, as `Frame.fitted` has them; None where the target has more
            classes than the network, so that neither prompt nor mapping is there.
        features: float32 [N, D] of the same images, filling the input; None where no probe is to be fitted.
        seed: of the prompts' batches.
    """

    network: Network
    target: Target
    frame: Frame
    pictures: tuple[Tensor, Tensor] | None
    features: tuple[Tensor, Tensor] | None
    seed: int

    def outcomes(self, rows: Tensor, draw: int) -> Iterator[Outcome]:
        """Each way in turn, on the training images of these rows.

        Args:
            rows: int64 [n].
            draw: which one it is.
        """
        classes = len(self.target.classes)
        labels = self.target.train.labels[rows]
        if self.features is not None:
            train, test = self.features
            weight, bias = probe.fit(train[rows], labels.to(train.device), classes)
            yield Outcome(PROBE, (test @ weight.T + bias).cpu())
        if self.pictures is not None:
            train, test = self.pictures
            given = train[rows], labels.to(train.device), classes, self.frame
            draws = generator(self.seed, "prompt", self.target.name, len(rows), draw)
            for way, found in (
                (PROMPT, prompt.learn(self.network, *given, draws)),
                (MAPPING, prompt.without(self.network, *given)),
            ):
                with torch.no_grad():
                    yield Outcome(way, found.logits(self.network, test).cpu(), found)
