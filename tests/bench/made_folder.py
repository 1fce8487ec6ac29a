"""A folder of photographs that is made cheaply: few different files, each under many names."""

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

DIFFERENT, CLASSES = 40, 10
TEST_SHARE = 5
"""One of so many images is a test image."""


def make_folder(folder: Path, images: int, width: int = 500, height: int = 375, classes: int = CLASSES) -> Path:
    """Make train/CLASS/*.jpg and test/CLASS/*.jpg, so many images in all, of about that size; hard links where it can.

    Each class has colours of its own, so that networks can learn them.
    """
    source = folder / "different"
    source.mkdir(parents=True)
    rng = np.random.default_rng(0)
    per_class = max(1, DIFFERENT // classes)
    for label in range(classes):
        for number in range(per_class):
            photograph(rng, label / classes, width - width // 25 * (number % 4), height).save(
                source / f"{label}-{number}.jpg", quality=90
            )
    for place in range(images):
        label, turn = place % classes, place // classes
        part = "test" if turn % TEST_SHARE == 0 else "train"
        (folder / part / f"class{label}").mkdir(parents=True, exist_ok=True)
        os.link(source / f"{label}-{turn % per_class}.jpg", folder / part / f"class{label}" / f"{place:06}.jpg")
    return folder


def photograph(rng: np.random.Generator, hue: float, width: int, height: int) -> Image.Image:
    """Blurred noise and sharp edges in a tone, which a JPEG of takes about as long to decode as a photograph's."""
    pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    soft = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(2)), dtype=np.float32)
    tone = 255 * np.abs(np.sin(np.pi * (hue + np.arange(3) / 3)))
    edges = (np.add.outer(np.arange(height) // 40, np.arange(width) // 40) % 2)[:, :, None] * 40
    return Image.fromarray(np.clip(0.6 * (soft - 128) * 3 + 0.5 * tone + edges, 0, 255).astype(np.uint8))
