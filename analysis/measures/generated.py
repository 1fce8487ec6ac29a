"""How good the images are that a generative network makes of latents, by features of a classifier of the data.

FD is Fréchet's distance on these features, and not FID, whose features are Inception's: the two are on other scales.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from analysis.engine.base import Column, Context, Measure
from analysis.engine.makers import maker_of, unit
from analysis.metrics.generated import copying, distance_interval, precision_recall
from pruning.data.base import used_rows
from pruning.errors import UserError
from pruning.tasks import frechet

REAL = "features of real images"


@dataclass(frozen=True)
class Real:
    """Features [N, D] of the training images and the test images; the distances between which those made lie."""

    training: np.ndarray
    test: np.ndarray
    floor: float
    ceiling: float


def generated(context: Context) -> pd.DataFrame:
    """The row of a ticket.

    Raises:
        UserError: it makes images that are not finite.
    """
    context.progress(0.0, "images made of latents")
    network, real = maker_of(context), real_features(context)
    made = features(context, network.decoded(network.latents(frechet.SAMPLES)))
    if not np.isfinite(made).all():
        raise UserError(f"Ticket {context.entry.id} makes images that are not finite; they are left out.")
    n = min(len(made), len(real.test))
    precision, recall = precision_recall(real.test[:n], made[:n])
    found = {
        "fd": distance_interval(made, real.training, fd),
        "precision": precision,
        "recall": recall,
        "nearest": copying(made, real.test, real.training),
    }
    row: dict[str, float] = {"n": len(made), "floor": real.floor, "ceiling": real.ceiling}
    for name, interval in found.items():
        row |= {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return pd.DataFrame([row])


def real_features(context: Context) -> Real:
    """Features of the data, made once for all tickets that a process measures."""
    if REAL not in context.process:
        data = context.images.data
        assert data is not None
        test = context.images.images[used_rows(len(context.images), frechet.SAMPLES)]
        training = features(context, frechet.training_images(data))
        context.process[REAL] = Real(
            training, features(context, unit(test)), frechet.floor(data), frechet.ceiling(data)
        )
    found = context.process[REAL]
    assert isinstance(found, Real)
    return found


def features(context: Context, images: torch.Tensor) -> np.ndarray:
    """Features float32 [N, D] of images float32 [N, C, H, W] in [0, 1]."""
    assert context.images.data is not None
    found: np.ndarray = frechet.feature_network(context.images.data)(images).float().cpu().numpy()
    return found


def fd(one: np.ndarray, other: np.ndarray) -> float:
    """Fréchet's distance of two sets of features."""
    return frechet.distance(*(frechet.moments(torch.from_numpy(each)) for each in (one, other)))


def _bounds(name: str, over: str) -> dict[str, Column]:
    return {
        f"{name}_low": Column("f64", "", f"lower bound of its 95 % interval over images, {over}"),
        f"{name}_high": Column("f64", "", "upper bound of the same"),
    }


MEASURE = Measure(
    name="generated",
    meaning="how good images are that are made of latents",
    of="ticket",
    needs=frozenset({"weights", "images", "training images"}),
    tasks=frozenset({"vae", "gan"}),
    rows=generated,
    cost=lambda parts, images, macs: 5.0,
    columns={
        "n": Column("i32", "images", "made; the distance depends on their number, which is the same for all tickets"),
        "fd": Column("f64", "", "Fréchet's distance to the training images, on features of a classifier; 0 is best"),
        **_bounds("fd", "by the bootstrap"),
        "floor": Column("f64", "", "the distance of real test images, below which nothing can be expected"),
        "ceiling": Column("f64", "", "the distance of noise"),
        "precision": Column("f64", "", "share of those made that lie on the manifold of the test images, 0 to 1"),
        **_bounds("precision", "Wilson's"),
        "recall": Column("f64", "", "share of the test images that lie on the manifold of those made, 0 to 1"),
        **_bounds("recall", "Wilson's"),
        "nearest": Column("f64", "times", "median distance to the nearest training image, over that of test images"),
        **_bounds("nearest", "by the bootstrap"),
    },
)
