"""What temperature scaling does for the calibration under each condition, fitted on images that it is not judged by."""

from math import ceil

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from analysis.engine.base import Column, Context, Measure, Shown
from analysis.measures.corrupted import clean_or_image_by_image
from analysis.metrics import calibration, temperature

KEPT = 5_000_000
"""Logits of a ticket held at once: 20 MB. Of larger sets every m-th image is taken, which is plenty for one number."""
SCORES = ("nll", "brier", "ece", "ece_width")


class Temperature:
    """The row of one condition."""

    def __init__(self, context: Context) -> None:
        self.condition, self.images = context.condition, len(context.images.labels)
        self._logits: list[Tensor] = []
        self._labels: list[Tensor] = []

    def update(self, shown: Shown) -> None:
        """Keep the logits of those images that are taken."""
        taken = shown.index % ceil(self.images * shown.logits.shape[1] / KEPT) == 0
        taken = taken & torch.isfinite(shown.logits).all(dim=1).to(taken.device)
        self._logits.append(shown.logits[taken].float().cpu())
        self._labels.append(shown.labels[taken].cpu())

    def rows(self) -> pd.DataFrame:
        """Return the row."""
        logits, labels = torch.cat(self._logits), torch.cat(self._labels)
        place = {"corruption": self.condition[0], "severity": self.condition[1], "n": len(labels)}
        return pd.DataFrame([place | scaled(logits.numpy(), labels.numpy())])


def scaled(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """The temperature of logits [N, K], and each of `SCORES` after scaling; NaN where there are fewer than two."""
    if len(labels) < 2:
        return dict.fromkeys(("temperature", *SCORES), float("nan"))
    found = temperature.cross_fitted(logits, labels)
    logs, true = torch.from_numpy(found.logs), torch.from_numpy(labels)
    confidence, right = np.exp(found.logs.max(axis=1)), found.logs.argmax(axis=1) == labels
    confidence = np.minimum(confidence, 1)
    return {
        "temperature": found.temperature,
        "nll": float(calibration.nll(logs, true).mean()),
        "brier": float(calibration.brier(logs, true).mean()),
        "ece": calibration.ece(confidence, right),
        "ece_width": calibration.ece(confidence, right, equal="width"),
    }


MEASURE = Measure(
    name="temperature",
    meaning="calibration after temperature scaling, cross-fitted over two halves of the images",
    of="condition",
    needs=frozenset({"logits"}),
    start=Temperature,
    conditions=clean_or_image_by_image,
    columns={
        "corruption": Column("str", "", 'name of the corruption; "clean" for the images as they are'),
        "severity": Column("i8", "", "1 (mild) to 5; 0 for the clean images"),
        "n": Column("i32", "images", "test images taken; of very many every m-th"),
        "temperature": Column("f64", "", "what logits are divided by, geometric mean of the halves; above 1: too sure"),
        "nll": Column("f64", "nats", "mean negative log-likelihood, each half under the other's temperature"),
        "brier": Column("f64", "", "mean Brier score so, 0 (best) to 2"),
        "ece": Column("f64", "", "expected calibration error so, over 15 bins of equal mass, 0 to 1"),
        "ece_width": Column("f64", "", "expected calibration error so, over 15 bins of equal width, 0 to 1"),
    },
)
