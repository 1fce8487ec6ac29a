"""Each test image under each corruption and severity."""

from analysis.results.columns import Column
from analysis.results.tables import Table

TABLE = Table(
    name="corrupted",
    meaning="each test image under each condition",
    columns={
        "corruption": Column("str", "", "name of the corruption"),
        "severity": Column("i8", "", "1 (mild) to 5"),
        "sample": Column("i32", "", "place of the image among those used, from 0"),
        "prediction": Column("i16", "", "predicted class"),
        "confidence": Column("rounded", "", "probability of the predicted class, 0 to 1"),
        "angle": Column("rounded", "degrees", "angle between the feature and the direction of its true class"),
        "length": Column("rounded", "", "Euclidean norm of the feature"),
        "margin": Column("rounded", "", "signed distance to the nearest decision boundary, negative where wrong"),
    },
)
