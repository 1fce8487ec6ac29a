"""What the command lines have in common: errors as one sentence, and Ctrl-C as one, or `kill`."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from pruning.cli.early import BY_SIGNAL, ENDING, INTERRUPTED
from pruning.errors import UserError
from pruning.registry import of_plugin
from pruning.study.commands import python

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that move a terminal's cursor, colour it or turn the text round, all but tabs and ends of lines."""

_noted: list[int] = []
"""The signals that have asked this process to end."""

WIDE = 240  # characters of a line in a file or a pipe


class PlainConsole(Console):
    """Where everything is printed, as it is: no text is markup or an emoji, and none tells the terminal to do a thing.

    Titles, names and paths come from files and may hold anything. A style is given beside the text. A file or a pipe is
    wide, whatever the terminal's width, so that no column of a table is cut there.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)
        if "width" not in options and "COLUMNS" not in os.environ and not self.is_terminal:
            self.width = WIDE

    def render_str(self, text: str, **options: Any) -> Text:
        """Return the text for what is printed and for each cell of a table."""
        return super().render_str(readable(text), **options)


def readable(text: str) -> str:
    """Return text without characters that a terminal would act on."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def main(app: typer.Typer) -> None:
    """Run a command line: a `UserError` becomes its sentence on stderr and exit status 2, never a traceback.

    Ctrl-C is a word, and the shell's exit status for it, where the command has no sentence of its own; so is `kill`.
    """
    console = PlainConsole(stderr=True)
    with _interrupts():
        try:
            with of_plugin():
                app(**_named())
        except UserError as error:
            console.print("Error: ", style="bold red", end="")
            console.print(str(error), highlight=False, soft_wrap=True)
            sys.exit(2)
        except SystemExit as ended:
            if not _unanswered(ended):
                raise
        except (Exception, KeyboardInterrupt):  # within an import an interrupt comes out as whatever is raised there
            if not _noted:
                raise
        else:
            return
    console.print("Stopped.")
    sys.exit(_status())


def _named() -> dict[str, str]:
    """What usage calls a program that is run as a module; nothing of one that has a name of its own."""
    spec = sys.modules["__main__"].__spec__ if os.path.basename(sys.argv[0]) == "__main__.py" else None
    return {"prog_name": f"{python()} -m {spec.parent}"} if spec else {}


@contextmanager
def _interrupts() -> Iterator[None]:
    """Note each Ctrl-C on its usual way, and let `kill` take that way too, on which workers are ended in order."""

    def note(number: int, frame: FrameType | None) -> None:
        _noted.append(number)
        signal.default_int_handler(number, frame)

    usual: dict[int, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    noted = [number for number in ENDING if signal.getsignal(number) == usual[number]]
    for number in noted:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number in noted:
            signal.signal(number, usual[number])


def _status() -> int:
    """The exit status of a command that was stopped."""
    return BY_SIGNAL + _noted[0] if _noted else INTERRUPTED


def _unanswered(ended: BaseException | None) -> bool:
    """Whether the exit is typer's own for an interrupt that no command has answered with a sentence."""
    while ended is not None and not isinstance(ended, KeyboardInterrupt):
        ended = ended.__cause__ or (None if ended.__suppress_context__ else ended.__context__)
    return ended is not None


@contextmanager
def stoppable(done: str) -> Iterator[None]:
    """Let an interrupt end a command with a sentence: what was `done` ("found", "measured") is kept."""
    try:
        yield
    except KeyboardInterrupt:
        sentence = f"Stopped. What was {done} is kept; the same command goes on from here."
        PlainConsole(stderr=True).print(sentence, highlight=False, soft_wrap=True)
        raise typer.Exit(_status()) from None
