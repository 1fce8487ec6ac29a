"""`python -m analysis corruptions`: what there is, what it does to a data set, and whether a reference agrees."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from analysis.classifier import Classifier
from analysis.corruptions import (
    CORRUPTIONS,
    FAMILIES,
    Photographs,
    check_name,
    check_severity,
    corrupt,
    family_of,
    get_family,
    label_of,
    severities_of,
)
from analysis.corruptions import fourier as waves
from analysis.corruptions.arrays import Arrays
from analysis.corruptions.attacks import EPSILONS, attack
from analysis.corruptions.families import ATTACKS
from analysis.effects import Condition, Effect, Report, effects
from analysis.reference_check import COLUMNS, Compared, compare, shown
from pruning.data import Dataset, load_data
from pruning.errors import UserError

HEADINGS = {
    "corruption": "corruption",
    "severity": "severity",
    "mean_abs_diff": "mean |change|",
    "mean_diff": "mean change",
    "psnr_db": "PSNR (dB)",
    "gradient_energy_ratio": "gradient energy",
    "accuracy": "accuracy",
}
WIDE = 150
"""Columns of text where there is no terminal."""


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


def console() -> Console:
    """As wide as the terminal, or wide enough for the tables."""
    usual = Console()
    return usual if usual.is_terminal else Console(width=max(usual.width, WIDE))


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


def measure(source: "Source", conditions: Sequence[Condition], progress: Report) -> list[Effect]:
    """The effect of each condition."""
    predict = source.classifier.predict if source.classifier else None
    return list(effects(source.images, source.labels, conditions, source.make, predict, progress=progress))


def list_families(console: Console, selection: Selection, size: int) -> None:
    """A table for each family: its corruptions and their parameters at every severity for images of that size."""
    selection.check()
    if size < 1:
        raise UserError(f"The size of images must be at least 1 pixel, not {size}.")
    for family in FAMILIES.values():
        members = [name for name in family.members if selection.has(name)]
        if not members:
            continue
        table = Table(title=f"{family.label} ({family.name}): {family.paper}", title_justify="left", title_style="bold")
        table.add_column("corruption", no_wrap=True)
        for column in ("group", "parameters", *(f"severity {s}" for s in _all_severities(members))):
            table.add_column(column)
        if family.name == "fourier" and not selection.corruptions:
            # They differ in nothing but their frequencies.
            table.add_row(waves.PATTERN, *_described(members[0], size)[1:])
        else:
            for name in members:
                table.add_row(*_described(name, size))
        console.print(table)


def _all_severities(names: Sequence[str]) -> tuple[int, ...]:
    return tuple(sorted({severity for name in names for severity in severities_of(name)}))


def _described(name: str, size: int) -> list[str]:
    if name in ATTACKS:
        return [name, "white box", "grey levels, at most", *map(str, EPSILONS)]
    corruption = CORRUPTIONS[name]
    rows = [corruption.parameters(severity, size) for severity in corruption.severities]
    values = (", ".join(f"{value:.3g}" for value in row) or "-" for row in rows)
    return [name, corruption.group, ", ".join(corruption.names) or "none", *values]


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


def print_effects(console: Console, found: Sequence[Effect], reference: dict[Condition, Effect] | None) -> bool:
    """Print the table, beside the reference's figures when there are any. Returns whether all are within tolerance."""
    compared = [compare(row, reference[row.corruption, row.severity]) for row in found] if reference else None
    table = Table(title="Measured, and the reference in brackets" if compared else None)
    for column in COLUMNS:
        table.add_column(HEADINGS[column], justify="left" if column == "corruption" else "right", no_wrap=True)
    if compared:
        table.add_column("of the tolerance", no_wrap=True)
        for one in compared:
            table.add_row(*(_cell(one, column) for column in COLUMNS), _verdict(one))
    else:
        for row in found:
            table.add_row(*(shown(column, getattr(row, column)) or "-" for column in COLUMNS))
    console.print(table)
    if not compared:
        return True
    out = [one for one in compared if one.outside]
    console.print(_summary(compared, out), highlight=False, soft_wrap=True)
    return not out


def _cell(one: Compared, column: str) -> str:
    value = shown(column, getattr(one.effect, column))
    if column in COLUMNS[:2] or not value:
        return value or "-"
    expected = shown(column, getattr(one.reference, column))
    text = f"{value} ({expected})" if expected else value
    return f"[red]{text}[/red]" if column in one.outside else text


def _verdict(one: Compared) -> str:
    if not one.used:
        return "-"
    text = f"{100 * one.used[one.worst]:3.0f} %  {HEADINGS[one.worst]}"
    return f"[red]{text}: OUT[/red]" if one.outside else text


def _summary(compared: Sequence[Compared], out: Sequence[Compared]) -> str:
    if out:
        listed = ", ".join(f"{one.effect.corruption} {one.effect.severity}" for one in out)
        return f"{len(out)} of {len(compared)} conditions are out of tolerance: {listed}."
    judged = [one for one in compared if one.used]
    if not judged:
        return "The reference has nothing to compare with."
    nearest = max(judged, key=lambda one: one.used[one.worst])
    name, share = label_of(nearest.effect.corruption), f"{100 * nearest.used[nearest.worst]:.0f} %"
    return (
        f"All {len(compared)} conditions are within tolerance; nearest to a limit is {name} at severity "
        f"{nearest.effect.severity}, whose {HEADINGS[nearest.worst]} takes {share} of what is allowed."
    )


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
