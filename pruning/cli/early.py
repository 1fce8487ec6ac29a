"""A command line's first seconds, in which torch is imported: Ctrl-C ends them with a sentence too."""

import importlib
import os
import signal
from types import FrameType

INTERRUPTED = 130  # the shell's exit status for a program stopped by Ctrl-C


def run(module: str) -> None:
    """Import the module that holds the command line `app`, and run it."""
    before = signal.signal(signal.SIGINT, _stop)
    commands = importlib.import_module(module)
    main = importlib.import_module("pruning.cli.console").main
    signal.signal(signal.SIGINT, before)
    main(commands.app)


def _stop(number: int, frame: FrameType | None) -> None:
    # At once: an exception in the middle of an import of compiled code comes out as another one.
    os.write(2, b"Stopped before anything was begun.\n")
    os._exit(INTERRUPTED)
