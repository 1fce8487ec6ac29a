"""How tickets fare on corrupted images: each corrupted batch is made once and shown to every ticket in turn.

All tickets see the same images, down to the noise, so that differences between them can be tested in pairs; adversarial
attacks alone are made for each ticket. The scores that sum the result up are in `metrics.corruption_error` and are
offered here as well.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from analysis.corruptions import AVAILABLE, SEVERITIES, check_name, check_severity
from analysis.corruptions.conditions import CLEAN, Condition, all_conditions, as_conditions
from analysis.corruptions.photographs import Photographs
from analysis.engine.images import Given, TestImages
from analysis.engine.networks import AnyNetwork, Network, Normalisation
from analysis.engine.per_image import ImageValues, PerImage
from analysis.engine.showing import BATCH, Viewer, show
from analysis.metrics.corruption_error import corruption_error, mean_corruption_accuracy, mean_corruption_error
from pruning.data import checked_normalisation
from pruning.errors import UserError
from pruning.library.logits import refuse_undefined
from pruning.progress import Progress, as_progress, quiet, share
from pruning.ticket import Ticket
from pruning.training.precision import check_precision, pick_device

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

AS_THEY_ARE: Normalisation = ((0.0,), (1.0,))
"""The normalisation that changes nothing: images on the scale 0-1."""


@dataclass(frozen=True)
class Measured:
    """What every ticket made of the images under one condition: ticket -> what it made of each image."""

    condition: Condition
    tickets: Mapping[str, ImageValues]

    @property
    def values(self) -> dict[str, dict[str, np.ndarray]]:
        """Ticket -> column -> array [N], the images in order; the columns are those of `ImageValues.values`."""
        return {name: found.values for name, found in self.tickets.items()}

    def frame(self, ticket: str) -> pd.DataFrame:
        """One ticket's results, a row an image; see `ImageValues.frame`."""
        return self.tickets[ticket].frame(self.condition)


def evaluate(
    tickets: Mapping[str, Ticket | AnyNetwork],
    images: Tensor | np.ndarray,
    labels: Tensor | np.ndarray,
    corruptions: Sequence[str] | str = AVAILABLE,
    severities: Sequence[int] | int = SEVERITIES,
    batch_size: int = BATCH,
    seed: int = 0,
    progress: Progress | bool = quiet,
    corrupted: Given | None = None,
    normalisation: Normalisation = AS_THEY_ARE,
) -> pd.DataFrame:
    """Every ticket under every condition, the clean images included, as one table.

    Arguments as for `iterate`; images and labels may be arrays, and one corruption or severity may stand
    alone. Returns a DataFrame, a row for each ticket, condition and sample: ticket, corruption ("clean" at severity 0),
    severity, sample, prediction, confidence, angle, length, margin.

    Raises:
        UserError: the networks are not given by name, the images not as bytes, a severity does not exist, or logits are
            not finite, also of tickets; or as `iterate`.
    """
    if not isinstance(tickets, Mapping):
        raise UserError(f'Give networks by name, such as {{"mine": network}}, not as a {type(tickets).__name__}.')
    if not isinstance(labels, Tensor) and np.asarray(labels).dtype.kind not in "iub":
        raise UserError("Labels must be whole numbers, the place of the true class among the logits.")
    if not isinstance(images, Tensor | np.ndarray):
        raise UserError(f"Images must be bytes [N, C, H, W], a tensor or an array, not a {type(images).__name__}.")
    conditions = all_conditions(*_listed(corruptions, severities))
    found = iterate(
        tickets,
        torch.as_tensor(images),
        torch.as_tensor(labels),
        conditions,
        batch_size=batch_size,
        seed=seed,
        progress=progress,
        corrupted=corrupted,
        normalisation=normalisation,
    )
    parts = [(name, _defined(measured, name).frame(name)) for measured in found for name in measured.tickets]
    for name, part in parts:
        part.insert(0, "ticket", name)
    return pd.concat([part for _, part in parts], ignore_index=True)


def _listed(corruptions: Any, severities: Any) -> tuple[list[str], list[int]]:
    """Corruptions and severities as lists, also where one stands alone."""
    names = [corruptions] if isinstance(corruptions, str) else corruptions
    levels = [severities] if isinstance(severities, Integral | str) else severities
    for given, what in ((names, "corruptions"), (levels, "severities")):
        if not isinstance(given, Iterable):
            raise UserError(f"Give `{what}` as a list, or one alone, and not as {given!r}.")
    return [*names], [*levels]


def _defined(measured: Measured, name: str) -> Measured:
    """The same. Raises UserError where a network's logits of an image are not finite, so that nothing is predicted."""
    unsure = np.isnan(measured.values[name]["confidence"])
    condition = measured.condition
    under = "" if condition == CLEAN else f" under {condition[0]} {condition[1]}"
    try:
        refuse_undefined(int(unsure.sum()), len(unsure), under)
    except UserError as error:
        raise UserError(f"'{name}': {error}") from None
    return measured


def iterate(
    tickets: Mapping[str, Ticket | AnyNetwork],
    images: Tensor,
    labels: Tensor,
    conditions: Sequence[Condition] | None = None,
    *,
    done: Collection[tuple[str, str, int]] = (),
    batch_size: int = BATCH,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress | bool = quiet,
    corrupted: Given | None = None,
    frost: Photographs | None = None,
    normalisation: Normalisation = AS_THEY_ARE,
) -> Iterator[Measured]:
    """Measure condition by condition, so that each can be kept before the next begins.

    Args:
        tickets: by whatever name they are to have in the result: tickets, networks, or functions from images to logits.
            Each network is built once; one that is at hand is copied, and measured in evaluation mode.
        images: uint8 [N, C, H, W].
        labels: int64 [N], the true classes.
        conditions: (corruption, severity) in the order wanted; `all_conditions()` by default.
        done: (ticket, corruption, severity) that are known already and left out; a condition in which every ticket is
            known is skipped altogether, so a run that was killed goes on where it stopped.
        batch_size: images shown at once; it bounds the memory used.
        seed: that of the corruptions.
        device: ``auto``, or a name torch knows.
        precision: ``auto``, ``float32`` or ``bfloat16``; ``auto`` takes
            bfloat16 for large networks on hardware that has it.
        progress: called with the fraction done, in [0, 1], and what is being done; True writes a line.
        corrupted: images to be taken instead of making them, {condition: uint8, same shape as `images`}.
        frost: photographs for the corruption ``frost``.
        normalisation: mean and standard deviation of each channel, which networks and functions that are at hand get
            images by, float32 on the scale 0-1; left out, these are not normalised. Tickets have their own.

    Returns an iterator over `Measured`, in the order of the conditions.

    Raises UserError, before anything is measured, when a name is unknown, shapes do not fit or the normalisation is
    none; and when a network or function that is at hand gives logits that are not finite. Of a ticket such an image has
    the confidence nan, and its prediction says nothing.
    """
    wanted = list(all_conditions()) if conditions is None else as_conditions(conditions)
    corrupted = {} if corrupted is None else corrupted
    _check(tickets, images, labels, wanted, corrupted, batch_size)
    known = set(done)
    todo = {condition: [name for name in tickets if (name, *condition) not in known] for condition in wanted}
    needed = {name for names in todo.values() for name in names}
    where = pick_device(device)
    check_precision(precision)
    shape = (images.shape[1], images.shape[2], images.shape[3])
    normalisation = checked_normalisation(normalisation, shape[0])
    networks = {
        name: Network.of(each, where, precision)
        if isinstance(each, Ticket)
        else _at_hand(name, each, shape, labels, normalisation, where, precision)
        for name, each in tickets.items()
        if name in needed
    }
    shown = TestImages(images, labels, corrupted, frost, seed=seed)
    todo = {each: names for each, names in todo.items() if names}
    at_hand = {name for name in networks if not isinstance(tickets[name], Ticket)}
    return _each(networks, shown, todo, batch_size, as_progress(progress), at_hand)


def _each(
    networks: Mapping[str, Network],
    images: TestImages,
    todo: Mapping[Condition, Sequence[str]],
    batch_size: int,
    progress: Progress,
    at_hand: Set[str],
) -> Iterator[Measured]:
    total, before = sum(map(len, todo.values())), 0
    for condition, names in todo.items():
        found = {name: PerImage(networks[name]) for name in names}
        part = share(progress, before / total, len(names) / total)
        viewers = {name: [Viewer(each.update)] for name, each in found.items()}
        show(networks, images, condition, viewers, part, batch_size)
        measured = Measured(condition, {name: each.whole() for name, each in found.items()})
        for name in at_hand & found.keys():  # a ticket that diverged has its place in tables
            _defined(measured, name)
        yield measured
        before += len(names)


def _check(
    tickets: Mapping[str, Ticket | AnyNetwork],
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
    if int(labels.min()) < 0:
        raise UserError(f"Label {int(labels.min())} names no class; classes are numbered from 0.")
    if not isinstance(corrupted, Mapping):
        raise UserError(f"Give `corrupted` as {{condition: images}}, not as a {type(corrupted).__name__}.")
    if not isinstance(batch_size, Integral) or batch_size < 1:
        raise UserError(f"The batch size must be a whole number of at least 1, not {batch_size!r}.")
    for name, ticket in tickets.items():
        if isinstance(ticket, Ticket):
            _check_fit(name, ticket, images, labels)
        elif not callable(ticket):
            raise UserError(f"'{name}' is a {type(ticket).__name__}, not a ticket, a network or a function.")
    for condition in conditions:
        _check_condition(condition, images, corrupted)


def _at_hand(
    name: str,
    model: AnyNetwork,
    shape: tuple[int, int, int],
    labels: Tensor,
    normalisation: Normalisation,
    device: torch.device,
    precision: str,
) -> Network:
    try:
        network = Network.around(model, shape, normalisation, device, precision)
    except UserError as error:
        raise UserError(f"'{name}': {error}") from None
    if int(labels.max()) >= network.classes:
        raise UserError(f"Label {int(labels.max())} names no class: '{name}' has {network.classes}, numbered from 0.")
    return network


def _check_fit(name: str, ticket: Ticket, images: Tensor, labels: Tensor) -> None:
    shape, classes = tuple(ticket.info.shape), len(ticket.info.classes)
    if shape != tuple(images.shape[1:]):
        raise UserError(f"Ticket '{name}' is for images of {shape} (C, H, W), these are {tuple(images.shape[1:])}.")
    high = int(labels.max())
    if high >= classes:
        raise UserError(f"Label {high} names no class: ticket '{name}' has {classes}, numbered from 0.")


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
