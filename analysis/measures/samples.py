"""Each clean test image."""

from analysis.results.columns import Column
from analysis.results.tables import Table

TABLE = Table(
    name="samples",
    meaning="each clean test image",
    columns={
        "sample": Column("i32", "", "place of the image among those used, from 0"),
        "label": Column("i16", "", "true class"),
        "prediction": Column("i16", "", "predicted class"),
        "confidence": Column("f32", "", "probability of the predicted class, 0 to 1"),
        "angle": Column("f32", "degrees", "angle between the feature and the direction of its true class"),
        "length": Column("f32", "", "Euclidean norm of the feature"),
        "margin": Column("f32", "", "signed distance to the nearest decision boundary, negative where wrong"),
    },
)
