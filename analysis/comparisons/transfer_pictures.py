"""What a transfer looks like: which class stands for which, and a prompt around pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from analysis.statistics.intervals import wilson
from analysis.transfer.prompt import Frame

MOST = 24
"""Classes of the network that are shown beside those that were chosen."""


@dataclass(frozen=True, eq=False)
class Mapping:
    """Which class of a network stands for which of a target.

    Attributes:
        sources: int [S], the classes of the network that are shown, rising.
        shares: float [S, T], of each class of the target the share of its training images that are predicted as the
            network's; each column sums to 1 where all sources are shown.
        chosen: int [T], the class of the network that stands for each of the target's.
        met: how many of the target's training images are predicted as the class that stands for theirs.
        images: how many there are.
    """

    sources: np.ndarray
    shares: np.ndarray
    chosen: np.ndarray
    met: int
    images: int

    @property
    def rings(self) -> list[tuple[int, int]]:
        """Row and column of each chosen cell."""
        rows = {int(source): row for row, source in enumerate(self.sources)}
        return [(rows[int(source)], target) for target, source in enumerate(self.chosen)]

    @property
    def covered(self) -> tuple[float, float, float]:
        """The share of the target's training images predicted as the class that stands for theirs, low and high.

        Wilson's 95 % interval over the images: of this network and mapping, as both were fitted to these images.
        """
        low, high = map(float, wilson(self.met, self.images))
        return self.met / self.images, low, high


def mapping(rows: pd.DataFrame, sources: int, most: int = MOST) -> Mapping:
    """The mapping of one ticket, way and budget.

    Args:
        rows: of the table `transfer_mapping`, not empty.
        sources: classes of the network.
        most: so many classes at most, the most often predicted, are shown beside the chosen ones.
    """
    counts = np.zeros((sources, int(rows["target"].max()) + 1))
    counts[rows["source"], rows["target"]] = rows["count"]
    chosen = rows[rows["chosen"]].sort_values("target")["source"].to_numpy()
    often = np.argsort(-counts.sum(axis=1), kind="stable")[: max(most - len(chosen), 0)]
    shown = np.arange(sources) if sources <= most else np.union1d(chosen, often)
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    met = int(counts[chosen, np.arange(len(chosen))].sum())
    return Mapping(shown, shares[shown], chosen, met, int(counts.sum()))


def around(prompt: pd.Series, shape: tuple[int, int, int], images: torch.Tensor | None = None) -> np.ndarray:
    """A prompt around pictures, as the network sees them, uint8 [N, C, H, W]; without pictures black inside, N = 1.

    Args:
        prompt: a row of the table `transfer_prompt`.
        shape: of the network's input.
        images: of the target, uint8 [N, C, H, W].
    """
    border = np.frombuffer(prompt["pixels"], dtype=np.uint8).reshape(1, *shape)
    if images is None:
        return border.copy()
    found = border.repeat(len(images), axis=0)
    top, left, height, width = (int(prompt[name]) for name in ("top", "left", "height", "width"))
    pictures = Frame(shape, (height, width)).fitted(images)
    found[:, :, top : top + height, left : left + width] = pictures.numpy()
    return found


def examples(labels: np.ndarray, classes: int) -> list[int]:
    """The first image of each class, -1 where there is none."""
    found = [np.flatnonzero(labels == label) for label in range(classes)]
    return [int(rows[0]) if rows.size else -1 for rows in found]


def brightness(prompt: pd.Series, shape: tuple[int, int, int]) -> float:
    """The mean brightness of a prompt's border, 0 (black) to 1, as for `around`."""
    inner = shape[0] * int(prompt["height"]) * int(prompt["width"])
    pixels = np.frombuffer(prompt["pixels"], dtype=np.uint8)
    return float(pixels.sum(dtype=np.int64) / max(pixels.size - inner, 1) / 255)
