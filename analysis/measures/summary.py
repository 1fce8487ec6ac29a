"""A ticket as a whole on the clean test images."""

import pandas as pd

from analysis.engine.base import Column, Context, Measure, Shown
from analysis.engine.per_image import per_image
from analysis.metrics import geometry


class Summary:
    """The one row of a ticket."""

    def __init__(self, context: Context) -> None:
        self.ticket, self.images = context.ticket, context.once(per_image)

    def update(self, shown: Shown) -> None:
        """Take in a batch."""
        self.images.update(shown)

    def rows(self) -> pd.DataFrame:
        """Return the row."""
        found, ticket = self.images.whole(), self.ticket
        counts = {"kept": ticket.kept, "total": ticket.total, "seconds": ticket.info.seconds}
        sparsity = 1 - ticket.kept / ticket.total if ticket.total else ticket.recipe.sparsity
        return pd.DataFrame([geometry.summarise(found.values, found.labels) | counts | {"sparsity": sparsity}])


MEASURE = Measure(
    name="summary",
    meaning="accuracy and mean geometry on the test set",
    of="ticket",
    needs=frozenset({"logits", "features", "classifier"}),
    start=Summary,
    columns={
        "accuracy": Column("f64", "", "share of the test images classified right, 0 to 1"),
        "correct": Column("i64", "images", "test images classified right"),
        "n": Column("i64", "images", "test images shown"),
        "mean_angle": Column(
            "f64", "degrees", "mean angle between a feature and the direction of its true class, as they are"
        ),
        "mean_length": Column("f64", "", "mean Euclidean norm of the features"),
        "mean_margin": Column("f64", "", "mean margin, as in `samples`"),
        "mean_confidence": Column("f64", "", "mean probability of the predicted class, 0 to 1"),
        "kept": Column("i64", "weights", "prunable weights kept"),
        "total": Column("i64", "weights", "prunable weights in all"),
        "sparsity": Column("f64", "", "share of the prunable weights that is removed, 0 to 1"),
        "seconds": Column("f64", "s", "what finding the ticket took, the tickets it descends from included"),
    },
)
