"""What pruning saves: multiply-adds, parameters, bytes on disk and in memory, and time.

Counts are exact. Time is measured on the network as it runs: the physically smaller one where the masks allow one,
else the dense network with zeros in it, which takes the dense network's time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save
from torch import Tensor, nn

from analysis.metrics import latency
from analysis.metrics.latency import Interval
from pruning.masks import Masks
from pruning.models import build_model
from pruning.models.counting import multiply_adds
from pruning.models.memory import peak_bytes
from pruning.models.unpruned import Coverage, coverage
from pruning.ticket import Ticket, TicketInfo
from pruning.training.precision import pick_threads

SHARED_SEED = 0
"""Of the dense network's weights and of the images shown, neither of which the time depends on."""


@dataclass(frozen=True)
class Yardstick:
    """The dense network that a study's tickets are held against; its time is measured once, when first asked for.

    `shape` is that of one image (C, H, W).
    """

    model: nn.Module
    shape: tuple[int, int, int]

    @classmethod
    def of(cls, ticket: Ticket) -> Yardstick:
        """The dense network of a ticket."""
        return cls.build(ticket.recipe.model, ticket.info)

    @classmethod
    def build(cls, model: str, info: TicketInfo) -> Yardstick:
        """The network of that name for the data that `info` tells of."""
        return cls(build_model(model, len(info.classes), info.shape, SHARED_SEED).eval(), info.shape)

    @cached_property
    def multiply_adds(self) -> dict[str, float]:
        """Multiply-adds for one image, by the parameter that is multiplied; "" for products of activations."""
        return multiply_adds(self.model, self.shape)

    @cached_property
    def macs(self) -> int:
        """Multiply-adds for one image."""
        return self.macs_kept({})

    def macs_kept(self, masks: Masks) -> int:
        """Multiply-adds for one image when no pruned weight is multiplied."""
        saved = sum(self.multiply_adds.get(name, 0) / mask.numel() * int((~mask).sum()) for name, mask in masks.items())
        return round(sum(self.multiply_adds.values()) - saved)

    @cached_property
    def coverage(self) -> Coverage:
        """What of it can be pruned, and what cannot."""
        return coverage(self.model, self.shape)

    @cached_property
    def parameters(self) -> int:
        """Numbers that training adjusts."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @cached_property
    def bytes(self) -> int:
        """The state dict on disk."""
        return disk_bytes(self.model.state_dict())

    @property
    def batch(self) -> int:
        """Images shown at once."""
        return latency.batch_size(self.macs)

    @cached_property
    def images(self) -> Tensor:
        """What is shown: noise, float32 [batch, C, H, W]."""
        return torch.randn(self.batch, *self.shape, generator=torch.Generator().manual_seed(SHARED_SEED))

    @cached_property
    def milliseconds(self) -> Interval:
        """For a batch."""
        return latency.median(1000 * latency.times([self.model], self.images, self.macs)[:, 0])

    @cached_property
    def peak(self) -> int:
        """Bytes in memory while a batch passes through."""
        return peak_bytes(self.model, self.shape, self.batch)


@dataclass(frozen=True)
class Timing:
    """Milliseconds for a batch, of the network as it runs and of the dense one beside it, and how many times faster."""

    milliseconds: Interval
    dense: Interval
    speedup: Interval


def measure(ticket: Ticket, file_bytes: int, yardstick: Yardstick) -> pd.DataFrame:
    """The ticket's row of the table `efficiency`; `file_bytes` is the size of its file."""
    small = smaller(ticket)
    timing = time_of(small, yardstick)
    pruned = sum(int((~mask).sum()) for mask in ticket.masks.values())
    row = {
        "macs": yardstick.macs,
        "macs_kept": yardstick.macs_kept(ticket.masks),
        "parameters": yardstick.parameters,
        "kept_parameters": yardstick.parameters - pruned,
        "bytes_dense": yardstick.bytes,
        "bytes_ticket": file_bytes,
        "bytes_network": yardstick.bytes if small is None else disk_bytes(small.state_dict()),
        "shrunk": small is not None,
        "batch": yardstick.batch,
        "threads": pick_threads(yardstick.macs),
        "latency_ms": timing.milliseconds.value,
        "latency_low": timing.milliseconds.low,
        "latency_high": timing.milliseconds.high,
        "dense_ms": timing.dense.value,
        "speedup": timing.speedup.value,
        "speedup_low": timing.speedup.low,
        "speedup_high": timing.speedup.high,
        "peak_bytes": yardstick.peak if small is None else peak_bytes(small, ticket.info.shape, yardstick.batch),
        "dense_peak_bytes": yardstick.peak,
        "machine": latency.machine(),
    }
    return pd.DataFrame([row])


def smaller(ticket: Ticket) -> nn.Module | None:
    """The physically smaller network that computes what the ticket does, None where its masks allow none."""
    from pruning.shrink import shrink  # torch.fx takes a while to import

    return shrink(ticket.model(), ticket.masks, ticket.info.shape)


def time_of(small: nn.Module | None, yardstick: Yardstick) -> Timing:
    """Time the smaller network in turn with the dense one.

    Without a smaller one the ticket is the dense network with zeros: its time is the dense network's, and it is exactly
    as fast.
    """
    if small is None:
        return Timing(yardstick.milliseconds, yardstick.milliseconds, Interval(1.0, 1.0, 1.0))
    found = latency.times([yardstick.model, small], yardstick.images, yardstick.macs)
    dense, other = latency.median(1000 * found[:, 0]), latency.median(1000 * found[:, 1])
    return Timing(other, dense, latency.median(np.divide(found[:, 0], found[:, 1])))


def disk_bytes(state: Mapping[str, Tensor]) -> int:
    """Bytes of a state dict as a safetensors file."""
    return len(save({name: value.detach().clone().contiguous() for name, value in state.items()}))


class Bench:
    """Measures tickets one after the other. It holds the dense network of each kind of ticket."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], Yardstick] = {}

    def measure(self, ticket: Ticket, file: Path) -> pd.DataFrame:
        """The row of a ticket that lies in `file`."""
        return measure(ticket, file.stat().st_size, self.yardstick(ticket))

    def yardstick(self, ticket: Ticket) -> Yardstick:
        """The dense network of the ticket."""
        kind = (ticket.recipe.model, len(ticket.info.classes), ticket.info.shape)
        if kind not in self._found:
            self._found[kind] = Yardstick.of(ticket)
        return self._found[kind]
