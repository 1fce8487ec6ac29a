"""One image under every corruption of a family, made at once, and what a ticket predicts for each picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
import torch
from torch import nn

from analysis.corruptions import CORRUPTIONS, FAMILIES, corrupt, label_of, severities_of
from analysis.corruptions.attacks import EPSILONS, attack
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.corruptions.registry import ATTACKS
from pruning.data import normalise
from pruning.models import count_macs
from pruning.ticket import Ticket
from pruning.training.precision import settled


@dataclass(frozen=True, eq=False)
class ImageClassifier:
    """The network of a ticket on the CPU, for images of `shape` (C, H, W), and the names of its classes."""

    module: nn.Module
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    macs: int

    @classmethod
    def of(cls, ticket: Ticket) -> Self:
        """Build the ticket's network. Raises UserError when its weights do not fit."""
        module, info = ticket.model().eval(), ticket.info
        macs = count_macs(module, info.shape)
        return cls(module, info.shape, tuple(info.classes), tuple(info.mean), tuple(info.std), macs)

    @torch.inference_mode()
    def classify(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Images uint8 [N, C, H, W] -> predicted classes int64 [N], and confidences float32 [N] in [0, 1]."""
        with settled(self.macs):
            logits = self.module(normalise(torch.from_numpy(images), self.mean, self.std))
            confidence, prediction = logits.float().softmax(dim=1).max(dim=1)
        return prediction.numpy(), confidence.numpy()

    def attacked(self, image: np.ndarray, label: int, name: str, severity: int, seed: int, index: int) -> np.ndarray:
        """The image, uint8 [C, H, W], attacked for this network; see `analysis.corruptions.attacks.attack`."""
        images, labels = torch.from_numpy(image)[None], torch.tensor([label])
        found = attack(
            self.module, images, labels, name, severity, mean=self.mean, std=self.std, seed=seed, index=[index]
        )
        return found[0].numpy()


@dataclass(frozen=True, eq=False)
class CorruptedImage:
    """One image under the conditions of a family.

    Attributes:
        conditions: (corruption, severity), the clean one first.
        images: uint8 [conditions, C, H, W].
        label: the true class; None when it is not known.
        ticket: name of the ticket that classified the pictures, "" for none.
        classes: the names that it knows.
        prediction: int64 [conditions]; None where nothing was classified.
        confidence: float [conditions] in [0, 1]; None where nothing was classified.
    """

    conditions: tuple[Condition, ...]
    images: np.ndarray
    label: int | None = None
    ticket: str = ""
    classes: tuple[str, ...] = ()
    prediction: np.ndarray | None = None
    confidence: np.ndarray | None = None

    @classmethod
    def of(cls, image: np.ndarray, family: str, seed: int = 0, index: int = 0, label: int | None = None) -> Self:
        """An image, uint8 [C, H, W], in a family that needs no network.

        Args:
            image: the clean image.
            family: its name.
            seed: decides the random numbers together with `index`.
            index: the image's place in the data set.
            label: its true class, where that is known.
        """
        found = family_conditions(family)
        one = torch.from_numpy(image)[None]
        made = [one, *(corrupt(one, name, severity, seed, [index]) for name, severity in found[1:])]
        return cls(found, torch.cat(made).numpy(), label)

    @classmethod
    def attacked(
        cls, image: np.ndarray, classifier: ImageClassifier, seed: int = 0, index: int = 0, label: int | None = None
    ) -> Self:
        """An image under the attacks on a classifier; without a label on what that predicts for the clean image."""
        truth = int(classifier.classify(image[None])[0][0]) if label is None else label
        found = family_conditions("adversarial")
        made = [classifier.attacked(image, truth, name, severity, seed, index) for name, severity in found[1:]]
        return cls(found, np.stack([image, *made]), label)

    def classified_by(self, ticket: str, classifier: ImageClassifier) -> Self:
        """The same pictures with the predictions of the ticket of that name."""
        prediction, confidence = classifier.classify(self.images)
        return replace(self, ticket=ticket, classes=classifier.classes, prediction=prediction, confidence=confidence)

    @property
    def target(self) -> int | None:
        """The class that a picture should be predicted as: the true one, or else the prediction for the clean image.

        None where neither is known.
        """
        if self.prediction is None:
            return None
        return int(self.prediction[0]) if self.label is None else self.label

    @property
    def on_target(self) -> np.ndarray:
        """Whether each prediction is the `target`: bool [conditions]; all False where nothing was classified."""
        return np.zeros(len(self.conditions), bool) if self.prediction is None else self.prediction == self.target

    @property
    def held(self) -> list[str]:
        """The corruptions under which it is classified as its `target` at every severity; none where nothing was."""
        names = dict.fromkeys(name for name, _ in self.conditions[1:])
        failed = {name for (name, _), met in zip(self.conditions, self.on_target, strict=True) if not met}
        return [name for name in names if name not in failed]

    @property
    def table(self) -> pd.DataFrame:
        """A row a picture, the clean one first.

        Corruption, name, severity, parameters, and if it was classified the ticket, prediction, confidence, and
        `right`, or `as_clean` where the true class is not known.
        """
        frame = pd.DataFrame(self.conditions, columns=["corruption", "severity"])
        names = ["Clean" if name == CLEAN[0] else label_of(name) for name in frame["corruption"]]
        frame.insert(1, "name", names)
        frame["parameters"] = [severity_parameters(condition, self.images.shape) for condition in self.conditions]
        if self.prediction is None:
            return frame
        frame["ticket"] = self.ticket
        frame["prediction"] = [self.classes[number] for number in self.prediction]
        frame["confidence"] = self.confidence
        return frame.assign(**{"as_clean" if self.label is None else "right": self.on_target})


def family_conditions(family: str) -> tuple[Condition, ...]:
    """(corruption, severity) of a family, in its order, after the clean one. Raises UserError for one unknown to it."""
    chosen = FAMILIES[family]
    return (CLEAN, *((name, level) for name in chosen.members for level in chosen.severities or severities_of(name)))


def severity_parameters(condition: Condition, shape: Sequence[int]) -> str:
    """What a severity means for images of shape (..., H, W): `sigma 0.08`; "" when it has no parameters."""
    name, severity = condition
    if name in ATTACKS:
        return f"no byte changes by more than {EPSILONS[severity - 1]} of 255"
    if name not in CORRUPTIONS:
        return ""
    corruption = CORRUPTIONS[name]
    values = corruption.parameters(severity, min(shape[-2:]))
    named = zip(corruption.names, values, strict=True)
    return ", ".join(f"{what.replace('_', ' ')} {value:.3g}" for what, value in named)
