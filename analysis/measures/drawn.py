"""Images that a generative network makes, to be looked at: from the same latents and of the same images for all."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from analysis.engine.base import Column, Context, Measure
from analysis.engine.makers import Maker, maker_of, unit
from analysis.measures.generated import features, real_features
from analysis.metrics.neighbours import nearest
from pruning.data.base import used_rows
from pruning.tasks import frechet

SAMPLES, TILES, LINES, STEPS = 64, 16, 8, 8
SAMPLE, NEAREST, ORIGINAL, RECONSTRUCTION, INTERPOLATION = (
    "sample", "nearest", "original", "reconstruction", "interpolation",
)  # fmt: skip


def drawn(context: Context) -> pd.DataFrame:
    """The rows of a ticket."""
    network = maker_of(context)
    rows = [
        (what, place, (255 * image.clamp(0, 1)).round().to(torch.uint8).numpy().tobytes())
        for what, images in _drawn(context, network)
        for place, image in enumerate(images.nan_to_num(0.0))
    ]
    return pd.DataFrame(rows, columns=["what", "place", "pixels"])


def _drawn(context: Context, network: Maker) -> Iterator[tuple[str, Tensor]]:
    encodes = hasattr(network.module, "encode")
    if context.entry.recipe.task != "autoencoder":  # whose codes follow no known distribution
        samples = network.decoded(network.latents(SAMPLES))
        yield SAMPLE, samples
        yield NEAREST, copied(context, samples[:TILES])
    if encodes:
        images = unit(context.images.images[used_rows(len(context.images), 2 * LINES)])
        codes = network.encoded(images)[0]
        yield ORIGINAL, images
        yield RECONSTRUCTION, network.decoded(codes)
    else:
        codes = network.latents(2 * LINES)
    paths = torch.stack(list(between(codes[:LINES], codes[LINES : 2 * LINES], STEPS, round=not encodes)), dim=1)
    yield INTERPOLATION, network.decoded(paths.flatten(0, 1))


def copied(context: Context, images: Tensor) -> Tensor:
    """The training image that lies nearest to each, by the features that FD uses."""
    assert context.images.data is not None
    places = nearest(real_features(context).training, 1, features(context, images))[0][:, 0]
    return frechet.training_images(context.images.data)[torch.from_numpy(np.maximum(places, 0)).long()]


def between(one: Tensor, other: Tensor, steps: int, round: bool) -> Iterator[Tensor]:
    """Codes on the way from one [N, L] to the other, ends included.

    `round`: along great circles (White 2016), where the middle of a straight line would be nearer to the origin than
    latents ever are.
    """
    angle = torch.acos(torch.nn.functional.cosine_similarity(one, other, dim=1).clamp(-1, 1))[:, None]
    for share in np.linspace(0, 1, steps).tolist():
        if round:
            yield (torch.sin((1 - share) * angle) * one + torch.sin(share * angle) * other) / torch.sin(angle)
        else:
            yield (1 - share) * one + share * other


MEASURE = Measure(
    name="drawn",
    meaning="images that generative networks make, from the same latents",
    of="image",
    needs=frozenset({"weights", "images", "training images"}),
    tasks=frozenset({"autoencoder", "vae", "gan"}),
    rows=drawn,
    detail=True,
    cost=lambda parts, images, macs: 0.5,
    columns={
        "what": Column("str", "", '"sample", "nearest" (training image to each), "original", "reconstruction", or '
                       '"interpolation", 8 lines of 8 steps'),
        "place": Column("i16", "", "from 0; samples of one place are made of the same latent"),
        "pixels": Column("blob", "", "uint8 [C, H, W]"),
    },
)  # fmt: skip
