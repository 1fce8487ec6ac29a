"""Pixelate and JPEG against Pillow, which made the published images."""

import io

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from analysis.corruptions import SEVERITIES, corrupt, get_corruption
from analysis.corruptions.digital import pixelate
from analysis.corruptions.jpeg import jpeg_compression
from analysis.corruptions.random import Draws
from tests.analysis.corruptions.pictures import flat, pictures

NO_DRAWS = Draws(torch.empty(0, dtype=torch.int64))


def to_pillow(image: Tensor) -> Image.Image:
    return Image.fromarray(image[0].numpy() if len(image) == 1 else image.permute(1, 2, 0).contiguous().numpy())


def from_pillow(image: Image.Image) -> np.ndarray:
    pixels = np.array(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def pillow_jpeg(images: Tensor, quality: int) -> np.ndarray:
    decoded = []
    for image in images:
        file = io.BytesIO()
        to_pillow(image).save(file, "JPEG", quality=quality)
        decoded.append(from_pillow(Image.open(file)))
    return np.stack(decoded)


def pillow_pixelate(images: Tensor, share: float) -> np.ndarray:
    height, width = images.shape[2:]
    small = max(1, int(width * share)), max(1, int(height * share))
    boxes = (to_pillow(image).resize(small, Image.Resampling.BOX) for image in images)
    return np.stack([from_pillow(image.resize((width, height), Image.Resampling.BOX)) for image in boxes])


def assert_jpeg_is_pillows(images: Tensor, quality: int, share: float = 0.999) -> None:
    ours = jpeg_compression(images, (quality,), NO_DRAWS).numpy().astype(int)
    difference = np.abs(ours - pillow_jpeg(images, quality))
    # A coefficient in a hundred thousand falls on the other side of a rounding; it moves its block by a level.
    assert (difference == 0).mean() >= share
    assert difference.max() <= 2


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("shape", [(20, 3, 32, 32), (20, 1, 28, 28), (4, 3, 64, 64), (1, 3, 224, 224)])
def test_jpeg_is_pillows(severity: int, shape: tuple[int, int, int, int]) -> None:
    images = pictures(*shape)
    (quality,) = get_corruption("jpeg_compression").parameters(severity, min(shape[2:]))
    assert_jpeg_is_pillows(images, round(quality))
    ours = corrupt(images, "jpeg_compression", severity)
    assert torch.equal(ours, jpeg_compression(images, (quality,), NO_DRAWS))


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 50),
    width=st.integers(1, 50),
    channels=st.sampled_from([1, 3]),
    quality=st.integers(5, 100),
    noise=st.booleans(),
)
def test_jpeg_is_pillows_at_any_size(height: int, width: int, channels: int, quality: int, noise: bool) -> None:
    images = pictures(2, channels, height, width)
    if noise:
        images = torch.randint(0, 256, images.shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(width))
    assert_jpeg_is_pillows(images, quality, share=0.93)


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    channels=st.sampled_from([1, 3]),
    share=st.one_of(st.sampled_from([0.95, 0.9, 0.85, 0.75, 0.65, 0.5, 0.4, 0.3, 0.25]), st.floats(0.25, 0.99)),
)
def test_pixelate_is_pillows_box_resize(height: int, width: int, channels: int, share: float) -> None:
    assume(height <= 2 * width)  # Pillow may take taller ones down first
    images = pictures(2, channels, height, width)
    assert np.array_equal(pixelate(images, (share,), NO_DRAWS).numpy(), pillow_pixelate(images, share))


def test_pixelate_by_hand() -> None:
    image = torch.tensor([[10, 20, 0, 3], [30, 41, 0, 0]], dtype=torch.uint8)[None, None]
    # Across first, each mean rounded up at the half: (15, 2) and (36, 0), from 15, 1.5, 35.5 and 0; then down.
    assert pixelate(image, (0.5,), NO_DRAWS).tolist() == [[[[26, 26, 1, 1], [26, 26, 1, 1]]]]


@pytest.mark.parametrize("name", ["pixelate", "jpeg_compression"])
def test_grey_images_of_one_value_stay_near_it(name: str) -> None:
    for value in range(0, 256, 5):
        difference = corrupt(flat(value, 1), name, 5).int() - value
        assert difference.abs().max() <= (0 if name == "pixelate" else 1)
