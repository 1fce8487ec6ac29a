"""A sheet: one image under every corruption of a family, and what a network reads on each picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
import torch

from analysis.corruptions import CORRUPTIONS, FAMILIES, corrupt, label_of, severities_of
from analysis.corruptions.attacks import EPSILONS
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.corruptions.registry import ATTACKS
from app.views.gallery.reader import Reader

SEVERITY = "severity"


@dataclass(frozen=True, eq=False)
class Sheet:
    """One image under the conditions of a family.

    Attributes:
        conditions: (corruption, severity), the clean one first. images: uint8 [conditions, C, H, W].
        label: the true class; None when nobody knows it.
        reader: name of the ticket that read the pictures, and `classes` the names it knows. prediction: int64
            [conditions], confidence: float [conditions] in [0, 1]. All empty when the pictures were not read.
    """

    conditions: tuple[Condition, ...]
    images: np.ndarray
    label: int | None = None
    reader: str = ""
    classes: tuple[str, ...] = ()
    prediction: np.ndarray | None = None
    confidence: np.ndarray | None = None

    @classmethod
    def of(cls, image: np.ndarray, family: str, seed: int = 0, index: int = 0, label: int | None = None) -> Self:
        """The sheet of an image, uint8 [C, H, W], in a family that needs no network; `index` is its place in the data
        set, which decides its random numbers together with the seed."""
        found = conditions(family)
        one = torch.from_numpy(image)[None]
        made = [one, *(corrupt(one, name, severity, seed, [index]) for name, severity in found[1:])]
        return cls(found, torch.cat(made).numpy(), label)

    @classmethod
    def attacked(
        cls, image: np.ndarray, reader: Reader, seed: int = 0, index: int = 0, label: int | None = None
    ) -> Self:
        """The sheet of attacks on a reader. Without a label they attack what it reads on the clean image."""
        truth = int(reader.read(image[None])[0][0]) if label is None else label
        found = conditions("adversarial")
        made = [reader.attacked(image, truth, name, severity, seed, index) for name, severity in found[1:]]
        return cls(found, np.stack([image, *made]), label)

    def read_by(self, name: str, reader: Reader) -> Self:
        """The sheet with what the reader of that name makes of its pictures."""
        prediction, confidence = reader.read(self.images)
        return replace(self, reader=name, classes=reader.classes, prediction=prediction, confidence=confidence)

    @property
    def aim(self) -> int | None:
        """The class that a picture should be read as: the true one, or else what is read on the clean image."""
        if self.prediction is None:
            return None
        return int(self.prediction[0]) if self.label is None else self.label

    @property
    def met(self) -> np.ndarray:
        """Whether each picture is read as `aim`: bool [conditions]; all False when nothing was read."""
        return np.zeros(len(self.conditions), bool) if self.prediction is None else self.prediction == self.aim


def conditions(family: str) -> tuple[Condition, ...]:
    """(corruption, severity) of a family, in its order, after the clean one. Raises UserError for one unknown to it."""
    chosen = FAMILIES[family]
    return (CLEAN, *((name, level) for name in chosen.members for level in chosen.severities or severities_of(name)))


def summary(sheet: Sheet) -> str:
    """One line on the whole: how many of the corrupted pictures are classified as they should be."""
    count = len(sheet.conditions) - 1
    if sheet.prediction is None or sheet.confidence is None or sheet.aim is None:
        return f"One image and {count} corruptions of it"
    met, name = int(sheet.met[1:].sum()), sheet.classes[sheet.aim]
    if sheet.label is not None:
        return f"{sheet.reader} classifies {met} of {count} correctly, as {name}"
    sure = f"confidence {100 * sheet.confidence[0]:.0f} %"
    return f"{sheet.reader} classifies the clean picture as {name} ({sure}), and {met} of {count} corrupted ones too"


def parameters(condition: Condition, shape: Sequence[int]) -> str:
    """What a severity means for images of shape (..., H, W), in words: `sigma 0.08`; "" when it has no parameters."""
    name, severity = condition
    if name in ATTACKS:
        return f"no byte changes by more than {EPSILONS[severity - 1]} of 255"
    if name not in CORRUPTIONS:
        return ""
    corruption = CORRUPTIONS[name]
    values = corruption.parameters(severity, min(shape[-2:]))
    named = zip(corruption.names, values, strict=True)
    return ", ".join(f"{what.replace('_', ' ')} {value:.3g}" for what, value in named)


def told(sheet: Sheet, at: int) -> str:
    """All that is known of a picture, for its hover: corruption, severity, parameters, and the prediction."""
    name, severity = sheet.conditions[at]
    lines = ["Clean" if (name, severity) == CLEAN else f"{label_of(name)}, severity {severity}"]
    lines += [text for text in [parameters((name, severity), sheet.images.shape)] if text]
    if sheet.prediction is not None and sheet.confidence is not None:
        verdict = ("correct" if sheet.met[at] else "misclassified") if sheet.label is not None else ""
        verdict = verdict or ("as the clean picture" if sheet.met[at] else "other than the clean picture")
        read = f"predicted {sheet.classes[sheet.prediction[at]]}, confidence {100 * sheet.confidence[at]:.1f} %"
        lines.append(read if not at and sheet.label is None else f"{read}: {verdict}")
    return "\n".join(lines)


def table(sheet: Sheet) -> pd.DataFrame:
    """A row a picture, the clean one first: corruption, name, severity, parameters, and if it was read the ticket,
    prediction, confidence, and `right`, or `as_clean` where the true class is not known."""
    frame = pd.DataFrame(sheet.conditions, columns=["corruption", SEVERITY])
    frame.insert(1, "name", ["Clean" if name == "clean" else label_of(name) for name in frame["corruption"]])
    frame["parameters"] = [parameters(condition, sheet.images.shape) for condition in sheet.conditions]
    if sheet.prediction is None:
        return frame
    frame["ticket"] = sheet.reader
    frame["prediction"] = [sheet.classes[number] for number in sheet.prediction]
    frame["confidence"] = sheet.confidence
    return frame.assign(**{"as_clean" if sheet.label is None else "right": sheet.met})
