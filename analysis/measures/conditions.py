"""A ticket under each corruption and severity."""

import numpy as np
import pandas as pd

from analysis.corruptions.conditions import Condition
from analysis.engine.base import Column, Context, Measure, Shown
from analysis.engine.per_image import ImageValues, per_image
from analysis.metrics import calibration, geometry


class Conditions:
    """The row of one condition."""

    def __init__(self, context: Context) -> None:
        self.condition, self.images = context.condition, context.once(per_image)

    def update(self, shown: Shown) -> None:
        """Take in a batch."""
        self.images.update(shown)

    def rows(self) -> pd.DataFrame:
        """Return the row."""
        return pd.DataFrame([row(self.condition, self.images.whole())])


def row(condition: Condition, found: ImageValues) -> dict[str, object]:
    """Counts, means, calibration, and how far off each prediction is.

    Means leave out what is missing (nan), as does the calibration error.
    """
    values = found.values
    offsets = (values["prediction"].astype(np.int64) - found.labels) % found.classes
    place: dict[str, object] = {"corruption": condition[0], "severity": condition[1]}
    return (
        place
        | geometry.summarise(values, found.labels)
        | {name: geometry.nanmean(values[name]) for name in ("nll", "brier")}
        | {"ece": calibration.ece(values["confidence"], offsets == 0)}
        | {"offsets": offsets.astype("u1" if found.classes <= 256 else "<u2").tobytes()}
    )


MEASURE = Measure(
    name="conditions",
    meaning="each corruption and severity",
    of="condition",
    needs=frozenset({"logits", "features", "classifier"}),
    start=Conditions,
    columns={
        "corruption": Column("str", "", 'name of the corruption; "clean" for the images as they are'),
        "severity": Column("i8", "", "1 (mild) to 5; 0 for the clean images"),
        "n": Column("i32", "images", "test images shown"),
        "correct": Column("i32", "images", "test images classified right"),
        "accuracy": Column("f64", "", "share classified right, 0 to 1"),
        "mean_confidence": Column("f64", "", "mean probability of the predicted class, 0 to 1"),
        "mean_angle": Column(
            "f64", "degrees", "mean angle between a feature and the direction of its true class, as they are"
        ),
        "mean_length": Column("f64", "", "mean Euclidean norm of the features"),
        "mean_margin": Column("f64", "", "mean margin, as in `samples`"),
        "nll": Column("f64", "nats", "mean negative log-likelihood of the true class"),
        "brier": Column("f64", "", "mean Brier score, 0 (best) to 2"),
        "ece": Column("f64", "", "expected calibration error over 15 bins of equal mass, 0 to 1"),
        "offsets": Column(
            "blob",
            "",
            "(prediction - label) mod classes of each image, 0 where it is right: a byte each, or two (little-endian) "
            "where there are more than 256 classes",
        ),
    },
)
