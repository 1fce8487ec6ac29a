"""Why images are lost to each corruption: a drift that all share, a drift of each class, or scatter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel, Field
from torch import Tensor

from analysis.engine.base import Column, Context, Measure, Shown
from analysis.engine.settings import AnalysisConfig
from analysis.measures.clean_pass import clean_pass
from analysis.measures.corrupted import image_by_image
from analysis.measures.maps import positions
from analysis.metrics import drift, lead
from pruning.errors import UserError

RESCUES = (*drift.SHIFTS, "direction", "length")
"""What may bring a lost image back, in the order of the bits of the column `rescues`."""


class LostOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        lost_samples: at most so many of the test images, evenly spaced, are asked why they are lost.
    """

    lost_samples: Annotated[int, Field(ge=2)] = 10_000


def used(settings: AnalysisConfig, images: int) -> np.ndarray:
    """Which of `images` test images are asked: int32, rising."""
    assert isinstance(settings, LostOptions)
    return positions(images, settings.lost_samples)


class Lost:
    """The row of one condition."""

    def __init__(self, context: Context) -> None:
        assert context.network is not None
        self.condition, self.network = context.condition, context.network
        self.rows_used = torch.from_numpy(used(context.settings, len(context.images)).astype(np.int64))
        self.labels = context.images.labels[self.rows_used]
        self.clean = clean_pass(context, self.rows_used)
        self.features: list[Tensor] = []
        self.predicted: list[Tensor] = []

    def update(self, shown: Shown) -> None:
        """Take in a batch."""
        part = torch.isin(shown.index, self.rows_used)
        self.features.append(shown.features[part.to(shown.features.device)].cpu())
        self.predicted.append(shown.logits.argmax(1).cpu()[part])

    def rows(self) -> pd.DataFrame:
        """Return the row.

        Raises:
            UserError: the network's logits are not linear in its features.
        """
        if self.network.without:
            raise UserError(self.network.without)
        before, clean = self.clean.predicted, self.clean.features
        after, predicted, labels = torch.cat(self.features), torch.cat(self.predicted), self.labels
        weight, bias = self.network.weight.cpu(), self.network.bias.cpu()
        undone = drift.predictions(clean, after, labels, weight, bias)
        (turned, now), (straight, was) = lead.polar(after), lead.polar(clean)
        undone["direction"] = lead.exchanged(straight, now, weight, bias)
        undone["length"] = lead.exchanged(turned, was, weight, bias)
        lost = (before == labels) & (predicted != labels)
        split = lead.lead_change(clean[lost], after[lost], weight, bias, labels[lost], predicted[lost])
        row = {
            "corruption": self.condition[0],
            "severity": self.condition[1],
            **tally(before, predicted, labels, undone),
            **{name: float(split[name].mean()) if lost.any() else np.nan for name in ("direction", "length")},
        }
        return pd.DataFrame([row])


def tally(before: Tensor, after: Tensor, labels: Tensor, undone: Mapping[str, Tensor]) -> dict[str, int | bytes]:
    """How many images are lost, and what brings each of them back.

    Args:
        before: int64 [N], the classes given before.
        after: those given after.
        labels: the true classes.
        undone: some of `RESCUES`, those of `drift.SHIFTS` among them -> the classes given once it is undone.

    Returns:
        n, lost, right, right_ and each shift, rescues: the columns of the table.
    """
    right = {name: found == labels for name, found in undone.items()}
    lost = (before == labels) & (after != labels)
    bits = torch.zeros(int(lost.sum()), dtype=torch.uint8, device=lost.device)
    for name, found in right.items():
        bits |= found[lost].to(torch.uint8) << RESCUES.index(name)
    return {
        "n": len(labels),
        "lost": int(lost.sum()),
        "right": int((after == labels).sum()),
        **{f"right_{name}": int(right[name].sum()) for name in drift.SHIFTS},
        "rescues": bits.cpu().numpy().tobytes(),
    }


def _matters(settings: AnalysisConfig, images: int) -> dict[str, object]:
    return {"lost_samples": len(used(settings, images))}


MEASURE = Measure(
    name="lost",
    meaning="why images are lost to each corruption",
    of="condition",
    needs=frozenset({"logits", "features", "classifier"}),
    start=Lost,
    conditions=image_by_image,
    options=LostOptions,
    matters=_matters,
    columns={
        "corruption": Column("str", "", "name of the corruption"),
        "severity": Column("i8", "", "1 (mild) to 5"),
        "n": Column("i32", "images", "test images asked, evenly spaced among those shown"),
        "lost": Column("i32", "images", "of these right when clean and wrong when corrupted"),
        "right": Column("i32", "images", "right when corrupted"),
        "right_drift": Column("i32", "images", "right once the drift common to all images is undone"),
        "right_scale": Column("i32", "images", "right once the features have their clean means and deviations again"),
        "right_class": Column("i32", "images", "right once the drift of their own class is undone, an upper bound"),
        "right_other": Column("i32", "images", "right once the drift of another class is undone, a control"),
        "direction": Column("f32", "logits", "mean change of the lost images' lead that the feature's direction makes"),
        "length": Column("f32", "logits", "mean change of the lost images' lead that the feature's length makes"),
        "rescues": Column(
            "blob",
            "",
            "a byte for each lost image, in order; its bits, the lowest first, say whether it is right once there are "
            f"undone: {', '.join(RESCUES)}",
        ),
    },
)
