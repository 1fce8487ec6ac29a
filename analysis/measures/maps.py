"""2-D maps of the features of the clean test images."""

from analysis.results.columns import Column
from analysis.results.tables import Table

TABLE = Table(
    name="maps",
    meaning="2-D maps of the features",
    columns={
        "kind": Column("str", "", 'how it is made: "pca", "umap", or "umap_joint", laid over the dense network\'s'),
        "sample": Column("i32", "", "place of the image among those used, from 0"),
        "x": Column("f32", "", "first coordinate"),
        "y": Column("f32", "", "second coordinate"),
        "trustworthiness": Column("f64", "", "of the whole map: whether its neighbours are neighbours, 0 to 1"),
    },
    kinds=("pca", "umap", "umap_joint"),
)
