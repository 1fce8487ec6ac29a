"""How well an autoencoder gives images back, and what a variational one pays for it."""

import numpy as np
import pandas as pd
import torch

from analysis.engine.base import Column, Context, Measure
from analysis.engine.makers import SEED, Maker, maker_of, unit
from analysis.metrics.generated import Interval
from analysis.metrics.neighbours import NOBODY, nearest
from analysis.statistics.intervals import mean_interval
from pruning.tasks.vae import elbo_parts

ACTIVE = 0.01
"""Variance over images above which the mean of a latent is active (Burda et al. 2016)."""

SHARES = ("mse", "elbo", "bce", "kl", "same_class")
NAN = Interval(np.nan, np.nan, np.nan)


def reconstruction(context: Context) -> pd.DataFrame:
    """The row of a ticket."""
    network, images = maker_of(context), unit(context.images.images)
    means, log_variances = network.encoded(images)
    errors = ((network.decoded(means) - images) ** 2).flatten(1).mean(dim=1)
    found = {
        "mse": _mean(errors.numpy()),
        "same_class": same_class(means.numpy(), context.images.labels.numpy()),
        **dict.fromkeys(("elbo", "bce", "kl"), NAN),
    }
    if log_variances is not None:
        bce, kl = _elbo(network, images)
        found |= {"bce": _mean(bce), "kl": _mean(kl), "elbo": _mean(bce + kl)}
    row = {f"{name}{end}": value for name in SHARES for end, value in _ends(found[name]).items()}
    active = int((means.var(dim=0) > ACTIVE).sum())
    return pd.DataFrame([{"n": len(images), "latents": network.latent, "active": active, **row}])


def same_class(codes: np.ndarray, labels: np.ndarray) -> Interval:
    """The share of images whose nearest by their codes [N, L] is of the same class; NaN where all codes are one."""
    near = nearest(codes, 1)[0][:, 0]
    return NAN if (near == NOBODY).any() else Interval.of_share(labels[near] == labels)


def _elbo(network: Maker, images: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Both parts of -ELBO of each image, in nats, with the same noise for every network."""
    noise = torch.randn(len(images), network.latent, generator=torch.Generator().manual_seed(SEED))
    with torch.inference_mode():
        parts = [
            elbo_parts(network.module, x.to(network.device), drawn.to(network.device))
            for x, drawn in zip(images.split(500), noise.split(500), strict=True)
        ]
    bce, kl = (torch.cat(each).double().cpu().numpy() for each in zip(*parts, strict=True))
    return bce, kl


def _mean(values: np.ndarray) -> Interval:
    return Interval(*mean_interval(values))


def _ends(interval: Interval) -> dict[str, float]:
    return {"": interval.value, "_low": interval.low, "_high": interval.high}


def _columns(name: str, unit: str, meaning: str) -> dict[str, Column]:
    return {
        name: Column("f64", unit, meaning),
        f"{name}_low": Column("f64", unit, "lower bound of its 95 % interval over images"),
        f"{name}_high": Column("f64", unit, "upper bound of its 95 % interval over images"),
    }


MEASURE = Measure(
    name="reconstruction",
    meaning="how well an autoencoder gives test images back",
    of="ticket",
    needs=frozenset({"weights", "images"}),
    tasks=frozenset({"autoencoder", "vae"}),
    rows=reconstruction,
    cost=lambda parts, images, macs: 0.1 + 3e-10 * images * macs,
    columns={
        "n": Column("i32", "images", "test images"),
        "latents": Column("i32", "", "numbers in the code of an image"),
        "active": Column("i32", "", "of these, those whose mean varies over images by more than 0.01 (Burda 2016)"),
        **_columns("mse", "", "mean squared error of a pixel in [0, 1], from the mean of the code"),
        **_columns("elbo", "nats", "-ELBO of an image, the sum of the next two; NaN without a variance of the code"),
        **_columns("bce", "nats", "binary cross-entropy of the pixels, summed, from a drawn code"),
        **_columns("kl", "nats", "Kullback-Leibler divergence of the code from the prior, near 0 where it collapsed"),
        **_columns("same_class", "", "share of images whose nearest by their codes is of the same class, 0 to 1"),
    },
)
