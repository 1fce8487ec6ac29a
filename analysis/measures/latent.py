"""Where images lie in the latent space of an autoencoder, on a plane."""

import numpy as np
import pandas as pd

from analysis.engine.base import Column, Context, Measure
from analysis.engine.makers import maker_of, unit
from analysis.metrics import embedding
from pruning.data.base import used_rows

SHOWN = 500


def latent(context: Context) -> pd.DataFrame:
    """The rows of a ticket."""
    places = np.arange(len(context.images))[used_rows(len(context.images), SHOWN)]
    codes = maker_of(context).encoded(unit(context.images.images[places]))[0].numpy()
    xy = embedding.pca(codes)
    spread = float(codes.var(axis=0).sum())
    share = float(xy.var(axis=0).sum()) / spread if spread > 0 else np.nan
    labels = context.images.labels.numpy()[places]
    return pd.DataFrame({"sample": places, "label": labels, "x": xy[:, 0], "y": xy[:, 1], "share": share})


MEASURE = Measure(
    name="latent",
    meaning="test images in the latent space, on a plane",
    of="image",
    needs=frozenset({"weights", "images"}),
    tasks=frozenset({"autoencoder", "vae"}),
    rows=latent,
    detail=True,
    columns={
        "sample": Column("i32", "", "place of the image among those used, from 0"),
        "label": Column("i16", "", "its class"),
        "x": Column("f32", "", "first principal component of the means of the codes"),
        "y": Column("f32", "", "second principal component"),
        "share": Column("f64", "", "of the variance of the codes that the two hold, 0 to 1"),
    },
)
