"""A picture that the user brings along, as the rest of the project takes images."""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image, ImageOps

from pruning.errors import UserError

LARGEST = 224
"""Pixels along the longer side; the largest size for which severities are published."""
MOST_PIXELS = 100_000_000


def read_picture(data: bytes, name: str = "The file") -> tuple[np.ndarray, str]:
    """A PNG or JPEG file as pixels.

    Returns uint8 [C, H, W], C = 1 for grey and 3 for colour, and a sentence on what was done to it ("" for nothing).
    Raises UserError for what is no such file, or damaged, or has more than `MOST_PIXELS`.
    """
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as file:
            warnings.simplefilter("ignore")
            if file.width * file.height > MOST_PIXELS:
                raise UserError(f"{name} has more than {MOST_PIXELS // 10**6} million pixels; upload a smaller one.")
            picture = _plain(ImageOps.exif_transpose(file))
    except UserError:
        raise
    # Decoders of damaged files raise whatever they stumble over.
    except Exception as error:
        raise UserError(f"{name} cannot be read as a PNG or JPEG picture; upload another file.") from error
    if max(picture.size) <= LARGEST:
        return _pixels(picture), ""
    before, side = f"{picture.width}×{picture.height}", min(picture.size)
    picture = _square(picture, min(side, LARGEST))
    done = "cut to the square at its centre" if before != f"{side}×{side}" else ""
    done += (" and " if done and side > LARGEST else "") + (f"scaled to {LARGEST}×{LARGEST}" if side > LARGEST else "")
    return _pixels(picture), f"The picture of {before} pixels was {done}."


def fitted(image: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """An image, uint8 [C, H, W], cut at its centre to the proportions of `shape`, scaled to it, in grey or colour."""
    channels, height, width = shape
    picture = Image.fromarray(image[0] if image.shape[0] == 1 else np.ascontiguousarray(image.transpose(1, 2, 0)))
    picture = picture.convert("L" if channels == 1 else "RGB")
    return _pixels(ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS))


def _square(picture: Image.Image, side: int) -> Image.Image:
    """The square at the centre, scaled to `side`; cut first, so that nothing beside it bleeds in."""
    shorter = min(picture.size)
    left, top = (picture.width - shorter) // 2, (picture.height - shorter) // 2
    cut = picture.crop((left, top, left + shorter, top + shorter))
    return cut.resize((side, side), Image.Resampling.LANCZOS)


def _plain(picture: Image.Image) -> Image.Image:
    """Eight bits, grey or RGB; what is transparent lies on white."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        levels = np.asarray(picture, dtype=np.float64)
        return Image.fromarray((levels / 257).round().clip(0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        colour = picture.convert("RGBA")
        ground = Image.new("RGBA", colour.size, "white")
        flat = Image.alpha_composite(ground, colour).convert("RGB")
        return flat.convert("L") if picture.mode == "LA" else flat
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


def _pixels(picture: Image.Image) -> np.ndarray:
    pixels = np.asarray(picture)
    # A copy, as Pillow's own memory cannot be written to and torch wants memory that can.
    return (pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)).copy()
