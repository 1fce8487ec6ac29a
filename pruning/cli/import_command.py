"""`python -m pruning import`: what the user says, the questions that are left, and the report."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer
from rich.console import Console

from pruning.cli.progress_bar import ProgressBar
from pruning.errors import UserError


@dataclass(frozen=True)
class Choices:
    """The options of the command line, in its order."""

    model: str | None
    name: str | None
    masks: Path | None
    zeros_are_pruned: bool
    mean: str | None
    std: str | None
    into: Path | None
    root: Path | None
    download: bool


def run(checkpoint: Path, data: str, choices: Choices) -> None:
    """Import, and say what was found and what to do next. Where several networks fit, a person is asked which it is.

    Raises:
        UserError: as `pruning.study.checkpoint_import.import_network`.
    """
    # recognition and torchvision take a moment to import, which the other commands need not wait for
    from pruning.recognition import SeveralFit
    from pruning.study.checkpoint_import import Options, import_network

    options = Options(
        choices.model,
        choices.name,
        choices.masks,
        choices.zeros_are_pruned,
        numbers("--mean", choices.mean),
        numbers("--std", choices.std),
        choices.into,
        choices.root,
        choices.download,
    )

    def attempt(options: Options) -> list[str]:
        with ProgressBar("importing") as progress:
            found = import_network(checkpoint, data, options, progress)
        return [*found.report, f"Next: make study STUDY={found.folder / 'study.toml'}"]

    try:
        lines = attempt(options)
    except SeveralFit as error:
        if not sys.stdin.isatty():
            raise
        lines = attempt(replace(options, model=_ask(error.models)))
    for line in lines:
        Console().print(line, markup=False, highlight=False, soft_wrap=True)


def _ask(names: Sequence[str]) -> str:
    """The network that the user picks from those that fit."""
    typer.echo("The checkpoint fits several networks that differ in no shape:")
    for number, name in enumerate(names, 1):
        typer.echo(f"  {number}  {name}")
    answer = 0
    while not 1 <= answer <= len(names):
        answer = typer.prompt("Which is it (its number)", type=int)
    return names[answer - 1]


def numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    """Numbers with commas between them. Raises UserError when they are none."""
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"{option} {text} must be numbers with commas between them, one a channel.") from None
