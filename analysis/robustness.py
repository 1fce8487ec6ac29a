"""How tickets fare on corrupted images: each corrupted batch is made once and shown to every ticket in turn.

All tickets see the same images, down to the noise, so that differences between them can be tested in pairs; adversarial
attacks alone are made for each ticket. The scores that sum the result up are in `metrics.corruption_error` and are
offered here as well.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from analysis.corruptions import AVAILABLE, FAMILIES, SEVERITIES, check_name, check_severity, corrupt, family_of
from analysis.corruptions.conditions import CLEAN, Condition, all_conditions
from analysis.corruptions.photographs import Photographs
from analysis.engine.measured import Measured
from analysis.engine.networks import Network, largest
from analysis.metrics.corruption_error import corruption_error, mean_corruption_accuracy, mean_corruption_error
from pruning.errors import UserError
from pruning.ticket import Ticket
from pruning.training.precision import pick_device, settled

__all__ = [
    "CLEAN",
    "Measured",
    "Panel",
    "all_conditions",
    "corruption_error",
    "evaluate",
    "iterate",
    "mean_corruption_accuracy",
    "mean_corruption_error",
]

BATCH = 500
"""Images shown at once."""

Report = Callable[[float, str], None]


class Stack(Protocol):
    """Images uint8 [N, C, H, W] that may lie on the disk: a tensor, or what `corruptions.arrays` reads."""

    @property
    def shape(self) -> Any: ...
    @property
    def dtype(self) -> Any: ...
    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> Tensor: ...


Given = Mapping[Condition, Stack]


def evaluate(
    tickets: Mapping[str, Ticket],
    images: Tensor,
    labels: Tensor,
    corruptions: Sequence[str] = AVAILABLE,
    severities: Sequence[int] = SEVERITIES,
    batch_size: int = BATCH,
    seed: int = 0,
    progress: Report | None = None,
    corrupted: Given | None = None,
) -> pd.DataFrame:
    """Every ticket under every condition, the clean images included, as one table.

    Arguments and errors as for `iterate`. Returns a DataFrame, a row for each ticket, condition and sample: ticket,
    corruption ("clean" at severity 0), severity, sample, prediction, confidence, angle, length, margin.
    """
    conditions = all_conditions(corruptions, severities)
    found = iterate(
        tickets, images, labels, conditions, batch_size=batch_size, seed=seed, progress=progress, corrupted=corrupted
    )
    parts = [(name, measured.frame(name)) for measured in found for name in measured.values]
    for name, part in parts:
        part.insert(0, "ticket", name)
    return pd.concat([part for _, part in parts], ignore_index=True)


def iterate(
    tickets: Mapping[str, Ticket],
    images: Tensor,
    labels: Tensor,
    conditions: Sequence[Condition] | None = None,
    *,
    done: Collection[tuple[str, str, int]] = (),
    batch_size: int = BATCH,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    progress: Report | None = None,
    corrupted: Given | None = None,
    frost: Photographs | None = None,
) -> Iterator[Measured]:
    """Measure condition by condition, so that each can be kept before the next begins.

    Args:
        tickets: by whatever name they are to have in the result. Each network is built once.
        images: uint8 [N, C, H, W]. labels: int64 [N], the true classes.
        conditions: (corruption, severity) in the order wanted; `all_conditions()` by default.
        done: (ticket, corruption, severity) that are known already and left out; a condition in which every ticket is
            known is skipped altogether, so a run that was killed goes on where it stopped.
        batch_size: images shown at once; it bounds the memory used. seed: that of the corruptions.
        device: ``auto``, or a name torch knows. precision: ``auto``, ``float32`` or ``bfloat16``; ``auto`` takes
            bfloat16 for large networks on hardware that has it.
        progress: called with the fraction done, in [0, 1], and what is being done.
        corrupted: images to be taken instead of making them, {condition: uint8, same shape as `images`}.
        frost: photographs for the corruption ``frost``.

    Returns an iterator over `Measured`, in the order of the conditions.

    Raises UserError, before anything is measured, when a name is unknown or shapes do not fit.
    """
    wanted = list(all_conditions() if conditions is None else conditions)
    corrupted = corrupted or {}
    _check(tickets, images, labels, wanted, corrupted, batch_size)
    known = set(done)
    todo = {condition: [name for name in tickets if (name, *condition) not in known] for condition in wanted}
    needed = {name for names in todo.values() for name in names}
    panel = Panel.of(
        {name: ticket for name, ticket in tickets.items() if name in needed},
        images,
        labels,
        batch_size=batch_size,
        seed=seed,
        device=device,
        precision=precision,
        corrupted=corrupted,
        frost=frost,
    )
    return _each(panel, {condition: names for condition, names in todo.items() if names}, progress)


def _each(panel: "Panel", todo: Mapping[Condition, Sequence[str]], progress: Report | None) -> Iterator[Measured]:
    total, before = sum(map(len, todo.values())), 0
    for condition, names in todo.items():

        def tell(fraction: float, text: str, before: int = before, count: int = len(names)) -> None:
            if progress is not None:
                progress((before + fraction * count) / total, text)

        yield panel.measure(condition, names, tell)
        before += len(names)


@dataclass(frozen=True)
class Panel:
    """Tickets' networks and the images that they are shown, condition by condition. Make one with `Panel.of`."""

    networks: Mapping[str, Network]
    images: Tensor
    labels: Tensor
    batch_size: int
    seed: int
    device: torch.device
    corrupted: Given
    frost: Photographs | None

    @classmethod
    def of(
        cls,
        tickets: Mapping[str, Ticket],
        images: Tensor,
        labels: Tensor,
        *,
        batch_size: int = BATCH,
        seed: int = 0,
        device: str = "auto",
        precision: str = "auto",
        corrupted: Given | None = None,
        frost: Photographs | None = None,
    ) -> Self:
        """Build the networks; arguments as for `iterate`, but nothing is checked."""
        where = pick_device(device)
        networks = {name: Network.of(ticket, where, precision) for name, ticket in tickets.items()}
        return cls(networks, images, labels, batch_size, seed, where, corrupted or {}, frost)

    def measure(self, condition: Condition, names: Sequence[str], report: Report | None = None) -> Measured:
        """Show the images under a condition to the named tickets. `report` is told the fraction done, and of what.

        Raises UserError when a network cannot be attacked.
        """
        name, severity = condition
        text = f"{name} {severity}" if severity else name
        parts: dict[str, list[dict[str, Tensor]]] = {name: [] for name in names}
        count = -(-len(self.images) // self.batch_size)
        for place in range(count):
            self._show(condition, place * self.batch_size, parts)
            if report is not None:
                report((place + 1) / count, text)
        values = {name: _joined(parts[name]) for name in names}
        classes = {name: self.networks[name].classes for name in names}
        return Measured(name, severity, self.labels.cpu().numpy(), values, classes)

    def _show(self, condition: Condition, start: int, parts: Mapping[str, list[dict[str, Tensor]]]) -> None:
        """Show every ticket the batch that begins at image `start`."""
        part = slice(start, start + self.batch_size)
        labels = self.labels[part].to(self.device)
        index = torch.arange(start, start + len(labels))
        attacks = condition not in self.corrupted and needs_network(condition)
        images = self.images[part].to(self.device) if attacks else self._batch(condition, part, index)
        inputs: dict[object, Tensor] = {}
        for name, found in parts.items():
            network = self.networks[name]
            if attacks:
                shown = network.attacked(images, labels, *condition, seed=self.seed, index=index)
                found.append(network.show(shown, labels, {}))
            else:
                found.append(network.show(images, labels, inputs))

    def _batch(self, condition: Condition, part: slice, index: Tensor) -> Tensor:
        if condition == CLEAN or condition in self.corrupted:
            return self.corrupted.get(condition, self.images)[part].to(self.device)
        # On the networks' threads: a change of their number between two batches would cost more than it gains.
        with settled(largest(self.networks)):
            images = self.images[part].to(self.device)
            return corrupt(images, *condition, seed=self.seed, index=index, frost=self.frost)


def needs_network(condition: Condition) -> bool:
    """Whether the images are made for each network, as those of an attack are."""
    family = FAMILIES.get(family_of(condition[0]))
    return family is not None and family.needs_network


def _joined(parts: Sequence[Mapping[str, Tensor]]) -> dict[str, np.ndarray]:
    whole = {column: torch.cat([part[column] for part in parts]).cpu() for column in parts[0]}
    whole["prediction"] = whole["prediction"].to(torch.int16)
    return {column: values.numpy() for column, values in whole.items()}


def _check(
    tickets: Mapping[str, Ticket],
    images: Tensor,
    labels: Tensor,
    conditions: Sequence[Condition],
    corrupted: Given,
    batch_size: int,
) -> None:
    if not tickets:
        raise UserError("There is no ticket to evaluate.")
    if images.ndim != 4 or images.dtype != torch.uint8 or not len(images):
        raise UserError(f"Images must be bytes [N, C, H, W], not {images.dtype} {list(images.shape)}.")
    if labels.shape != images.shape[:1] or labels.is_floating_point():
        raise UserError(f"There must be one whole number as label for each of the {len(images)} images.")
    if batch_size < 1:
        raise UserError(f"The batch size must be at least 1, not {batch_size}.")
    for name, ticket in tickets.items():
        _check_fit(name, ticket, images, labels)
    for condition in conditions:
        _check_condition(condition, images, corrupted)


def _check_fit(name: str, ticket: Ticket, images: Tensor, labels: Tensor) -> None:
    shape, classes = tuple(ticket.info.shape), len(ticket.info.classes)
    if shape != tuple(images.shape[1:]):
        raise UserError(f"Ticket '{name}' is for images of {shape} (C, H, W), these are {tuple(images.shape[1:])}.")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        wrong = low if low < 0 else high
        raise UserError(f"Label {wrong} names no class: ticket '{name}' has {classes}, numbered from 0.")


def _check_condition(condition: Condition, images: Tensor, corrupted: Given) -> None:
    name, severity = condition
    if condition in corrupted:
        given = corrupted[condition]
        if given.dtype != torch.uint8 or tuple(given.shape) != tuple(images.shape):
            raise UserError(
                f"The images given for {name} at severity {severity} must be bytes {list(images.shape)} like the clean "
                f"ones, not {given.dtype} {list(given.shape)}."
            )
    elif condition != CLEAN:
        check_name(name)
        check_severity(severity, name)
