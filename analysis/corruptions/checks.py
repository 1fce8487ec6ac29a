"""What every way to corrupt images asks of its arguments."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.corruption import SEVERITIES
from analysis.corruptions.registry import severities_of
from pruning.errors import UserError


def check_severity(severity: int, name: str | None = None) -> None:
    """Raises UserError unless the severity is a whole number from 1 to 5, and one that the named corruption has."""
    if not isinstance(severity, Integral) or isinstance(severity, bool) or severity not in SEVERITIES:
        raise UserError(f"Severity {severity!r} does not exist: it is a whole number from 1 to 5.")
    if name is not None and severity not in severities_of(name):
        raise UserError(f"Severity {severity} of '{name}' does not exist: it has only {_listed(severities_of(name))}.")


def _listed(severities: Sequence[int]) -> str:
    return "severity 1" if len(severities) == 1 else f"severities 1 to {severities[-1]}"


def check_images(images: Tensor) -> None:
    """Raises UserError unless the images are bytes [N, C, H, W] with C = 1 or 3."""
    if not isinstance(images, Tensor):
        raise UserError(f"Images to corrupt must be a torch tensor of bytes [N, C, H, W], not {type(images).__name__}.")
    if images.dtype != torch.uint8:
        raise UserError(f"Images to corrupt must be bytes (torch.uint8, 0 to 255), not {images.dtype}.")
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not all(images.shape[2:]):
        raise UserError(f"Images to corrupt must be [N, C, H, W] with 1 or 3 channels, not {list(images.shape)}.")


def indices_of(index: Tensor | np.ndarray | Sequence[int] | None, images: Tensor) -> Tensor:
    """The images' places in the data set, int64 [N] on their device: `index`, else 0 to N - 1.

    Raises UserError unless there is one whole number for each image.
    """
    if index is None:
        return torch.arange(len(images), device=images.device)
    indices = torch.as_tensor(index)
    if indices.dtype.is_floating_point or indices.dtype == torch.bool or indices.shape != images.shape[:1]:
        raise UserError(
            f"There must be one whole number as index for each of the {len(images)} images to corrupt, not "
            f"{list(indices.shape)} of {indices.dtype}."
        )
    return indices.to(images.device, torch.int64)
