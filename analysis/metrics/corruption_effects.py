"""What a corruption does to images, in figures: how far it moves them, how it changes their detail, what it costs.

The figures are those by which implementations of the same corruption can be compared without having the same noise.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from analysis.corruptions.conditions import Condition
from pruning.progress import Progress, quiet

SMALLEST_CHANGE = 0.01
"""Mean squared change, in grey levels, that an image counts as changed by at least: no PSNR is above 68.13 dB, lest the
few images that a corruption leaves alone decide the mean."""


@dataclass(frozen=True)
class Effect:
    """What one condition does to a set of images.

    Attributes:
        corruption, severity: the condition.
        mean_abs_diff, mean_diff: mean size of the change of a byte, and mean change, in grey levels.
        psnr_db: peak signal-to-noise ratio, 10 log10(255^2 / mean squared change), in dB: its mean over the images.
        gradient_energy_ratio: squared differences between neighbouring pixels, summed over everything, after by before.
        accuracy: share of the images that the network is right about, or None where there is none.
    """

    corruption: str
    severity: int
    mean_abs_diff: float
    mean_diff: float
    psnr_db: float
    gradient_energy_ratio: float
    accuracy: float | None = None


Corrupted = Callable[[slice, Condition], Tensor]
Predict = Callable[[Tensor], Tensor]


def effects(
    images: Tensor,
    labels: Tensor,
    conditions: Sequence[Condition],
    corrupted: Corrupted,
    predict: Predict | None = None,
    batch_size: int = 500,
    progress: Progress = quiet,
) -> Iterator[Effect]:
    """The effect of each condition in turn.

    Args:
        images: uint8 [N, C, H, W], clean.
        labels: int64 [N].
        conditions: what is measured, in this order.
        corrupted: (part of the images, condition) -> that part corrupted.
        predict: images -> classes int64 [N]; without it there is no accuracy.
        batch_size: how many images are in work at a time.
        progress: told the fraction of the batches that is done, and the condition in work.
    """
    parts = [slice(start, min(start + batch_size, len(images))) for start in range(0, len(images), batch_size)]
    total = len(parts) * len(conditions)
    for place, condition in enumerate(conditions):
        sums = _Sums()
        for step, part in enumerate(parts):
            progress((place * len(parts) + step) / total, f"{condition[0]} {condition[1]}")
            after = corrupted(part, condition)
            sums.add(images[part], after)
            if predict is not None:
                sums.right += int((predict(after).to(labels.device) == labels[part]).sum())
        yield sums.effect(condition, predict is not None)
    progress(1.0, "done")


@dataclass
class _Sums:
    """Sums over images, in whole numbers but for the PSNR, so that they do not depend on the batches."""

    images: int = 0
    values: int = 0
    absolute: int = 0
    signed: int = 0
    before: int = 0
    after: int = 0
    right: int = 0
    psnr: list[float] = field(default_factory=list)

    def add(self, before: Tensor, after: Tensor) -> None:
        old, new = before.cpu().to(torch.int64), after.cpu().to(torch.int64)
        change = new - old
        self.images += len(old)
        self.values += old.numel()
        self.absolute += int(change.abs().sum())
        self.signed += int(change.sum())
        self.before += _gradient_energy(old)
        self.after += _gradient_energy(new)
        squared = (change**2).flatten(1).double().mean(dim=1).clamp_(min=SMALLEST_CHANGE)
        self.psnr += (10 * torch.log10(255**2 / squared)).tolist()

    def effect(self, condition: Condition, shown: bool) -> Effect:
        return Effect(
            *condition,
            mean_abs_diff=self.absolute / self.values,
            mean_diff=self.signed / self.values,
            psnr_db=sum(self.psnr) / self.images,
            gradient_energy_ratio=self.after / self.before if self.before else float("nan"),
            accuracy=self.right / self.images if shown else None,
        )


def _gradient_energy(values: Tensor) -> int:
    return sum(int((values.diff(dim=axis) ** 2).sum()) for axis in (2, 3))
