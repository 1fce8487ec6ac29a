"""Images in the forms that people have them in, as bytes [N, C, H, W], and back: the same type, layout and range."""

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pruning.errors import UserError

Layout = Literal["NCHW", "NHWC", "CHW", "HWC"]
CHANNELS = (1, 3)
MODES = ("L", "RGB")


def as_bytes(images: Any, layout: Layout | None = None) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """Give images as uint8 [N, C, H, W], and what turns such bytes into the form that they came in.

    Args:
        images: a torch tensor, a numpy array or a PIL image; uint8, or floating in [0, 1], which is rounded to bytes.
        layout: which dimension is which; None where the places of 1 or 3 channels tell. Four dimensions of a torch
            tensor are [N, C, H, W] where that fits.

    Raises:
        UserError: it is none of these, has other values or channels, or the layout is not clear.
    """
    if isinstance(images, Image.Image):
        if images.mode not in MODES:
            raise UserError(f"The picture is of mode {images.mode}; make it one of {' or '.join(MODES)} by `convert`.")
        grey = images.mode == "L"
        found, back = as_bytes(np.asarray(images)[..., None] if grey else np.asarray(images), "HWC")
        return found, lambda corrupted: Image.fromarray(back(corrupted)[..., 0] if grey else back(corrupted))
    if isinstance(images, np.ndarray):
        found, back = as_bytes(torch.from_numpy(np.array(images)), layout or _told(images.shape, ()))
        return found, lambda corrupted: np.ascontiguousarray(back(corrupted).numpy())
    if not isinstance(images, Tensor):
        raise UserError(
            f"Images to corrupt must be a torch tensor, a numpy array or a PIL image, not {type(images).__name__}."
        )
    arranged = layout or _told(tuple(images.shape), ("NCHW",))
    _check_layout(arranged, tuple(images.shape))
    levels, dtype = _levels(images), images.dtype
    whole = levels if len(arranged) == 4 else levels[None]
    channels_last = arranged.endswith("C")

    def back_again(corrupted: Tensor) -> Tensor:
        arrayed = corrupted.permute(0, 2, 3, 1) if channels_last else corrupted
        one = arrayed if len(arranged) == 4 else arrayed[0]
        return one if dtype == torch.uint8 else (one.to(torch.float64) / 255).to(dtype)

    return (whole.permute(0, 3, 1, 2) if channels_last else whole).contiguous(), back_again


def _told(shape: tuple[int, ...], preferred: tuple[Layout, ...]) -> Layout:
    """The one layout that the shape allows, or the first preferred one of them."""
    allowed = [name for name in get_args(Layout) if len(name) == len(shape) and shape[name.index("C")] in CHANNELS]
    favoured = [name for name in preferred if name in allowed]
    if len(allowed) != 1 and not favoured:
        what = "may be " + " or ".join(allowed) if allowed else "have 1 or 3 channels nowhere"
        raise UserError(f'Images of shape {list(shape)} {what}; say which, as layout="NCHW".')
    return favoured[0] if favoured else allowed[0]


def _check_layout(layout: str, shape: tuple[int, ...]) -> None:
    if layout not in get_args(Layout):
        raise UserError(f"Layout {layout!r} is not known; there are {', '.join(get_args(Layout))}.")
    if len(layout) != len(shape) or shape[layout.index("C")] not in CHANNELS:
        raise UserError(f"Images to corrupt must be {layout} with 1 or 3 channels, not {list(shape)}.")


def _levels(images: Tensor) -> Tensor:
    """The images as bytes, in their own shape."""
    if images.dtype == torch.uint8:
        return images
    if not images.is_floating_point():
        name = str(images.dtype).removeprefix("torch.")
        raise UserError(f"Images to corrupt must be bytes (uint8, 0 to 255) or floating in 0 to 1, not {name}.")
    if images.numel() and not (float(images.min()) >= 0 and float(images.max()) <= 1):  # also where there is a NaN
        low, high = float(images.min()), float(images.max())
        raise UserError(
            f"Floating images to corrupt must lie in 0 to 1, not {low:.3g} to {high:.3g}: corrupt them before they are "
            "normalised."
        )
    return (images * 255).round().to(torch.uint8)
