"""Confidence against accuracy in bins of equal width, as most papers have it."""

import pandas as pd

from analysis.engine.base import Column, Measure
from analysis.measures import reliability
from analysis.measures.corrupted import clean_or_image_by_image


class EqualWidth(reliability.Reliability):
    """The bins of one condition."""

    def rows(self) -> pd.DataFrame:
        """Return a row a bin that holds images."""
        return reliability.bins(self.condition, self.images.whole(), "width")


BIN = "bin k, from 0, of the confidences above k / 15 up to (k + 1) / 15; -1: images without one"
MEASURE = Measure(
    name="equal_width",
    meaning="confidence against accuracy in bins of equal width",
    of="condition",
    needs=reliability.MEASURE.needs,
    start=EqualWidth,
    conditions=clean_or_image_by_image,
    columns={**reliability.MEASURE.columns, "bin": Column("i8", "", BIN)},
)
