"""The command `import`: what the user says, the questions that are left, and the report."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pruning.cli.console import PlainConsole
from pruning.cli.options import Download, Root
from pruning.cli.progress_bar import ProgressBar
from pruning.errors import UserError
from pruning.study.known import remember


def import_checkpoint(
    checkpoint: Annotated[
        Path, typer.Argument(help="A file of weights: .pt, .pth, .th, .safetensors, .npz.", show_default=False)
    ],
    data: Annotated[
        str, typer.Option(help="The data set it is for, such as cifar10 or folder:PATH.", show_default="that of --into")
    ] = "",
    model: Annotated[
        str | None, typer.Option(help="The network, or path/to/file.py:factory.", show_default="recognised")
    ] = None,
    classifier: Annotated[
        str | None,
        typer.Option(help='The layer whose output is the logits, or "none".', show_default="found by running"),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="Its task, or path/to/file.py:factory.", show_default="to classify"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it.", show_default="the file's name")] = None,
    masks: Annotated[
        Path | None, typer.Option(help="A file with masks apart from the weights.", show_default=False)
    ] = None,
    zeros: Annotated[bool, typer.Option("--zeros-are-pruned", help="Take weights that are zero as pruned.")] = False,
    inverted: Annotated[bool, typer.Option("--inverted-masks", help="1 means pruned in the masks.")] = False,
    keep: Annotated[
        float | None,
        typer.Option(help="Where the masks are scores: the fraction of each weight kept.", min=0, max=1),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The key its weights are under, where there are several.", show_default="found")
    ] = None,
    prefix: Annotated[
        str | None, typer.Option(help="What their names begin with, where there are others.", show_default="found")
    ] = None,
    mean: Annotated[
        str | None, typer.Option(help="What the input is normalised by, as 0.5,0.5,0.5.", show_default="tried out")
    ] = None,
    std: Annotated[str | None, typer.Option(help="As --mean.", show_default="tried out")] = None,
    into: Annotated[
        Path | None, typer.Option(help="Add it to this study as a ticket.", show_default="a study of its own")
    ] = None,
    root: Root = None,
    download: Download = False,
) -> None:
    """Bring a network that was trained elsewhere: makes a study of it, to prune and to compare.

    Nothing in the file is executed. Which network it is, and how its input is normalised, is found out and reported.
    Where several networks fit, a person is asked which it is.
    """
    # recognition and torchvision take a moment to import, which the other commands need not wait for
    from pruning.recognition import SeveralFit
    from pruning.study.checkpoint_import import ImportOptions, ImportResult, import_network

    means, stds = numbers("--mean", mean), numbers("--std", std)
    options = ImportOptions(
        model, name, masks, zeros, means, stds, into, root, download, classifier, task, keep, inverted, key, prefix
    )

    def attempt(options: ImportOptions) -> ImportResult:
        with ProgressBar("importing") as bar:
            return import_network(checkpoint, data, options, bar.tell)

    try:
        made = attempt(options)
    except SeveralFit as error:
        if not sys.stdin.isatty():
            raise
        made = attempt(replace(options, model=_ask(error.models)))
    remember(made.folder)
    for line in [*made.report, f"Next: make study STUDY={made.folder / 'study.toml'}"]:
        PlainConsole().print(line, highlight=False, soft_wrap=True)


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
