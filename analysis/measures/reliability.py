"""Confidence against accuracy under each corruption and severity."""

import numpy as np
import pandas as pd

from analysis.corruptions.conditions import Condition
from analysis.engine.base import Column, Context, Measure, Shown
from analysis.engine.per_image import ImageValues, per_image
from analysis.metrics import calibration
from analysis.metrics.calibration import Equal


class Reliability:
    """The bins of one condition."""

    def __init__(self, context: Context) -> None:
        self.condition, self.images = context.condition, context.once(per_image)

    def update(self, shown: Shown) -> None:
        """Take in a batch."""
        self.images.update(shown)

    def rows(self) -> pd.DataFrame:
        """Return a row a bin."""
        return bins(self.condition, self.images.whole())


def bins(condition: Condition, found: ImageValues, equal: Equal = "mass") -> pd.DataFrame:
    """Corruption, severity, bin, n, confidence, accuracy; bin -1 holds the images without a confidence."""
    confidence, right = found.values["confidence"], found.right
    rows, lost = calibration.bins(confidence, right, equal=equal), np.isnan(confidence)
    if lost.any():
        without = {"bin": [-1], "n": [lost.sum()], "confidence": [np.nan], "accuracy": [right[lost].mean()]}
        rows = pd.concat([pd.DataFrame(without), rows], ignore_index=True)
    rows.insert(0, "severity", condition[1])
    rows.insert(0, "corruption", condition[0])
    return rows


MEASURE = Measure(
    name="reliability",
    meaning="confidence against accuracy under each of them",
    of="condition",
    needs=frozenset({"logits", "features", "classifier"}),
    start=Reliability,
    columns={
        "corruption": Column("str", "", 'name of the corruption; "clean" for the images as they are'),
        "severity": Column("i8", "", "1 (mild) to 5; 0 for the clean images"),
        "bin": Column(
            "i8", "", "bin of equally many images, from 0, the least confident first; -1: those without a confidence"
        ),
        "n": Column("i32", "images", "test images in the bin"),
        "confidence": Column("f32", "", "mean probability of the predicted class in the bin, 0 to 1"),
        "accuracy": Column("f32", "", "share of the bin classified right, 0 to 1"),
    },
)
