"""Features of the Inception network that FID is made of (Heusel et al. 2017, arXiv 1706.08500), from a user's file.

The file is pytorch-fid's and torchmetrics', ``pt_inception-2015-12-05-6726825d.pth``: weights of the network of 2015,
which is torchvision's Inception V3 with another pooling and 1,008 classes. Nothing in it is unpickled.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning.checkpoints.reader import read
from pruning.errors import UserError

Resizing = Literal["bilinear", "bicubic"]
Features = Callable[[Tensor], Tensor]
"""Images float32 [N, C, H, W] in [0, 1] -> features float32 [N, 2048], on the CPU."""

SIZE = 299  # pixels a side
FEATURES = 2048
MACS = 5_700_000_000  # an image
BATCH = 32
CLASSES = 1008
PUBLISHED = "6726825d"
"""What the SHA-256 of the published file begins with."""

LARGEST = 200_000_000  # bytes; the published file has 95 million
ADVICE = "give pytorch-fid's pt_inception-2015-12-05-6726825d.pth"
AVERAGING = ("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e", "Mixed_7b")


def inception(path: Path, resizing: Resizing, device: torch.device) -> Features:
    """What turns images into Inception's features, the means of its last maps.

    Images are rounded to 8 bits, as files hold them, and of grey ones all three channels are the same. They are resized
    to 299 x 299: ``bilinear`` without smoothing, as pytorch-fid does it; ``bicubic`` smoothed, as PIL and clean-fid do
    it (Parmar et al. 2022, arXiv 2104.11222).

    Raises:
        UserError: there is no such file, it cannot be read, or it is of another network.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path} with the weights of Inception, of which FID is made; {ADVICE}.")
    network = with_weights(path).to(device).eval()

    def features(images: Tensor) -> Tensor:
        with torch.inference_mode():
            parts = [network(resized(part.to(device), resizing)).float().cpu() for part in images.split(BATCH)]
            return torch.cat(parts)

    return features


def resized(images: Tensor, resizing: Resizing) -> Tensor:
    """Images float32 [N, C, H, W] in [0, 1], C 1 or 3, as Inception is shown them: [N, 3, 299, 299] in [-1, 1].

    Raises:
        UserError: they have other channels.
    """
    if images.shape[1] not in (1, 3):
        raise UserError(f"FID is of grey or of coloured images, and these have {images.shape[1]} channels.")
    levels = (255 * images).round().expand(-1, 3, -1, -1)
    shown = F.interpolate(levels, (SIZE, SIZE), mode=resizing, align_corners=False, antialias=resizing == "bicubic")
    return 2 * shown / 255 - 1


def fid_network() -> nn.Module:
    """Torchvision's Inception V3 as it was of 2015: other pooling within its blocks, 1,008 classes.

    Means do not count the zeros round an image, and the last block takes the largest value.
    """
    from torchvision.models import inception_v3  # takes seconds, which whoever measures without it need not wait

    network: nn.Module = inception_v3(weights=None, num_classes=CLASSES, aux_logits=False, init_weights=False)
    for name in AVERAGING:
        _pool(getattr(network, name), lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False))
    _pool(network.Mixed_7c, lambda x: F.max_pool2d(x, 3, 1, 1))
    return network


def _pool(block: Any, pool: Callable[[Tensor], Tensor]) -> None:
    """Let the last branch of a block pool in another way."""
    branches = block._forward
    block._forward = lambda x: [*branches(x)[:-1], block.branch_pool(pool(x))]


def with_weights(path: Path) -> nn.Module:
    """The network with a file's weights, without its last layer.

    Raises:
        UserError: the file cannot be read, or is of another network.
    """
    state, network = read(path).state, fid_network()
    own, given = _shapes(network.state_dict()), _shapes(state)
    if own != given:
        named = next(iter(sorted(own.keys() ^ given.keys())), None)
        reason = f"'{named}' is in one of the two alone" if named else "the shapes of its weights are others"
        raise UserError(f"{path} is not of the Inception network of FID ({reason}); {ADVICE}.")
    network.load_state_dict(state, strict=False)
    network.fc = nn.Identity()
    return network


def _shapes(state: dict[str, Tensor]) -> dict[str, torch.Size]:
    """Without counters of batches, which the published file lacks."""
    return {name: value.shape for name, value in state.items() if not name.endswith("num_batches_tracked")}


def digest(path: Path) -> str:
    """The first eight digits of the SHA-256 of a file of weights; "" where there is none, or none of such a size."""
    if not path.is_file():
        return ""
    there = path.stat()
    return _digest(path, there.st_size, there.st_mtime_ns) if there.st_size <= LARGEST else ""


@lru_cache(maxsize=8)
def _digest(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:8]
