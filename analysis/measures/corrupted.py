"""Each test image under each corruption and severity."""

import pandas as pd

from analysis.corruptions import FAMILIES, family_of
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.base import Column, Context, Measure, Shown
from analysis.engine.per_image import MARGIN, per_image


def image_by_image(condition: Condition) -> bool:
    """Whether each image is kept under a condition: of some families it would be more than it tells."""
    family = FAMILIES.get(family_of(condition[0]))
    return condition != CLEAN and family is not None and family.image_by_image


def clean_or_image_by_image(condition: Condition) -> bool:
    """The same, and whether the images are clean."""
    return condition == CLEAN or image_by_image(condition)


class Corrupted:
    """The rows of one condition."""

    def __init__(self, context: Context) -> None:
        self.condition, self.images = context.condition, context.once(per_image)

    def update(self, shown: Shown) -> None:
        """Take in a batch."""
        self.images.update(shown)

    def rows(self) -> pd.DataFrame:
        """Return a row an image, in order."""
        return self.images.whole().frame(self.condition)


MEASURE = Measure(
    name="corrupted",
    meaning="each test image under each condition",
    of="image",
    needs=frozenset({"logits", "features", "classifier"}),
    start=Corrupted,
    detail=True,
    conditions=image_by_image,
    columns={
        "corruption": Column("str", "", "name of the corruption"),
        "severity": Column("i8", "", "1 (mild) to 5"),
        "sample": Column("i32", "", "place of the image among those used, from 0"),
        "prediction": Column("i16", "", "predicted class"),
        "confidence": Column("rounded", "", "probability of the predicted class, 0 to 1"),
        "angle": Column(
            "rounded", "degrees", "angle between the feature and the direction of its true class, as they are"
        ),
        "length": Column("rounded", "", "Euclidean norm of the feature"),
        "margin": Column("rounded", "", MARGIN),
    },
)
