"""Arrays of images and labels, as people have them, in the form that a data set has them in."""

import hashlib
from collections.abc import Sequence
from math import isfinite
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from pruning.errors import UserError

Layout = Literal["NCHW", "NHWC"]
TEST_SHARE = 0.2
WHOLE = torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64
CHANNELS = 4  # no more dimensions than so many are taken for channels, where nothing is said


def image_bytes(
    images: Any, layout: Layout | None = None, mean: Sequence[float] | None = None, std: Sequence[float] | None = None
) -> Tensor:
    """Return images as uint8 [N, C, H, W].

    Args:
        images: a tensor or an array: whole numbers from 0 to 255, or floating in [0, 1]; grey ones may be [N, H, W].
        layout: which dimension is which; None where the place of up to 4 channels tells.
        mean: what floating images were normalised by, a value a channel; undone.
        std: the same.

    Raises:
        UserError: they are no such images, or the layout is not clear.
    """
    if layout not in (None, *get_args(Layout)):
        raise UserError(f'`layout` is "NCHW" or "NHWC", or left out, and not {layout!r}.')
    found = _numbers(images)
    if found.ndim == 3:
        found, layout = found[:, None], "NCHW"
    if found.ndim != 4 or not found.numel():
        raise UserError(f"Images are to be [N, C, H, W], [N, H, W, C] or [N, H, W], not {list(found.shape)}.")
    if (layout or _told(found.shape)) == "NHWC":
        found = found.permute(0, 3, 1, 2)
    if mean is not None and std is not None:
        mean, std = checked_normalisation((mean, std), found.shape[1])
        found = found * _a_channel(std, found) + _a_channel(mean, found)
        found = (
            found.clamp(0, 1) if bool(((found > -0.002) & (found < 1.002)).all()) else found
        )  # less than half a level
    return _levels(found).contiguous()


def _numbers(images: Any) -> Tensor:
    """Images as a tensor of numbers that can be compared and reckoned with."""
    sizes = (
        dict.fromkeys(tuple(getattr(each, "shape", ())) for each in images) if isinstance(images, list | tuple) else ()
    )
    if len(sizes) > 1:
        told = " and ".join("x".join(map(str, size)) for size in list(sizes)[:2])
        raise UserError(f"The images are of different sizes, {told}; bring them to one.")
    try:
        found = torch.stack(list(images)) if _is_tensors(images) else torch.as_tensor(images)
        found = found.detach().to_dense()
        if found.dtype.is_complex or found.device.type == "meta":
            raise TypeError
        return found if found.is_floating_point() or found.dtype in WHOLE else found.to(torch.int64)
    except (TypeError, ValueError, RuntimeError, NotImplementedError):
        kind = getattr(images, "dtype", None)
        said = f"of {str(kind).removeprefix('torch.')}" if kind is not None else f"a {type(images).__name__}"
        raise UserError(f"Images are to be a tensor or an array of whole or floating numbers, not {said}.") from None


def _a_channel(values: Sequence[float], images: Tensor) -> Tensor:
    return torch.tensor(values, device=images.device).view(1, -1, 1, 1)


def _is_tensors(images: Any) -> bool:
    return isinstance(images, list | tuple) and bool(images) and all(isinstance(each, Tensor) for each in images)


def checked_normalisation(given: Any, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation as numbers, a value a channel or one for all.

    Raises:
        UserError: they are no such pair, there are more or fewer values, one is not finite, or a deviation not above 0.
    """
    try:
        mean, std = (tuple(map(float, values)) for values in given)
    except (TypeError, ValueError):
        raise UserError(
            "The normalisation is to be a mean and a standard deviation, each a number a channel or one for all, such "
            f"as ((0.5,), (0.25,)), not {str(given)[:60]}."
        ) from None
    for what, values in (("mean", mean), ("standard deviation", std)):
        if len(values) not in (1, channels):
            raise UserError(
                f"The {what} of the normalisation has {len(values)} values, and the images have {channels} channels."
            )
        strange = next((each for each in values if not isfinite(each) or (what != "mean" and each <= 0)), None)
        if strange is not None:
            above = "" if what == "mean" else " above 0"
            raise UserError(f"The {what} of the normalisation is to be of finite numbers{above}, not {strange:g}.")
    return mean, std


def _told(shape: torch.Size) -> Layout:
    first, last = shape[1] <= CHANNELS, shape[3] <= CHANNELS
    if first == last:
        raise UserError(f'Images of {list(shape)} may be [N, C, H, W] or [N, H, W, C]; say which, as layout="NCHW".')
    return "NCHW" if first else "NHWC"


def _levels(images: Tensor) -> Tensor:
    low, high = float(images.min()), float(images.max())
    if images.is_floating_point():
        if not (low >= 0 and high <= 1):  # also where there is a NaN
            raise UserError(
                f"Floating images are to lie in 0 to 1, not {low:.3g} to {high:.3g}; of normalised ones say by what: "
                "mean=(0.5,), std=(0.5,)."
            )
        return (images * 255).round().to(torch.uint8)
    if images.dtype == torch.bool:
        return images.to(torch.uint8) * 255
    if low < 0 or high > 255:
        raise UserError(f"Images of whole numbers are to lie in 0 to 255, not {low:g} to {high:g}.")
    return images.to(torch.uint8)


def class_numbers(
    parts: Sequence[Any], counts: Sequence[int], classes: Sequence[str] | None
) -> tuple[list[Tensor], tuple[str, ...]]:
    """Return the labels of parts as int64 [N], and the names of the classes: their numbers where nothing is known.

    Args:
        parts: the labels of each: whole numbers from 0, or names.
        counts: how many there are to be.
        classes: the names; labels that are names are numbered in their order, or else in that of the alphabet.

    Raises:
        UserError: there are more or fewer, or one names no class.
    """
    whole = joined([label_array(each, images) for each, images in zip(parts, counts, strict=True)])
    if whole.dtype.kind in "USO":
        whole, classes = _numbered([str(name) for name in whole], classes)
    if whole.dtype.kind not in "iu" or whole.min() < 0:
        raise UserError("Labels are to be whole numbers from 0, or the names of classes.")
    names = tuple(map(str, range(int(whole.max()) + 1) if classes is None else classes))
    if int(whole.max()) >= len(names):
        raise UserError(f"Label {int(whole.max())} names no class: there are {len(names)}, numbered from 0.")
    return list(torch.from_numpy(whole.astype(np.int64)).split(list(counts))), names


def label_array(labels: Any, images: int) -> np.ndarray:
    """Return the labels of so many images, [N]: numbers or names.

    Raises:
        UserError: there are more or fewer.
    """
    try:
        array = labels.detach().cpu().numpy() if isinstance(labels, Tensor) else np.asarray(labels)
    except (TypeError, ValueError, RuntimeError):
        raise UserError("Labels are to be whole numbers from 0, or the names of classes.") from None
    if array.ndim != 1 or len(array) != images:
        there = f"not {list(array.shape)}" if array.ndim else "not a single one"
        raise UserError(f"There is to be one label for each of {images} images, {there}.")
    return array


def joined(labels: Sequence[np.ndarray]) -> np.ndarray:
    """Return the labels of several parts as one array.

    Raises:
        UserError: some are numbers, others names.
    """
    if len({each.dtype.kind in "USO" for each in labels}) > 1:
        raise UserError("Labels are to be whole numbers from 0, or the names of classes, and not some of each.")
    return np.concatenate(labels)


def _numbered(labels: list[str], classes: Sequence[str] | None) -> tuple[np.ndarray, list[str]]:
    names = sorted(set(labels)) if classes is None else list(classes)
    places = {name: place for place, name in enumerate(names)}
    strange = next((name for name in labels if name not in places), None)
    if strange is not None:
        raise UserError(f"The label '{strange}' is none of the classes {', '.join(names)}.")
    return np.array([places[name] for name in labels]), names


def split_by_content(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers (train, test): of each class the fifth whose SHA-256 is lowest is for testing.

    The hash of its pixels alone decides where an image goes and in which order, so the split is the same with every
    version of every library, whatever the order of the rows, and the classes lie well mixed.
    """
    hashes = [hashlib.sha256(image.tobytes()).digest() for image in images]
    order = np.array(sorted(range(len(images)), key=lambda row: hashes[row]))
    in_test = np.zeros(len(images), dtype=bool)
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        in_test[rows[: round(TEST_SHARE * len(rows))]] = True
    return order[~in_test[order]], order[in_test[order]]
