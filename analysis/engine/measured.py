"""What tickets made of the images under one condition, and the rows of the results' tables that follow from it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.metrics import calibration, geometry


@dataclass(frozen=True)
class Measured:
    """What every ticket made of the images under one condition.

    `values` is {ticket: {column: array [N]}} with the columns of `geometry.COLUMNS`: prediction int16, confidence,
    angle (degrees), length and margin float32, the samples in order; and nll (nats) and brier (0 to 2), float64. What
    they mean is said at `geometry.measure_tensors`, `calibration.nll` and `calibration.brier`. `classes` is how many
    classes each ticket knows.
    """

    corruption: str
    severity: int
    labels: np.ndarray
    values: dict[str, dict[str, np.ndarray]]
    classes: dict[str, int]

    def frame(self, ticket: str) -> pd.DataFrame:
        """One ticket's results, a row a sample: corruption, severity, sample, then the measured columns."""
        n, values = len(self.labels), self.values[ticket]
        place = {"corruption": self.corruption, "severity": np.full(n, self.severity, np.int8)}
        columns = {name: values[name] for name in geometry.COLUMNS}
        return pd.DataFrame(place | {"sample": np.arange(n, dtype=np.int32)} | columns)

    def summary(self, ticket: str) -> dict[str, object]:
        """One ticket's row of the table `conditions`: counts, means, calibration, and how far off each prediction is.

        Means leave out what is missing (nan), as does the calibration error.
        """
        values = self.values[ticket]
        offsets = (values["prediction"].astype(np.int64) - self.labels) % self.classes[ticket]
        means = {name: geometry.nanmean(values[name]) for name in ("nll", "brier")}
        row: dict[str, object] = {"corruption": self.corruption, "severity": self.severity}
        return (
            row
            | geometry.summarise(values, self.labels)
            | means
            | {"ece": calibration.ece(values["confidence"], offsets == 0)}
            | {"offsets": offsets.astype("u1" if self.classes[ticket] <= 256 else "<u2").tobytes()}
        )

    def reliability(self, ticket: str) -> pd.DataFrame:
        """One ticket's rows of the table `reliability`: corruption, severity, bin, n, confidence, accuracy."""
        confidence = self.values[ticket]["confidence"]
        right = self.values[ticket]["prediction"] == self.labels
        rows, lost = calibration.bins(confidence, right), np.isnan(confidence)
        if lost.any():
            without = {"bin": [-1], "n": [lost.sum()], "confidence": [np.nan], "accuracy": [right[lost].mean()]}
            rows = pd.concat([pd.DataFrame(without), rows], ignore_index=True)
        rows.insert(0, "severity", self.severity)
        rows.insert(0, "corruption", self.corruption)
        return rows

    def samples(self, ticket: str) -> pd.DataFrame:
        """One ticket's rows of the table `samples`; for the clean images."""
        return self.frame(ticket).drop(columns=["corruption", "severity"]).assign(label=self.labels)
