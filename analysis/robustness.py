"""How tickets fare on corrupted images: each corrupted batch is made once and shown to every ticket in turn.

All tickets see the same images, down to the noise, so that differences between them can be tested in pairs. The
scores that sum the result up are in `analysis.corruption_error` and are offered here as well.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from analysis import calibration, geometry
from analysis.corruption_error import corruption_error, mean_corruption_accuracy, mean_corruption_error
from analysis.corruptions import AVAILABLE, SEVERITIES, check_severity, corrupt, get_corruption
from pruning.data import normalise
from pruning.errors import UserError
from pruning.models import count_macs, features_and_logits
from pruning.precision import (
    SMALL_NETWORK,
    Precision,
    as_input,
    autocast,
    pick_device,
    pick_precision,
    prepare,
    settled,
)
from pruning.ticket import Ticket

__all__ = [
    "CLEAN",
    "Measured",
    "all_conditions",
    "corruption_error",
    "evaluate",
    "iterate",
    "mean_corruption_accuracy",
    "mean_corruption_error",
]

Condition = tuple[str, int]
Report = Callable[[float, str], None]

CLEAN: Condition = ("clean", 0)
"""The condition of the images as they are."""


@dataclass(frozen=True)
class Measured:
    """What every ticket made of the images under one condition.

    `values` is {ticket: {column: array [N]}} with the columns of `geometry.COLUMNS`: prediction int16, confidence,
    angle (degrees), length and margin float32, the samples in order; and nll (nats) and brier (0 to 2), float64. What
    they mean is said at `geometry.measure_tensors`, `calibration.nll` and `calibration.brier`. `classes` is how many
    classes each ticket knows.
    """

    corruption: str
    severity: int
    labels: np.ndarray
    values: dict[str, dict[str, np.ndarray]]
    classes: dict[str, int]

    def frame(self, ticket: str) -> pd.DataFrame:
        """One ticket's results, a row a sample: corruption, severity, sample, then the measured columns."""
        n, values = len(self.labels), self.values[ticket]
        place = {"corruption": self.corruption, "severity": np.full(n, self.severity, np.int8)}
        columns = {name: values[name] for name in geometry.COLUMNS}
        return pd.DataFrame(place | {"sample": np.arange(n, dtype=np.int32)} | columns)

    def summary(self, ticket: str) -> dict[str, object]:
        """One ticket's row of the table `conditions`: counts, means, calibration, and how far off each prediction is.

        Means leave out what is missing (nan), as does the calibration error.
        """
        values = self.values[ticket]
        offsets = (values["prediction"].astype(np.int64) - self.labels) % self.classes[ticket]
        means = {name: geometry.nanmean(values[name]) for name in ("nll", "brier")}
        row: dict[str, object] = {"corruption": self.corruption, "severity": self.severity}
        return (
            row
            | geometry.summarise(values, self.labels)
            | means
            | {"ece": calibration.ece(values["confidence"], offsets == 0)}
            | {"offsets": offsets.astype("u1" if self.classes[ticket] <= 256 else "<u2").tobytes()}
        )

    def reliability(self, ticket: str) -> pd.DataFrame:
        """One ticket's rows of the table `reliability`: corruption, severity, bin, n, confidence, accuracy."""
        confidence = self.values[ticket]["confidence"]
        right = self.values[ticket]["prediction"] == self.labels
        rows, lost = calibration.bins(confidence, right), np.isnan(confidence)
        if lost.any():
            without = {"bin": [-1], "n": [lost.sum()], "confidence": [np.nan], "accuracy": [right[lost].mean()]}
            rows = pd.concat([pd.DataFrame(without), rows], ignore_index=True)
        rows.insert(0, "severity", self.severity)
        rows.insert(0, "corruption", self.corruption)
        return rows


def all_conditions(
    corruptions: Sequence[str] = AVAILABLE, severities: Sequence[int] = SEVERITIES
) -> tuple[Condition, ...]:
    """The clean images first, then each corruption at each severity."""
    return (CLEAN, *((name, severity) for name in corruptions for severity in severities))


def evaluate(
    tickets: Mapping[str, Ticket],
    images: Tensor,
    labels: Tensor,
    corruptions: Sequence[str] = AVAILABLE,
    severities: Sequence[int] = SEVERITIES,
    batch_size: int = 500,
    seed: int = 0,
    progress: Report | None = None,
    corrupted: Mapping[Condition, Tensor] | None = None,
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
    batch_size: int = 500,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    progress: Report | None = None,
    corrupted: Mapping[Condition, Tensor] | None = None,
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

    Returns an iterator over `Measured`, in the order of the conditions.

    Raises UserError, before anything is measured, when a name is unknown or shapes do not fit.
    """
    wanted = list(all_conditions() if conditions is None else conditions)
    corrupted = corrupted or {}
    _check(tickets, images, labels, wanted, corrupted, batch_size)
    where, known = pick_device(device), set(done)
    todo = {condition: [name for name in tickets if (name, *condition) not in known] for condition in wanted}
    needed = {name for names in todo.values() for name in names}
    networks = {name: _Network.of(tickets[name], where, precision) for name in tickets if name in needed}
    largest = max((network.macs for network in networks.values()), default=0)

    def batches(condition: Condition) -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, len(images), batch_size):
            part = slice(start, start + batch_size)
            source = corrupted.get(condition, images)[part].to(where)
            if condition != CLEAN and condition not in corrupted:
                index = torch.arange(start, start + len(source))
                # On the networks' threads: a change of their number between two batches would cost more than it gains.
                with settled(largest):
                    source = corrupt(source, *condition, seed=seed, index=index)
            yield source, labels[part].to(where)

    return _measure(networks, todo, batches, labels.cpu().numpy(), -(-len(images) // batch_size), progress)


def _measure(
    networks: Mapping[str, "_Network"],
    todo: Mapping[Condition, Sequence[str]],
    batches: Callable[[Condition], Iterator[tuple[Tensor, Tensor]]],
    labels: np.ndarray,
    batch_count: int,
    progress: Report | None,
) -> Iterator[Measured]:
    classes = {name: len(network.bias) for name, network in networks.items()}
    total = sum(map(len, todo.values())) * batch_count
    shown = 0
    for (corruption, severity), names in todo.items():
        parts: dict[str, list[dict[str, Tensor]]] = {name: [] for name in names}
        for source, truth in batches((corruption, severity)) if names else ():
            inputs: dict[object, Tensor] = {}
            for name in names:
                parts[name].append(networks[name].show(source, truth, inputs))
            shown += len(names)
            if progress is not None:
                progress(shown / total, f"{corruption} {severity}" if severity else corruption)
        if names:
            values = {name: _joined(parts[name]) for name in names}
            yield Measured(corruption, severity, labels, values, {name: classes[name] for name in names})


def _joined(parts: Sequence[Mapping[str, Tensor]]) -> dict[str, np.ndarray]:
    whole = {column: torch.cat([part[column] for part in parts]).cpu() for column in parts[0]}
    whole["prediction"] = whole["prediction"].to(torch.int16)
    return {column: values.numpy() for column, values in whole.items()}


@dataclass(frozen=True)
class _Network:
    """A ticket's network, ready to be shown images, with what its geometry needs worked out once."""

    module: nn.Module
    weight: Tensor
    bias: Tensor
    gaps: Tensor
    macs: int
    precision: Precision
    device: torch.device
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, ticket: Ticket, device: torch.device, precision: str) -> Self:
        module = ticket.model().eval()
        macs = count_macs(module, ticket.info.shape)
        module = prepare(module, device, macs)
        weight, bias = geometry.class_directions(module)
        gaps, chosen = geometry.class_gaps(weight), pick_precision(precision, macs, device)
        return cls(module, weight, bias, gaps, macs, chosen, device, tuple(ticket.info.mean), tuple(ticket.info.std))

    @torch.inference_mode()
    def show(self, images: Tensor, labels: Tensor, inputs: dict[object, Tensor]) -> dict[str, Tensor]:
        """Measure one batch. `inputs` keeps the normalised batch for the tickets that want it in the same form."""
        form = (self.mean, self.std, self.macs >= SMALL_NETWORK)
        if form not in inputs:
            inputs[form] = as_input(normalise(images, self.mean, self.std), self.device, self.macs)
        with settled(self.macs):
            with autocast(self.precision, self.device):
                features, logits = features_and_logits(self.module, inputs[form])
            measured = geometry.measure_tensors(features, self.weight, self.bias, labels, logits, self.gaps)
            return measured | {"nll": calibration.nll(logits, labels), "brier": calibration.brier(logits, labels)}


def _check(
    tickets: Mapping[str, Ticket],
    images: Tensor,
    labels: Tensor,
    conditions: Sequence[Condition],
    corrupted: Mapping[Condition, Tensor],
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


def _check_condition(condition: Condition, images: Tensor, corrupted: Mapping[Condition, Tensor]) -> None:
    name, severity = condition
    if condition in corrupted:
        given = corrupted[condition]
        if given.dtype != torch.uint8 or given.shape != images.shape:
            raise UserError(
                f"The images given for {name} at severity {severity} must be bytes {list(images.shape)} like the clean "
                f"ones, not {given.dtype} {list(given.shape)}."
            )
    elif condition != CLEAN:
        get_corruption(name)
        check_severity(severity)
