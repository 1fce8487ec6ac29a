"""A ticket under each corruption and severity."""

from analysis.results.columns import Column
from analysis.results.tables import Table

TABLE = Table(
    name="conditions",
    meaning="each corruption and severity",
    columns={
        "corruption": Column("str", "", 'name of the corruption; "clean" for the images as they are'),
        "severity": Column("i8", "", "1 (mild) to 5; 0 for the clean images"),
        "n": Column("i32", "images", "test images shown"),
        "correct": Column("i32", "images", "test images classified right"),
        "accuracy": Column("f64", "", "share classified right, 0 to 1"),
        "mean_confidence": Column("f64", "", "mean probability of the predicted class, 0 to 1"),
        "mean_angle": Column("f64", "degrees", "mean angle between a feature and the direction of its true class"),
        "mean_length": Column("f64", "", "mean Euclidean norm of the features"),
        "mean_margin": Column("f64", "", "mean signed distance to the nearest decision boundary, negative where wrong"),
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
