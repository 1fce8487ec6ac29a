"""Frost from the user's own photographs in place of the grown textures, as CIFAR-10-C was made.

A photograph is scaled first, so that its crystals suit the images: to a fifth of its size for images of up to 45
pixels, in proportion to the size of larger ones, which leaves it as it is for 224. As published it is read between its
pixels there, without smoothing. Each image gets a random crop of a random photograph; images of one channel, its
brightness.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from analysis.corruptions.corruption import Row
from analysis.corruptions.pixels import cut
from analysis.corruptions.random import WORDS, Draws
from pruning.data.folder_files import SUFFIXES
from pruning.errors import UserError
from pruning.files import user_path

SMALL = 0.2
"""What photographs are scaled by for small images, and the size from which on the scale grows."""
GROWS_FROM = 224 * SMALL
GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True, eq=False)
class Photographs:
    """Pictures of frost, to be given to `corrupt` as its `frost`.

    Attributes:
        folder: where they are from. names: the files, in the order of their names.
        pixels: uint8 [3, H, W] each, of any size, on the CPU.
    """

    folder: Path
    names: tuple[str, ...]
    pixels: tuple[Tensor, ...]

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """All pictures in a folder. Raises UserError when there is none, or one that cannot be read."""
        folder = user_path(folder)
        if not folder.is_dir():
            raise UserError(f"There is no folder {folder} to take photographs of frost from.")
        files = sorted(
            file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
        )
        if not files:
            raise UserError(f"The folder {folder} holds no photographs of frost; put PNG or JPEG files there.")
        return cls(folder, tuple(file.name for file in files), tuple(_read(file) for file in files))

    def check(self, height: int, width: int) -> None:
        """Raises UserError unless each photograph is large enough for images of that size."""
        scale = scale_for(height, width)
        for name, pixels in zip(self.names, self.pixels, strict=True):
            high, wide = pixels.shape[1:]
            if int(high * scale) < height or int(wide * scale) < width:
                raise UserError(
                    f"The photograph {self.folder / name} is too small: it is {wide}x{high} pixels, and frost on "
                    f"images of {width}x{height} needs at least {_needed(width, scale)}x{_needed(height, scale)}."
                )

    def over(self, images: Tensor, parameters: Row, draws: Draws) -> Tensor:
        """image_weight x + frost_weight times a crop: uint8 [N, C, H, W], same shape."""
        image_weight, frost_weight = parameters
        height, width = images.shape[2:]
        self.check(height, width)
        scaled = _scaled(self, scale_for(height, width), images.shape[1], images.device)
        words = draws.words(3).to(torch.int64)
        which = words[:, 0] * len(scaled) // WORDS
        result = torch.empty_like(images)
        for choice, ice in enumerate(scaled):
            these = (which == choice).nonzero()[:, 0]
            crops = ice.unfold(1, height, 1).unfold(2, width, 1)
            top, left = (words[these, 1 + axis] * crops.shape[1 + axis] // WORDS for axis in (0, 1))
            frost = crops[:, top, left].transpose(0, 1)
            result[these] = cut(images[these].float().mul_(image_weight).add_(frost, alpha=frost_weight))
        return result


def scale_for(height: int, width: int) -> float:
    """What photographs are scaled by for images of that size."""
    return SMALL * max(1.0, min(height, width) / GROWS_FROM)


def _needed(size: int, scale: float) -> int:
    """The fewest pixels that give `size` when they are scaled."""
    return next(pixels for pixels in range(int(size / scale), int(size / scale) + 3) if int(pixels * scale) >= size)


@lru_cache(maxsize=4)
def _scaled(photographs: Photographs, scale: float, channels: int, device: torch.device) -> tuple[Tensor, ...]:
    """The photographs as they are cropped from, uint8 [C, h, w] each."""
    found = []
    for pixels in photographs.pixels:
        values = pixels.double()
        if channels == 1:
            values = (values * torch.tensor(GREY, dtype=values.dtype)[:, None, None]).sum(dim=0, keepdim=True)
        small = F.interpolate(values[None], scale_factor=scale, mode="bilinear", recompute_scale_factor=False)[0]
        found.append(small.round().clamp(0, 255).to(torch.uint8).to(device))
    return tuple(found)


def _read(file: Path) -> Tensor:
    try:
        with Image.open(file) as image:
            pixels = np.array(image.convert("RGB"))
    # Decoders of damaged files raise whatever they stumble over.
    except Exception as error:
        raise UserError(f"The photograph {file} cannot be read; replace or remove it.") from error
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()
