"""Each clean test image."""

import pandas as pd

from analysis.corruptions.conditions import CLEAN
from analysis.engine.base import Column, Context, Measure, Shown
from analysis.engine.per_image import MARGIN, per_image


class Samples:
    """A row for each image."""

    def __init__(self, context: Context) -> None:
        self.images = context.once(per_image)

    def update(self, shown: Shown) -> None:
        """Take in a batch."""
        self.images.update(shown)

    def rows(self) -> pd.DataFrame:
        """Return the rows, the images in order."""
        found = self.images.whole()
        return found.frame(CLEAN).drop(columns=["corruption", "severity"]).assign(label=found.labels)


MEASURE = Measure(
    name="samples",
    meaning="each clean test image",
    of="image",
    needs=frozenset({"logits", "features", "classifier"}),
    start=Samples,
    columns={
        "sample": Column("i32", "", "place of the image among those used, from 0"),
        "label": Column("i16", "", "true class"),
        "prediction": Column("i16", "", "predicted class"),
        "confidence": Column("f32", "", "probability of the predicted class, 0 to 1"),
        "angle": Column("f32", "degrees", "angle between the feature and the direction of its true class, as they are"),
        "length": Column("f32", "", "Euclidean norm of the feature"),
        "margin": Column("f32", "", MARGIN),
    },
)
