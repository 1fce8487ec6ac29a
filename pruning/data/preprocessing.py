"""How images of any size are brought to one: the shorter side to `resize` pixels, of which the middle `size` are taken.

That is what torchvision's weights are evaluated with, and it is pixel for pixel what their `transforms()` do.
A data set's name says it: ``folder:PATH:size=224``, ``folder:PATH:size=224:resize=232:interpolation=bicubic``, or
``folder:PATH:weights=ResNet50_Weights.IMAGENET1K_V2`` for what these expect, their mean and deviation included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

from pruning.errors import UserError, unknown

KEYS = ("size", "resize", "interpolation", "weights")
FORM = re.compile(r"(?::[a-z_]+=[^:/\\]*)+$")
RESIZED, CROPPED = 256, 224
"""The usual: images of 224 pixels come from those whose shorter side has 256."""
WAYS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
LARGEST = 4096

Values = tuple[float, ...]


@dataclass(frozen=True)
class Preprocessing:
    """What is done to each image.

    Attributes:
        size: pixels of a side of what is taken; 0 for images that stay as they are.
        resize: pixels of the shorter side before.
        interpolation: one of `WAYS`.
        weights: the weights of torchvision that expect it, by name; "" for none.
        mean, std: what these are given images normalised by, on the scale 0-1; () for the data set's own.
    """

    size: int = 0
    resize: int = 0
    interpolation: str = "bilinear"
    weights: str = ""
    mean: Values = ()
    std: Values = ()

    def __bool__(self) -> bool:
        return self.size > 0

    @property
    def key(self) -> str:
        """What decides the pixels, as text."""
        return f"size={self.size}:resize={self.resize}:{self.interpolation}" if self else "as they are"

    @property
    def words(self) -> str:
        """A sentence for people; "" for images that stay as they are."""
        if not self:
            return ""
        said = (
            f"Images are brought to {self.size}x{self.size} pixels: the shorter side to {self.resize} "
            f"({self.interpolation}), of which the middle is taken"
        )
        if not self.weights:
            return f"{said}."
        normalised = f"mean {list(self.mean)}, deviation {list(self.std)}"
        return f"{said}; so do the transforms() of {self.weights}, with {normalised}."

    def apply(self, image: Image.Image) -> Image.Image:
        """One image, grey or RGB, brought to the size."""
        if not self:
            return image
        image = self._resized(image)
        left, top = (round((length - self.size) / 2.0) for length in image.size)
        return image.crop((left, top, left + self.size, top + self.size))

    def _resized(self, image: Image.Image) -> Image.Image:
        short, long = sorted(image.size)
        if short == self.resize:
            return image
        longer = int(self.resize * long / short)
        width, height = (self.resize, longer) if image.width <= image.height else (longer, self.resize)
        return image.resize((width, height), WAYS[self.interpolation])


def parted(name: str) -> tuple[str, str]:
    """A data set's name without what it says of the size, and that: "" where it says nothing."""
    found = FORM.search(name)
    return (name[: found.start()], found[0]) if found else (name, "")


def preprocessing_of(name: str) -> Preprocessing:
    """What a data set's name says is done to its images.

    Raises:
        UserError: it says something that cannot be done.
    """
    return _read(parted(name)[1], name)


@lru_cache(maxsize=64)
def _read(said: str, name: str) -> Preprocessing:
    if "[" in said:
        raise no_classes(name)
    options: dict[str, str] = {}
    for part in filter(None, said.split(":")):
        key, _, value = part.partition("=")
        if key not in KEYS:
            raise unknown("option of a folder of images", key, KEYS)
        if key in options:
            raise UserError(f"The data set '{name}' says {key} twice.")
        options[key] = value
    if "weights" in options:
        if len(options) > 1:
            raise UserError(f"The data set '{name}' says weights=, which decide the size; leave the rest out.")
        return of_weights(options["weights"])
    return _of_options(options, name) if options else Preprocessing()


def no_classes(name: str) -> UserError:
    """The error of a name that takes some classes of images in a folder."""
    return UserError(
        f"The data set '{name}' takes classes of images in a folder, which cannot be done; give a folder that has "
        "these classes alone (links to their folders will do)."
    )


def _of_options(options: dict[str, str], name: str) -> Preprocessing:
    if "size" not in options:
        raise UserError(f"The data set '{name}' should say the size of its images too, as :size=224.")
    size = _pixels(options["size"], "size", name)
    resize = _pixels(options["resize"], "resize", name) if "resize" in options else of_size(size).resize
    if resize < size:
        raise UserError(
            f"The data set '{name}' takes {size} pixels of a shorter side of {resize}; make resize {size} or more."
        )
    way = options.get("interpolation", "bilinear")
    if way not in WAYS:
        raise unknown("interpolation", way, WAYS)
    return Preprocessing(size, resize, way)


def of_size(size: int) -> Preprocessing:
    """The usual for images of so many pixels: of 224, those whose shorter side has 256."""
    return Preprocessing(size, round(size * RESIZED / CROPPED))


def _pixels(text: str, key: str, name: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST:
        raise UserError(f"The data set '{name}' says {key}={text}; that is to be pixels, from 1 to {LARGEST}.")
    return int(text)


def of_weights(name: str) -> Preprocessing:
    """What torchvision's weights of that name expect, such as ``ResNet50_Weights.IMAGENET1K_V2``.

    Raises:
        UserError: there are none of that name, or they are for no classifier of images.
    """
    from torchvision.models import get_weight
    from torchvision.transforms._presets import ImageClassification

    try:
        weights = get_weight(name)
    except (ValueError, AttributeError, KeyError):
        raise UserError(
            f"torchvision has no weights '{name}'; write them as ResNet50_Weights.IMAGENET1K_V2, after weights=."
        ) from None
    own = f"{type(weights).__name__}.{weights.name}"
    if own != name:
        raise UserError(f"Write weights={own}: what '{name}' is changes with torchvision's versions.")
    made = weights.transforms()
    if not isinstance(made, ImageClassification):
        raise UserError(f"The weights {name} are for no classifier of images, so that they say no size.")
    (size,), (resize,) = made.crop_size, made.resize_size
    return Preprocessing(size, resize, made.interpolation.value, name, tuple(made.mean), tuple(made.std))
