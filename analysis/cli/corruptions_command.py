"""`python -m analysis corruptions`: which conditions its options name, and what they are made from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from analysis.corruptions import (
    FAMILIES,
    Photographs,
    check_name,
    check_severity,
    corrupt,
    family_of,
    get_family,
    severities_of,
)
from analysis.corruptions.arrays import Arrays
from analysis.corruptions.attacks import attack
from analysis.corruptions.conditions import Condition
from analysis.corruptions.registry import ATTACKS
from analysis.engine.classifier import Classifier
from analysis.metrics.corruption_effects import Effect, effects
from pruning.data import Dataset, load_data
from pruning.errors import UserError
from pruning.progress import Progress


@dataclass(frozen=True)
class Selection:
    """What was asked for; nothing stands for everything that fits."""

    families: tuple[str, ...] = ()
    corruptions: tuple[str, ...] = ()
    severities: tuple[int, ...] = ()

    def check(self, arrays: Arrays | None = None) -> None:
        """Raises UserError for a name or a severity that does not exist."""
        for family in self.families:
            get_family(family)
        for name in self.corruptions:
            if arrays is None:
                check_name(name)
            else:
                arrays.severities(name)
        for severity in self.severities:
            check_severity(severity)

    def has(self, name: str, severity: int | None = None) -> bool:
        """Whether a corruption, at a severity, is among what was asked for."""
        return (
            (not self.families or family_of(name) in self.families)
            and (not self.corruptions or name in self.corruptions)
            and (severity is None or not self.severities or severity in self.severities)
        )

    def conditions(self, arrays: Arrays | None, reference: Iterable[Condition] | None) -> list[Condition]:
        """What is to be measured: of the reference, else of the arrays, else of CIFAR-10-C unless something was named.

        Raises UserError when nothing is left.
        """
        self.check(arrays)
        offered = reference if reference is not None else arrays if arrays is not None else self._made()
        found = [condition for condition in offered if self.has(*condition)]
        if not found:
            where = (
                "reference table" if reference is not None else "folder of arrays" if arrays is not None else "family"
            )
            raise UserError(f"No condition is left to measure: the {where} has none of what was asked for.")
        return found

    def _made(self) -> list[Condition]:
        named = self.families or ((*FAMILIES,) if self.corruptions else ("cifar_c",))
        return [
            (name, severity)
            for family in named
            for name in get_family(family).members
            for severity in self._severities(name)
        ]

    def _severities(self, name: str) -> tuple[int, ...]:
        usual = FAMILIES[family_of(name)].severities
        return severities_of(name) if self.severities or usual is None else usual


def need_no_data(**options: object) -> None:
    """Raises UserError when an option was given that asks for a data set."""
    for name, value in options.items():
        if value is not None:
            raise UserError(f"--{name} needs images to corrupt: add --data, such as --data digits.")


def open_source(
    name: str,
    root: Path | None,
    samples: int | None,
    seed: int,
    frost: Path | None,
    arrays: Path | None,
    network: tuple[Path | None, str | None, Path | None, str | None, str | None],
) -> "Source":
    """Everything that images are made from, by the command line's options."""
    data = load_data(name, root)
    test = data.test
    return Source(
        data,
        test.images[:samples],
        test.labels[:samples],
        seed,
        classifier_for(data, *network),
        None if frost is None else Photographs.open(frost),
        None if arrays is None else Arrays.open(arrays, test.images.shape, test.labels),
    )


def measure(source: "Source", conditions: Sequence[Condition], progress: Progress) -> list[Effect]:
    """The effect of each condition."""
    predict = source.classifier.predict if source.classifier else None
    return list(effects(source.images, source.labels, conditions, source.make, predict, progress=progress))


@dataclass(frozen=True)
class Source:
    """Where corrupted images come from: an array where there is one, an attack on the network, or the engine."""

    data: Dataset
    images: Tensor
    labels: Tensor
    seed: int = 0
    classifier: Classifier | None = None
    frost: Photographs | None = None
    arrays: Arrays | None = None

    def check(self, conditions: Sequence[Condition]) -> None:
        """Raises UserError, before anything is made, when a condition cannot be."""
        for name, severity in conditions:
            if self.arrays is not None:
                self.arrays.require((name, severity))
                continue
            check_name(name)
            check_severity(severity, name)
            if name in ATTACKS and self.classifier is None:
                raise UserError(
                    f"The corruption '{name}' attacks a network: name one by --ticket, or --model and --weights."
                )
        if self.frost is not None and any(name == "frost" for name, _ in conditions):
            self.frost.check(*self.data.shape[1:])

    def make(self, part: slice, condition: Condition) -> Tensor:
        """A part of the images under a condition, uint8 [n, C, H, W]."""
        name, severity = condition
        if self.arrays is not None:
            return self.arrays.require(condition)[part]
        images, index = self.images[part], torch.arange(part.start, part.stop)
        if name in ATTACKS and (network := self.classifier) is not None:
            shown_images, truth = images.to(network.device), self.labels[part].to(network.device)
            keep = {"mean": network.mean, "std": network.std}
            return attack(network.module, shown_images, truth, name, severity, **keep, seed=self.seed, index=index)
        return corrupt(images, name, severity, self.seed, index, self.frost)


def numbers(text: str | None, option: str) -> tuple[float, ...] | None:
    """Numbers with commas between them. Raises UserError when they are not."""
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UserError(
            f"{option} '{text}' must be numbers with commas between them, such as 0.49,0.48,0.45."
        ) from None


def classifier_for(
    data: Dataset, ticket: Path | None, model: str | None, weights: Path | None, mean: str | None, std: str | None
) -> Classifier | None:
    """The network that the options name, if they do. Raises UserError when they contradict one another."""
    if ticket is not None and (model or weights or mean or std):
        raise UserError("A ticket knows its model and normalisation: leave out --model, --weights, --mean and --std.")
    if ticket is not None:
        return Classifier.of_ticket(ticket, data)
    if model is not None and weights is not None:
        return Classifier.of_weights(model, weights, data, numbers(mean, "--mean"), numbers(std, "--std"))
    if model or weights or mean or std:
        raise UserError("A network of one's own needs both --model and --weights.")
    return None
