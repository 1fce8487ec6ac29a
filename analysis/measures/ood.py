"""Whether a network notices images of another kind than it was trained on: out-of-distribution detection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel, Field, field_validator
from torch import Tensor

from analysis.engine.base import Column, Context, Measure
from analysis.engine.networks import Network
from analysis.engine.settings import AnalysisConfig
from analysis.measures import transferred
from analysis.metrics.detection import SCORES, auroc, false_positives
from analysis.transfer.target import whole_bytes
from pruning.data import load_data, source_of
from pruning.data.base import used_rows
from pruning.errors import UserError
from pruning.models.inspection import Shape
from pruning.training.precision import pick_device

BATCH = 500  # images that are brought to the network's input at a time


class OodOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        ood: names of data sets whose test images tickets are to tell from their own; none by default.
        ood_images: at most so many test images of each are used, evenly spaced.
    """

    ood: list[str] = []
    ood_images: Annotated[int, Field(ge=20)] = 2000

    @field_validator("ood", mode="before")
    @classmethod
    def _ood_listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("ood")
    @classmethod
    def _ood_known(cls, names: list[str]) -> list[str]:
        for name in names:
            source_of(name)
        return list(dict.fromkeys(names))


def options_of(settings: AnalysisConfig) -> OodOptions:
    """The settings of detection among a study's."""
    assert isinstance(settings, OodOptions)
    return settings


def sets(settings: AnalysisConfig, images: int | None = None) -> Sequence[str]:
    """The data sets asked for."""
    return options_of(settings).ood


def rows(context: Context) -> pd.DataFrame:
    """A row a data set and score. A set that cannot be shown to the network is left out, with a sentence."""
    network, shape = Network.of(context.ticket, pick_device(), "float32"), context.ticket.info.shape
    own = _logits(network, context.images.images[used_rows(len(context.images), _most(context))], shape)
    found = []
    for place, name in enumerate(each for each in sets(context.settings) if each in context.parts):
        context.progress(place / len(context.parts), name)
        try:
            foreign = _logits(network, _images(context, name), shape)
        except UserError as error:
            context.say(str(error))
            continue
        found += [_row(name, score, own, foreign) for score in SCORES]
    return pd.DataFrame(found, columns=list(MEASURE.columns))


def _row(name: str, score: str, own: np.ndarray, foreign: np.ndarray) -> dict[str, object]:
    inside, outside = (SCORES[score](logits) for logits in (own, foreign))
    area, passing = auroc(inside, outside), false_positives(inside, outside)
    sizes: dict[str, object] = {"kind": name, "score": score, "n": len(inside), "foreign": len(outside)}
    return sizes | {
        "auroc": area.value,
        "auroc_low": area.low,
        "auroc_high": area.high,
        "fpr95": passing.value,
        "fpr95_low": passing.low,
        "fpr95_high": passing.high,
    }


def _most(context: Context) -> int:
    return options_of(context.settings).ood_images


def _images(context: Context, name: str) -> Tensor:
    """The test images of a data set, read once for all tickets that a process measures."""
    data = context.images.data
    if data is not None and data.name == name:
        raise UserError(f"`ood` names {name}, on which these networks were trained; name another data set.")
    key = "ood", name
    if key not in context.process:
        images = load_data(name, context.root).test.images
        context.process[key] = images[used_rows(len(images), _most(context))]
    found = context.process[key]
    assert isinstance(found, Tensor)
    return found


def _logits(network: Network, images: Tensor, shape: Shape) -> np.ndarray:
    """Of images uint8 of any size, brought to the network's input of that shape: float32 [N, K].

    Raises:
        UserError: they have other channels than fit, or the logits are not finite.
    """
    parts = (whole_bytes(part.to(network.device), shape) for part in images.split(BATCH))
    logits = torch.cat([network.logits(part) for part in parts])
    if not logits.isfinite().all():
        raise UserError("The network gives logits that are not finite, so that no image can be told from another.")
    return logits.numpy()


def _matters(settings: AnalysisConfig, images: int) -> Mapping[str, object]:
    return {"images": options_of(settings).ood_images}


MEASURE = Measure(
    name="ood",
    meaning="how well images of other data sets are noticed: MSP and energy, AUROC and FPR95",
    of="ticket",
    needs=frozenset({"weights", "images"}),
    tasks=transferred.TASKS,
    rows=rows,
    parts=sets,
    source=transferred.source,
    datasets=sets,
    options=OodOptions,
    matters=_matters,
    cost=lambda parts, images, macs: (1 + len(parts)) * (0.05 + 2000 * macs / 2.7e10),
    columns={
        "kind": Column("str", "", "the data set whose test images are foreign, brought to the network's input size"),
        "score": Column(
            "str", "", '"msp": maximum softmax probability; "energy": negative free energy, logsumexp of the logits'
        ),
        "n": Column("i32", "images", "test images of the study's own data"),
        "foreign": Column("i32", "images", "test images of the other data set"),
        "auroc": Column(
            "f64", "", "chance that an own image has a higher score than a foreign one; 0.5 by chance, 1 is best"
        ),
        "auroc_low": Column("f64", "", "lower bound of its 95 % interval over images, by DeLong"),
        "auroc_high": Column("f64", "", "upper bound of the same"),
        "fpr95": Column("f64", "", "share of foreign images that pass where 95 % of the own do; 0 is best"),
        "fpr95_low": Column("f64", "", "lower bound of its 95 % interval over images, by the bootstrap"),
        "fpr95_high": Column("f64", "", "upper bound of the same"),
    },
)
