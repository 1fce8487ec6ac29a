"""FID (Heusel et al. 2017, arXiv 1706.08500), where the study names a file with the weights of Inception.

It depends on the number of images, made and real, which are the same for all tickets of a study, and on how they are
resized. Only beside a published number of as many images does it compare with that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import BaseModel, Field

from analysis.engine.base import Column, Context, Measure
from analysis.engine.makers import maker_of, unit
from analysis.engine.settings import AnalysisConfig
from analysis.measures.generated import fd
from analysis.metrics.generated import spread_interval, within_span
from analysis.metrics.inception import MACS, PUBLISHED, Features, Resizing, digest, inception
from pruning.data.base import used_rows
from pruning.errors import UserError
from pruning.tasks import frechet
from pruning.training.precision import pick_device

INCEPTION = "inception"


class FidOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        inception: the file with the weights of Inception; without it there is no FID.
        fid_images: made, and at most so many training and test images; published FIDs are of 50,000.
        fid_resizing: to the 299 pixels a side that Inception is shown; "bilinear" as pytorch-fid, "bicubic" as
            clean-fid.
    """

    inception: Path | None = None
    fid_images: Annotated[int, Field(ge=2)] = frechet.SAMPLES
    fid_resizing: Resizing = "bilinear"


@dataclass(frozen=True)
class Real:
    """Inception, the features [N, 2048] of training images, and the distance of test images from these."""

    see: Features
    training: np.ndarray
    floor: float


def options_of(settings: AnalysisConfig) -> FidOptions:
    """The settings of FID among a study's."""
    assert isinstance(settings, FidOptions)
    return settings


def parts(settings: AnalysisConfig, images: int | None = None) -> Sequence[str]:
    """Whose features are asked for: nobody's, where no file is named."""
    return [INCEPTION] if options_of(settings).inception is not None else []


def matters(settings: AnalysisConfig, images: int) -> Mapping[str, object] | None:
    """What decides the numbers; None where the file is not on this machine."""
    options = options_of(settings)
    if options.inception is None:
        return {}
    weights = digest(options.inception)
    if not weights:
        return None
    return {"inception": weights, "images": options.fid_images, "resizing": options.fid_resizing}


def rows(context: Context) -> pd.DataFrame:
    """The row of a ticket.

    Raises:
        UserError: it makes images that are not finite.
    """
    options = options_of(context.settings)
    assert options.inception is not None
    weights = digest(options.inception)
    real = real_images(context, options)
    if not weights.startswith(PUBLISHED):
        context.problems.append(
            f"{options.inception} is not the file that pytorch-fid has published (its SHA-256 begins with {weights}, "
            f"not {PUBLISHED}), so that its FID compares within this study alone."
        )
    network = maker_of(context)
    context.progress(0.1, "images made of latents, seen by Inception")
    made = network.decoded(network.latents(options.fid_images))
    if not made.isfinite().all():
        raise UserError(f"Ticket {context.entry.id} makes images that are not finite; it has no FID.")
    found = spread_interval(*within_span(real.see(made).numpy(), real.training), fd)
    row = {
        "kind": INCEPTION,
        "n": len(made),
        "real": len(real.training),
        "fid": found.value,
        "fid_low": found.low,
        "fid_high": found.high,
        "floor": real.floor,
        "resizing": options.fid_resizing,
        "weights": weights,
    }
    return pd.DataFrame([row])


def real_images(context: Context, options: FidOptions) -> Real:
    """What is known of the data, worked out once for all tickets that a process measures."""
    data, path = context.images.data, options.inception
    assert data is not None
    assert path is not None

    def make() -> Real:
        see = inception(path, options.fid_resizing, pick_device())
        context.progress(0.0, "real images seen by Inception")
        training = data.train.images[used_rows(len(data.train.images), options.fid_images)]
        test = context.images.images[used_rows(len(context.images), options.fid_images)]
        known, unseen = (see(unit(images)).numpy() for images in (training, test))
        return Real(see, known, fd(*within_span(unseen, known)))

    key = INCEPTION, options.model_dump_json(include={*FidOptions.model_fields})
    if key not in context.process:
        context.process[key] = make()
    found = context.process[key]
    assert isinstance(found, Real)
    return found


def cost(parts: Sequence[str], images: int, macs: int) -> float:
    """About the seconds that a ticket takes at 2,000 images: Inception's passes, and the distances of the interval."""
    return len(parts) * (frechet.SAMPLES * MACS / 2.7e10 + 100)


MEASURE = Measure(
    name="fid",
    meaning="FID of images that are made of latents, where a file with the weights of Inception is named",
    of="ticket",
    needs=frozenset({"weights", "images", "training images"}),
    tasks=frozenset({"vae", "gan"}),
    rows=rows,
    parts=parts,
    options=FidOptions,
    matters=matters,
    cost=cost,
    columns={
        "kind": Column("str", "", 'whose features: "inception"'),
        "n": Column("i32", "images", "made; FID depends on their number, which is the same for all tickets"),
        "real": Column("i32", "images", "training images that these are held against"),
        "fid": Column("f64", "", "Fréchet's distance to the training images on Inception's features; 0 is best"),
        "fid_low": Column("f64", "", "lower bound of its 95 % interval over images, by the bootstrap's spread"),
        "fid_high": Column("f64", "", "upper bound of the same"),
        "floor": Column("f64", "", "the distance of real test images, below which nothing can be expected"),
        "resizing": Column("str", "", 'to 299 pixels a side: "bilinear" as pytorch-fid, "bicubic" as clean-fid'),
        "weights": Column("str", "", f"first digits of the SHA-256 of the file of weights; {PUBLISHED}: published"),
    },
)
