"""Confidence against accuracy under each corruption and severity."""

from analysis.results.columns import Column
from analysis.results.tables import Table

TABLE = Table(
    name="reliability",
    meaning="confidence against accuracy under each of them",
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
