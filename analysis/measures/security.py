"""How many images a network withstands attacks of chosen sizes on: by its gradients, in L-inf and in L2."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel, Field
from torch import Tensor

from analysis.engine.base import Column, Context, Measure
from analysis.engine.networks import Network
from analysis.engine.settings import AnalysisConfig
from analysis.results.offsets import pack_bits
from analysis.security import gradient
from analysis.security.pixels import Ball, Norm, Pixels
from pruning.data.base import LEVELS, used_rows
from pruning.data.lazy import whole
from pruning.training.precision import pick_device, settled

Level = Annotated[float, Field(gt=0, le=LEVELS - 1)]
Length = Annotated[float, Field(gt=0)]
UNBOUNDED = Ball("linf", LEVELS - 1)
"""Every image is within it."""
TASKS = frozenset({"classification"})
Rights = Mapping[str, np.ndarray]
Work = Callable[[Pixels, Tensor, Tensor, Ball], Rights]


class SecurityOptions(BaseModel):
    """Keys of [analysis].

    Attributes:
        security_linf: sizes of attacks by gradient in L-inf, in grey levels of 255; none by default.
        security_l2: the same in L2, with pixels in [0, 1].
        security_images: at most so many test images are attacked, evenly spaced.
    """

    security_linf: list[Level] = []
    security_l2: list[Length] = []
    security_images: Annotated[int, Field(ge=20)] = 500


def options_of(settings: AnalysisConfig) -> SecurityOptions:
    """The settings of these attacks among a study's."""
    assert isinstance(settings, SecurityOptions)
    return settings


def balls(linf: Sequence[float], l2: Sequence[float]) -> dict[str, Ball]:
    """Balls of these sizes by name, rising."""
    sizes: dict[Norm, Sequence[float]] = {"linf": linf, "l2": l2}
    found = [Ball(norm, size) for norm, each in sizes.items() for size in sorted(set(each))]
    return {ball.name: ball for ball in found}


def _balls(settings: AnalysisConfig) -> dict[str, Ball]:
    """Those asked for, and the one without bounds, in which a network that hides nothing gets nothing right."""
    options = options_of(settings)
    found = balls(options.security_linf, options.security_l2)
    return found | {UNBOUNDED.name: UNBOUNDED} if found else {}


def kinds(settings: AnalysisConfig, images: int | None = None) -> Sequence[str]:
    """The balls asked for, by name."""
    return [*_balls(settings)]


def attacked(
    context: Context, asked: Mapping[str, Ball], most: int, columns: Sequence[str], work: Work
) -> pd.DataFrame:
    """The rows of the kinds among those asked for that the context is about: what `work` gives, attack by attack."""
    network = Network.of(context.ticket, pick_device(), "float32")
    network.module.requires_grad_(False)
    pixels = Pixels(network.module, network.mean, network.std, network.macs)
    rows = used_rows(len(context.images), most)
    images = whole(context.images.images[rows]).to(network.device).float() / (LEVELS - 1)
    labels = context.images.labels[rows].to(network.device)
    found = []
    with settled(network.macs), torch.inference_mode(False):
        for name, ball in asked.items():
            if name not in context.parts:
                continue
            for attack, right in work(pixels, images, labels, ball).items():
                place = {"kind": name, "attack": attack, "norm": ball.norm, "size": ball.size, "n": len(right)}
                found.append({**place, "accuracy": float(right.mean()), "right": pack_bits(right)})
    return pd.DataFrame(found, columns=list(columns))


def columns(attacks: str) -> dict[str, Column]:
    """Of a table of attacks."""
    return {
        "kind": Column("str", "", 'norm and size: "linf 8", "l2 0.5"'),
        "attack": Column("str", "", f'"clean": none; {attacks}'),
        "norm": Column("str", "", '"linf" or "l2"'),
        "size": Column(
            "f64", "", "how far an attack may go: of L-inf in grey levels of 255, of L2 with pixels in [0, 1]"
        ),
        "n": Column("i32", "images", "test images attacked"),
        "accuracy": Column("f64", "", "share of them that are still classified right"),
        "right": Column("blob", "", "which these are, a bit an image"),
    }


def _rows(context: Context) -> pd.DataFrame:
    seed, progress, asked = context.images.seed, context.progress, _balls(context.settings)

    def work(network: Pixels, images: Tensor, labels: Tensor, ball: Ball) -> Rights:
        return gradient.withstood(network, images, labels, ball, seed=seed, progress=progress)

    return attacked(context, asked, options_of(context.settings).security_images, list(MEASURE.columns), work)


def _matters(settings: AnalysisConfig, images: int) -> Mapping[str, object]:
    return {"images": options_of(settings).security_images}


MEASURE = Measure(
    name="security",
    meaning="images that withstand attacks by gradient of chosen sizes, in L-inf and L2",
    of="ticket",
    needs=frozenset({"weights", "images"}),
    tasks=TASKS,
    rows=_rows,
    parts=kinds,
    apart=True,
    options=SecurityOptions,
    matters=_matters,
    cost=lambda parts, images, macs: len(parts) * (0.05 + 500 * 3 * (gradient.STEPS + 3) * macs / 2.7e10),
    columns=columns('"one_step": along the gradient; "steps": projected steps, the worst of them'),
)
