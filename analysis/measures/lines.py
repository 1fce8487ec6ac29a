"""Accuracy on the way between two trainings."""

from analysis.results.columns import Column
from analysis.results.tables import Table

TABLE = Table(
    name="lines",
    meaning="accuracy on the way between two trainings",
    columns={
        "other": Column("str", "", "id of the ticket that the line begins at"),
        "alpha": Column("f64", "", "place on the line: 0 at `other`, 1 at the ticket itself"),
        "n": Column("i64", "images", "test images shown"),
        "correct": Column("i64", "images", "test images classified right"),
        "accuracy": Column("f64", "", "share of the test images classified right, 0 to 1"),
        "loss": Column("f64", "nats", "mean cross-entropy of the test images"),
        "train_accuracy": Column("f64", "", "share of the training images classified right, 0 to 1"),
        "train_loss": Column("f64", "nats", "mean cross-entropy of the training images"),
    },
)
