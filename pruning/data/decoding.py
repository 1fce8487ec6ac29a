"""Image files decoded to pixels of one shape, and a sentence for those that cannot be."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from PIL import Image

from pruning.data.preprocessing import Preprocessing
from pruning.errors import UserError
from pruning.execution import cores

GREY = ("1", "L", "LA", "La")  # Pillow's modes with one channel of at most 8 bits, and transparency
PALETTES = ("P", "PA")
DEEP = ("I", "F")  # first letters of its modes with more than 8 bits a channel; of others it keeps the highest 8
BITS_PER_SAMPLE = 258  # of TIFF
THREADS = 16
"""Threads at most; Pillow decodes and resizes beside other threads."""
LEVELS = 256
NAMED = 3
"""Files that cannot be read are all looked for, and so many of them named."""


class Decoded(NamedTuple):
    """What files gave: uint8 [N, C, H, W], and how often each level is there, int64 [C, 256]."""

    pixels: np.ndarray
    levels: np.ndarray


class Unreadable(Exception):
    """A file that cannot be read; `sentence` says which and why."""

    def __init__(self, file: str, error: Exception) -> None:
        text = str(error)
        reason = (
            "it is not an image"
            if "cannot identify" in text
            else "it is gone"
            if isinstance(error, FileNotFoundError)
            else text.rstrip(".") or "it is damaged"
        )
        super().__init__(f"The image {file} cannot be read ({reason}); replace or remove it.")
        self.file = file


def refuse(unreadable: Sequence[Unreadable]) -> None:
    """Raise UserError where files could not be read: one sentence for all of them."""
    if len(unreadable) == 1:
        raise UserError(str(unreadable[0])) from unreadable[0]
    if unreadable:
        named = ", ".join(each.file for each in unreadable[:NAMED])
        more = f" and {len(unreadable) - NAMED:,} more" if len(unreadable) > NAMED else ""
        raise UserError(
            f"{len(unreadable):,} images cannot be read ({named}{more}); replace or remove them."
        ) from unreadable[0]


def threads() -> int:
    """How many threads decode."""
    return min(cores(), THREADS)


def common_shape(files: Sequence[str], preprocessing: Preprocessing) -> tuple[int, int, int]:
    """(channels, height, width) of images, from the files' headers: one channel where all are grey.

    Raises:
        UserError: they differ in size and nothing brings them to one, have more than 8 bits, or cannot be read.
    """
    with ThreadPoolExecutor(threads()) as pool:
        headers = [
            each
            for part in pool.map(_headers, [files[at : at + 256] for at in range(0, len(files), 256)])
            for each in part
        ]
    refuse([each for each in headers if isinstance(each, Unreadable)])
    found = [each for each in headers if not isinstance(each, Unreadable)]
    channels = 1 if all(grey for _, grey in found) and not preprocessing.weights else 3
    if preprocessing:
        return channels, preprocessing.size, preprocessing.size
    first = found[0][0]
    for file, (size, _) in zip(files, found, strict=True):
        if size != first:
            raise UserError(
                f"The images differ in size: {files[0]} is {first[0]}x{first[1]} and {file} is {size[0]}x{size[1]} "
                "pixels; bring all to one size, as by :size=224 after the folder."
            )
    return channels, first[1], first[0]


Header = tuple[tuple[int, int], bool]
"""The size of an image, and whether it is grey."""


def _headers(files: Iterable[str]) -> list[Header | Unreadable]:
    return [_header(file) for file in files]


def _header(file: str) -> Header | Unreadable:
    try:
        with Image.open(file) as image:
            _refuse_deep(image)
            return image.size, image.mode in GREY or (image.mode in PALETTES and _is_grey(image))
    except Exception as error:  # decoders of damaged files raise whatever they stumble over
        return Unreadable(file, error)


def _refuse_deep(image: Image.Image) -> None:
    """Raise ValueError for more than 8 bits a channel; of colours in JPEG 2000 and AVIF Pillow does not know them."""
    how = next((tile[3] for tile in getattr(image, "tile", ())), "")
    deep = image.mode.startswith(DEEP)
    if image.format == "PNG":
        deep = deep or str(how).endswith(";16B")
    elif image.format == "PPM":
        deep = deep or (isinstance(how, tuple) and how[1] >= LEVELS)
    elif image.format == "TIFF":
        deep = deep or max(getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE, (1,))) > 8
    if deep:
        raise ValueError("it has more than 8 bits a channel, convert it to 8")


def _is_grey(image: Image.Image) -> bool:
    """Whether all colours of an image's palette are grey, or all that it uses."""
    colours = image.getpalette() or [0, 0, 1]
    coloured = {place for place in range(len(colours) // 3) if len({*colours[3 * place : 3 * place + 3]}) > 1}
    if not coloured or image.mode != "P":
        return not coloured
    try:
        used = image.getcolors(256) or []
    # What is wrong with the file is said when it is decoded
    except Exception:
        return False
    return coloured.isdisjoint(place for _, place in used)


def decode(
    files: Sequence[str], shape: tuple[int, int, int], preprocessing: Preprocessing
) -> Decoded | list[Unreadable]:
    """Decode files; or say which of them cannot be read."""
    pixels = np.zeros((len(files), *shape), dtype=np.uint8)
    levels = np.zeros((shape[0], LEVELS), dtype=np.int64)
    unreadable = []
    for row, file in enumerate(files):
        try:
            image = preprocessing.apply(converted(file, shape[0]))
            pixels[row] = np.asarray(image).reshape(*shape[1:], shape[0]).transpose(2, 0, 1)
            levels += np.reshape(image.histogram(), levels.shape)
        except Exception as error:  # decoders of damaged files raise whatever they stumble over
            unreadable.append(Unreadable(file, error))
    return unreadable or Decoded(pixels, levels)


def converted(file: str, channels: int) -> Image.Image:
    """An image as grey or RGB; transparency is dropped."""
    with Image.open(file) as image:
        _refuse_deep(image)
        # A palette goes to "L" by weights of its colours that add up to less than 1 after rounding
        opened = image.convert("RGB") if image.mode in PALETTES else image
        found = opened.getchannel(0) if channels == 1 and opened.mode == "RGB" else opened
        return found.convert("L" if channels == 1 else "RGB")
