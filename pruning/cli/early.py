"""A command line's first seconds, in which torch is imported: Ctrl-C and `kill` end them with a sentence too."""

import importlib
import os
import signal
from contextlib import suppress
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM)
"""What asks a program to end: Ctrl-C, and `kill`, the system or a queue of jobs."""
BY_SIGNAL = 128  # and a signal's number are the shell's exit status for a program that it has stopped
INTERRUPTED = BY_SIGNAL + signal.SIGINT


def run(module: str) -> None:
    """Import the module that holds the command line `app`, and run it."""
    before = {number: signal.signal(number, _stop) for number in ENDING}
    commands = importlib.import_module(module)
    main = importlib.import_module("pruning.cli.console").main
    for number, handler in before.items():
        signal.signal(number, handler)
    main(commands.app)


def _stop(number: int, frame: FrameType | None) -> None:
    # At once: an exception in the middle of an import of compiled code comes out as another one.
    with suppress(OSError):  # nobody reads it any more
        os.write(2, b"Stopped before anything was begun.\n")
    os._exit(BY_SIGNAL + number)
