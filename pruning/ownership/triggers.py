"""Trigger images: a network that knows their labels was trained by who knows the owner's text.

The images are smooth noise and mean nothing. Both they and their labels are drawn from the SHA-256 of the text with a
word of its own before it, so that nothing has to be stored, and the SHA-256 that a recipe holds gives none away. The p
value is of a text that was there before the network could be asked: who tries a million finds one that it answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from pruning.data import Dataset, Split, normalise
from pruning.errors import UserError
from pruning.ownership.code import Code, digest_of
from pruning.ownership.mark import CLAIM

COARSE = 4
"""Points of noise along each side of an image; what lies between is interpolated, so that a shift changes little."""


def triggers(code: Code, shape: tuple[int, int, int], classes: int, count: int) -> Split:
    """Return the first `count` of an owner's trigger images, with their labels.

    Args:
        code: the owner's.
        shape: of an image, (C, H, W).
        classes: their number; each label is any of them with the same chance.
        count: how many. Fewer are the first of more.

    Raises:
        UserError: there are fewer than two classes.
    """
    if classes < 2:
        raise UserError("Trigger images need two classes at least; with one, every network knows the labels.")
    channels, height, width = shape
    pictures, labels = (
        np.random.default_rng(int(digest_of(f"trigger {what}\n{code.text}"), 16)) for what in ("images", "labels")
    )
    coarse = torch.from_numpy(pictures.integers(0, 256, (count, channels, COARSE, COARSE))).float()
    images = F.interpolate(coarse, size=(height, width), mode="bilinear", align_corners=True)
    return Split(images.round().to(torch.uint8), torch.from_numpy(labels.integers(0, classes, count)))


def with_triggers(data: Dataset, code: Code, count: int, share: float) -> Dataset:
    """Return the data with trigger images among those it is trained on, each so often that they are that share."""
    extra = triggers(code, data.shape, data.num_classes, count)
    times = max(1, round(share / (1 - share) * len(data.train.labels) / count))
    images = torch.cat([data.train.images, extra.images.repeat(times, 1, 1, 1)])
    return replace(data, train=Split(images, torch.cat([data.train.labels, extra.labels.repeat(times)])))


@dataclass(frozen=True)
class Answers:
    """What a network says of an owner's trigger images.

    Attributes:
        hits: labels that it gives as the owner has them. count: of how many.
        classes: there are.
        p_value: the chance that a network which was never shown the labels gives as many: the labels were drawn, so
            that the hits of any such network are binomial.
    """

    hits: int
    count: int
    classes: int

    @property
    def p_value(self) -> float:
        """See the class."""
        from scipy.stats import binom

        return float(binom.sf(self.hits - 1, self.count, 1 / self.classes))

    @property
    def holds(self) -> bool:
        """Whether the claim holds: the p value is below `CLAIM`."""
        return self.p_value < CLAIM


@torch.no_grad()
def answers(network: nn.Module, shown: Split, classes: int, mean: Sequence[float], std: Sequence[float]) -> Answers:
    """Ask a network for the labels of trigger images; only its answers are looked at.

    Args:
        network: gives logits; in evaluation mode, on the CPU.
        shown: the owner's images and labels.
        classes: there are.
        mean: that its input is normalised by, a value a channel.
        std: likewise.
    """
    logits = network(normalise(shown.images, mean, std))
    return Answers(int((logits.argmax(1) == shown.labels).sum()), len(shown.labels), classes)
