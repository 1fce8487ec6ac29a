"""A ticket as a whole on the clean test images."""

from analysis.results.columns import Column
from analysis.results.tables import Table

TABLE = Table(
    name="summary",
    meaning="accuracy and mean geometry on the test set",
    columns={
        "accuracy": Column("f64", "", "share of the test images classified right, 0 to 1"),
        "correct": Column("i64", "images", "test images classified right"),
        "n": Column("i64", "images", "test images shown"),
        "mean_angle": Column("f64", "degrees", "mean angle between a feature and the direction of its true class"),
        "mean_length": Column("f64", "", "mean Euclidean norm of the features"),
        "mean_margin": Column("f64", "", "mean signed distance to the nearest decision boundary, negative where wrong"),
        "mean_confidence": Column("f64", "", "mean probability of the predicted class, 0 to 1"),
        "kept": Column("i64", "weights", "prunable weights kept"),
        "total": Column("i64", "weights", "prunable weights in all"),
        "sparsity": Column("f64", "", "share of the prunable weights that is removed, 0 to 1"),
        "seconds": Column("f64", "s", "what finding the ticket took, the tickets it descends from included"),
    },
)
