"""A trained network pruned by hand: sparsities by layer, and at once what it still gets right."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from analysis.engine.layer_cuts import Scoring, coupled_of, groups_of, manual_recipe
from analysis.engine.networks import Network
from analysis.engine.resume import Resumed
from analysis.statistics.intervals import wilson
from analysis.statistics.verdicts import EQUIVALENCE, judge, paired_gap
from pruning.criteria import CRITERIA
from pruning.data import normalise
from pruning.finders.base import Trainer
from pruning.masks import Masks, sparsity
from pruning.ticket import Ticket
from pruning.training.precision import as_input, autocast, pick_threads, settled

BATCH = 250
LAYERS, COUPLED, BLOCKS = "layers", "coupled", "blocks"


@dataclass(frozen=True)
class Tried:
    """Accuracy in [0, 1] of some images, with Wilson's 95 % interval, and which of them are right, bool [N]."""

    accuracy: float
    low: float
    high: float
    right: np.ndarray = field(repr=False, compare=False)

    @classmethod
    def of(cls, right: np.ndarray) -> Tried:
        """From which images are right, bool [N]."""
        low, high = wilson(right.sum(), right.size)
        return cls(float(right.mean()), float(low), float(high), right)


class ByHand:
    """A dense network, scored once.

    Attributes:
        groups: the prunable weights in the order of the network, a layer each (`LAYERS`), coupled ones together
            (`COUPLED`), or those of a block together (`BLOCKS`).
    """

    def __init__(self, ticket: Ticket, criterion: str, trainer: Trainer) -> None:
        """Score the network.

        Raises:
            UserError: the criterion cannot.
        """
        self.ticket, self.trainer = ticket, trainer
        single = [name for (name,) in groups_of(ticket, "weight")]
        self.groups: dict[str, list[tuple[str, ...]]] = {
            LAYERS: [(name,) for name in single],
            COUPLED: coupled_of(ticket),
            BLOCKS: [tuple(own) for _, own in groupby(single, block_of)],
        }
        self.network = Network.of(ticket, trainer.device)
        self.scoring = Scoring(ticket, manual_recipe(ticket, criterion, "weight"), CRITERIA[criterion], trainer)

    def masks(self, shares: Mapping[tuple[str, ...], float]) -> Masks:
        """The masks where each group loses this fraction of its weights; groups that are not there lose none."""
        with settled(self.network.macs):
            return self.scoring.masks({name: share for names, share in shares.items() for name in names})


class Seen:
    """Images that a network is shown again and again, uint8 [N, C, H, W], and their labels."""

    def __init__(self, network: Network, images: Tensor, labels: Tensor) -> None:
        self.network, self.labels = network, labels
        self.lock = threading.Lock()
        with self._way():
            self.resumed = Resumed(network.module, [self._input(part) for part in images.split(BATCH)])

    def right(self, masks: Masks, threads: int) -> Tried:
        """What the network with these masks gets right, on so many threads."""
        torch.set_num_threads(threads)
        with self.lock, self._way():
            right = self.resumed.show(masks).argmax(1).cpu() == self.labels
        return Tried.of(right.numpy())

    @contextmanager
    def _way(self) -> Iterator[None]:
        with torch.inference_mode(), autocast(self.network.precision, self.network.device):
            yield

    def _input(self, images: Tensor) -> Tensor:
        x = normalise(images.to(self.network.device), self.network.mean, self.network.std)
        return as_input(x, self.network.device, self.network.macs)


def try_out(masks: Masks, seen: Sequence[Seen]) -> list[Tried]:
    """What a network with these masks gets right of each set of images, without further training; all side by side.

    Each is run on as many threads as anywhere else, so that the numbers do not depend on how many there are.
    """
    macs = seen[0].network.macs
    with settled(macs), ThreadPoolExecutor(len(seen)) as pool:
        threads = pick_threads(macs)
        return list(pool.map(lambda each: each.right(masks, threads), seen))


def against_whole(tried: Sequence[Tried], whole: Sequence[Tried], equivalence: float = EQUIVALENCE) -> pd.DataFrame:
    """Rows of `statistics.verdicts.judge`: what each set of images lost by pruning, all of them one family.

    Paired over the images, so that it speaks of this network alone.
    """
    return judge([paired_gap(one.right[None], all_.right[None]) for one, all_ in zip(tried, whole, strict=True)],
                 equivalence)  # fmt: skip


def block_of(name: str) -> str:
    """What a parameter is part of: the submodule that holds its layer, or the layer where that is the network."""
    layer = name.removesuffix(".weight")
    return layer.rpartition(".")[0] or layer


def total(masks: Masks) -> float:
    """The sparsity of the whole that a recipe says, rounded so that it still fits its layers."""
    return round(sparsity(masks), 4)
