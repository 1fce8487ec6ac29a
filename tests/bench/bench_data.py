"""Memory while 50,000 images of 224 pixels are decoded, trained on, scored and measured: at most 2 GB and the batch."""

import tempfile
from pathlib import Path

from tests.bench.data_memory import LIMIT, all_stages
from tests.bench.rows import Figures

IMAGES = 50_000


def run(quick: bool) -> list[Figures]:
    """Figures of each stage; 600 images, which are 90 MB and stay in memory, where it is to be quick."""
    images = 600 if quick else IMAGES
    with tempfile.TemporaryDirectory() as place:
        found = all_stages(images, Path(place) / "images")
    return [
        Figures(
            f"{images:,} images, {stage}",
            {"MB": took["MB"]},
            {"MB": LIMIT},
            f"{took['seconds']:.0f} s, {took['MB of files']:,.0f} MB of pages of files",
        )
        for stage, took in found.items()
    ]
