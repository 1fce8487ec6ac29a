"""Where each clean test image lies among the class directions, in terms that can be compared between networks."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from analysis.engine.base import Column, Context, Measure, Shown
from analysis.measures.clean_pass import clean_pass
from analysis.measures.lost import used
from analysis.metrics import geometry


class Geometry:
    """A row for each image; the features are centred by the mean of all of them."""

    def __init__(self, context: Context) -> None:
        assert context.network is not None
        self.network = context.network
        rows = torch.from_numpy(used(context.settings, len(context.images)).astype(np.int64))
        self.mean = clean_pass(context, rows).mean
        self.parts: list[dict[str, Tensor]] = []

    def update(self, shown: Shown) -> None:
        """Take in a batch."""
        network = self.network
        self.parts.append(
            geometry.compare_tensors(
                shown.features, network.weight, network.bias, shown.labels, self.mean, shown.logits, network.gaps
            )
        )

    def rows(self) -> pd.DataFrame:
        """Return the rows, the images in order."""
        found = {name: torch.cat([part[name] for part in self.parts]).cpu().numpy() for name in geometry.COMPARABLE}
        count = len(found["gap"])
        return pd.DataFrame({"sample": np.arange(count, dtype=np.int32)} | found)


MEASURE = Measure(
    name="geometry",
    meaning="each clean test image, without what all directions share",
    of="image",
    needs=frozenset({"logits", "features", "classifier"}),
    start=Geometry,
    columns={
        "sample": Column("i32", "", "place of the image among those used, from 0"),
        "centred_angle": Column(
            "rounded",
            "degrees",
            "angle between the feature less the mean feature of the clean test images and the direction of its true "
            "class less the mean of all directions",
        ),
        "centred_length": Column("rounded", "", "Euclidean norm of the feature less the mean feature"),
        "gap": Column(
            "rounded",
            "degrees",
            "angle to the nearest other class direction minus that to the own, all centred; negative where another is "
            "nearer",
        ),
        "raw_gap": Column("rounded", "degrees", "the gap between feature and directions as they are, not centred"),
        "nearest_margin": Column(
            "rounded",
            "",
            "distance to the nearest decision boundary, that of the predicted class's region; negative where wrong",
        ),
        "region_margin": Column(
            "rounded",
            "",
            "distance to the border of the region of the true class: where right to its nearest side, where wrong the "
            "whole way to it, negative",
        ),
    },
)
