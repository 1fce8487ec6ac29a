"""How far apart a network's masks lie from epoch to epoch of its training (You et al. 2020, arXiv 1909.11957).

The mask that pruning would draw now is compared with those it would have drawn before: the share of the prunable
weights in which they differ (Hamming distance). Masks are kept bit-packed, so that looking costs little.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import nn

from pruning.data import Dataset
from pruning.masks import Masks, keep_best, pack
from pruning.models import prunable
from pruning.training.config import Training
from pruning.training.history import Record
from pruning.training.loop import Hook, iterations_per_epoch

SPARSITIES = (0.5, 0.8, 0.9, 0.95)
GROKKING = 0.6  # the sparsity of Grokking Tickets, noted beside them where points lie epochs apart
POINTS = 40  # epochs in a record at most
DIGITS = 4

Bits = np.ndarray
"""All layers of a mask one after another, as uint8 of eight positions each; what is over in the last byte is 0."""


def pack_masks(masks: Masks) -> Bits:
    """Bit-pack the masks of all layers, in their order."""
    return pack(torch.cat([mask.reshape(-1) for mask in masks.values()]))


def distances(bits: Bits, others: Sequence[Bits], size: int) -> list[float]:
    """The share of `size` positions in which `bits` differs from each of the others, in [0, 1]."""
    return [int(np.bitwise_count(bits ^ other).sum(dtype=np.int64)) / size for other in others]


def distance_table(masks: Sequence[Bits], size: int) -> list[float]:
    """All distances between E packed masks of `size` positions: E x E numbers, row by row, of four digits."""
    table = np.zeros((len(masks), len(masks)))
    for row, bits in enumerate(masks):
        table[row, :row] = table[:row, row] = distances(bits, masks[:row], size)
    return [round(value, DIGITS) for value in table.reshape(-1).tolist()]


def table_name(sparsity: float) -> str:
    """The name of a ticket's recorded table of the distances at a sparsity; its only column is called d."""
    return f"mask distance {sparsity:g}"


def distance_record(epochs: Sequence[float], masks: dict[float, list[Bits]], size: int) -> Record:
    """What a ticket records: the epochs, and for each sparsity the distances between the masks of these epochs."""
    tables = {f"{table_name(sparsity)}/d": distance_table(drawn, size) for sparsity, drawn in masks.items()}
    return {"masks/epoch": list(epochs), **tables}


def thinned(count: int) -> list[int]:
    """At most 40 of the numbers 0 .. count - 1, evenly, the first and the last among them."""
    return sorted(set(np.linspace(0, count - 1, min(count, POINTS)).round().astype(int).tolist()))


def due_points(total: int, per_epoch: int, every: float | None) -> list[int]:
    """The iterations after which masks are noted, at most 40 of `total`, the first and the last among them.

    They are ends of epochs, evenly thinned. Where the training curve has a point every so many epochs, they are points
    of it, ever farther apart, since such trainings are long and most happens at their beginning.
    """
    width = per_epoch * max(1, round(every or 1))
    points = [*range(0, total, width), total]
    if width == per_epoch or len(points) <= POINTS:
        return [points[index] for index in thinned(len(points))]
    apart = np.geomspace(1, len(points) - 1, POINTS - 1).round().astype(int)
    return [points[index] for index in sorted({0, *apart.tolist()})]


class MaskDistanceWatch(Hook):
    """Notes the global magnitude masks of a network that is being trained, and leaves it as it is.

    The first point is the initialisation, the others are those of `due_points`, and the end where that comes sooner.
    What is noted before the first iteration of an epoch is the end of the epoch before.
    """

    def __init__(
        self, model: nn.Module, data: Dataset, config: Training, sparsities: Iterable[float] = SPARSITIES
    ) -> None:
        self.model, self.per_epoch = model, iterations_per_epoch(data, config)
        self.due = due_points(round(config.epochs * self.per_epoch), self.per_epoch, config.log_every)
        self.noted: list[int] = []
        apart = (config.log_every or 1) > 1
        self.masks: dict[float, list[Bits]] = {each: [] for each in sorted({*sparsities, *(GROKKING,) * apart})}

    def before(self, step: int) -> Masks | None:
        """Note the masks when a point is due; the network keeps its own."""
        if step in self.due:
            self._note(step)
        return None

    @torch.no_grad()
    def _note(self, step: int) -> None:
        sizes = torch.cat([weight.abs().reshape(-1) for weight in prunable(self.model).values()])
        for sparsity, drawn in self.masks.items():
            drawn.append(pack(keep_best(sizes, sizes.numel() - round(sparsity * sizes.numel()))))
        self.noted.append(step)

    def record(self, epochs: float | None = None) -> Record:
        """What a ticket is to hold of it, once the training is over, after so many epochs where not after all."""
        end = self.due[-1] if epochs is None else round(epochs * self.per_epoch)
        if end not in self.noted:
            self._note(end)
        size = sum(weight.numel() for weight in prunable(self.model).values())
        return distance_record([step / self.per_epoch for step in self.noted], self.masks, size)
