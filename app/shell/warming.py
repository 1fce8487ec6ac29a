"""What the app does before anybody asks: it reads the modules of its pages, and has the corruptions compiled.

Reading torch and the pages takes seconds, in which the browser starts; compiling takes the processor for longer, once
on a machine, so it is done in a process of its own, and the Gallery says that it waits for it.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress

LOOPS = "analysis.corruptions.compiled"
PATIENCE = 120
"""Seconds after which the loops are compiled by whoever needs them."""

_compiling: list[subprocess.Popen[bytes]] = []


def begin() -> None:
    """Begin with both, without waiting for it."""
    threading.Thread(target=_warm, name="warming", daemon=True).start()


def compiling() -> bool:
    """Whether the corruptions are being compiled."""
    return any(process.poll() is None for process in _compiling)


def wait() -> None:
    """Wait until they are."""
    for process in _compiling:
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)


def _warm() -> None:
    with suppress(Exception):  # whoever asks for the page says what is wrong
        from app.shell import navigation, pages, sections  # noqa: F401

        pages.in_order()
        list(sections.SECTIONS)
        from analysis.corruptions.compiled.stored import lacking

        if lacking():
            quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            _compiling.append(subprocess.Popen([sys.executable, "-m", LOOPS], **quiet))  # type: ignore[call-overload]
