"""What a network made of each image under one condition, collected once for all measures that look at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from analysis.corruptions.conditions import Condition
from analysis.engine.base import Context, Shown
from analysis.engine.networks import Network
from analysis.metrics import calibration, geometry

MARGIN = (
    "where right the distance to the nearest decision boundary; where wrong, negative, that to the farthest boundary "
    "of the true class that the feature is beyond"
)
"""What the column `margin` of an image means."""


@dataclass(frozen=True)
class ImageValues:
    """What a network of `classes` classes made of N images.

    `values` holds arrays [N], the images in order: prediction int16, confidence, angle (degrees), length and margin
    float32, as at `geometry.measure_tensors`; nll (nats) and brier (0 to 2), float64, as at `calibration`. `labels` are
    the true classes.
    """

    labels: np.ndarray
    values: dict[str, np.ndarray]
    classes: int

    @property
    def right(self) -> np.ndarray:
        """Whether each image is classified right, bool [N]."""
        return np.asarray(self.values["prediction"] == self.labels)

    def frame(self, condition: Condition) -> pd.DataFrame:
        """Corruption, severity, sample, then the columns of `geometry.COLUMNS`: a row an image, in order."""
        count = len(self.labels)
        place = {"corruption": condition[0], "severity": np.full(count, condition[1], np.int8)}
        columns = {name: self.values[name] for name in geometry.COLUMNS}
        return pd.DataFrame(place | {"sample": np.arange(count, dtype=np.int32)} | columns)


class PerImage:
    """Collects the `ImageValues` of one network under one condition; `Context.once(per_image)` gives a ticket's."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._parts: list[dict[str, Tensor]] = []
        self._last: Tensor | None = None
        self._whole: ImageValues | None = None

    def update(self, shown: Shown) -> None:
        """Take in a batch; one that was taken in for another measure is passed over."""
        if shown.index is self._last:
            return
        self._last = shown.index
        network, labels = self.network, shown.labels
        found = geometry.measure_tensors(
            shown.features, network.weight, network.bias, labels, shown.logits, network.gaps
        )
        found |= {"nll": calibration.nll(shown.logits, labels), "brier": calibration.brier(shown.logits, labels)}
        self._parts.append(found | {"label": labels})

    def whole(self) -> ImageValues:
        """All of it."""
        if self._whole is None:
            joined = {name: torch.cat([part[name] for part in self._parts]).cpu() for name in self._parts[0]}
            joined["prediction"] = joined["prediction"].to(torch.int16)
            values = {name: column.numpy() for name, column in joined.items()}
            self._whole = ImageValues(values.pop("label"), values, self.network.classes)
            self._parts.clear()
        return self._whole


def per_image(context: Context) -> PerImage:
    """The collector of a ticket under a condition, for `Context.once`."""
    assert context.network is not None
    return PerImage(context.network)
