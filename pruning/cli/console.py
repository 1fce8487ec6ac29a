"""What the command lines have in common: errors as one sentence, and Ctrl-C as one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape

from pruning.errors import UserError

INTERRUPTED = 130  # the shell's exit status for a program stopped by Ctrl-C


def main(app: typer.Typer) -> None:
    """Run a command line: a `UserError` becomes its sentence on stderr and exit status 2, never a traceback."""
    console = Console(stderr=True)
    try:
        app()
    except UserError as error:
        console.print(f"[bold red]Error:[/bold red] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(2)


@contextmanager
def stoppable(done: str) -> Iterator[None]:
    """Let Ctrl-C end a command with a sentence: what was `done` ("found", "measured") is kept."""
    try:
        yield
    except KeyboardInterrupt:
        sentence = f"Stopped. What was {done} is kept; the same command goes on from here."
        Console(stderr=True).print(sentence, highlight=False, soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
