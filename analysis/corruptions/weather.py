"""Weather: what hangs or falls between the camera and the scene."""

from torch import Tensor

from analysis.corruptions import compiled
from analysis.corruptions.compiled import fog as loops
from analysis.corruptions.corruption import Corruption, Row
from analysis.corruptions.pixels import NUDGE, cut
from analysis.corruptions.random import Draws

FIRST_ROUGHNESS = 100.0


def fog(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """A plasma cloud is added and the image scaled back, M its brightest value: (x + amount cloud) M / (M + amount)."""
    amount, decay = parameters
    height, width = images.shape[-2:]
    if compiled.usable(images):
        levels = _levels(max(height, width), decay)
        return loops.fogged(images, draws.words(4 ** len(levels)), amount, levels, NUDGE)
    cloud = plasma(draws, max(height, width), decay)[:, None, :height, :width]
    brightest = images.amax(dim=(1, 2, 3), keepdim=True).float() / 255
    values = images.float().add_(cloud, alpha=255 * amount)
    return cut(values.mul_(brightest / (brightest + amount)))


def plasma(draws: Draws, size: int, decay: float) -> Tensor:
    """Random clouds in [0, 1] by the diamond-square algorithm: float32 [N, side, side], side = 2^k >= size.

    Fournier, Fussell & Carpenter, "Computer rendering of stochastic models" (1982). The map wraps around. Each new
    height is the mean of its four neighbours plus w U(-w, w), where the roughness w starts at 100 and is divided by
    `decay` from level to level; at last the whole map is scaled to [0, 1].
    """
    levels, count = _levels(size, decay), len(draws.keys)
    # Images come last, so that every step below works on long contiguous rows.
    uniform = draws.uniform(4 ** len(levels)).T.contiguous()
    heights = uniform.new_zeros(1, 1, count)
    used = 0
    for roughness in levels:
        n = len(heights)
        heights = _finer(heights, uniform[used : used + 3 * n * n].view(3, n, n, count) * roughness)
        used += 3 * n * n
    heights -= heights.amin(dim=(0, 1))
    heights /= heights.amax(dim=(0, 1))
    return heights.permute(2, 0, 1).contiguous()


def _levels(size: int, decay: float) -> list[float]:
    """w^2 of each level, from the coarsest to that of a map of 2^k >= size pixels."""
    found, roughness = [], FIRST_ROUGHNESS
    for _ in range(max(size - 1, 1).bit_length()):
        found.append(roughness**2)
        roughness /= decay
    return found


def _finer(corners: Tensor, shifts: Tensor) -> Tensor:
    """Double the resolution of [n, n, N]: the middle of each square, then the middle of each edge."""
    n, _, count = corners.shape
    across, down = corners + corners.roll(-1, 1), corners + corners.roll(-1, 0)
    middles = (across + across.roll(-1, 0)).mul_(0.25).add_(shifts[0])
    tops = (across + middles + middles.roll(1, 0)).mul_(0.25).add_(shifts[1])
    lefts = (down + middles + middles.roll(1, 1)).mul_(0.25).add_(shifts[2])
    finer = corners.new_empty(n, 2, n, 2, count)
    finer[:, 0, :, 0], finer[:, 1, :, 1] = corners, middles
    finer[:, 0, :, 1], finer[:, 1, :, 0] = tops, lefts
    return finer.view(2 * n, 2 * n, count)


CORRUPTIONS = (
    Corruption(
        "fog",
        "Fog",
        "weather",
        fog,
        ("amount", "decay"),
        {
            32: ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)),
            64: ((0.4, 3), (0.7, 3), (1, 2.5), (1.5, 2), (2, 1.75)),
            224: ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)),
        },
        family="cifar_c",
    ),
)
