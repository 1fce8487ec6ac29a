"""What the app does before anybody asks: it reads the modules of its pages, and has the corruptions compiled.

First what the start page needs, while the browser starts; once a page was drawn all others, which takes seconds. As
long as this goes on, nothing is looked through for garbage, of which modules leave next to none: that would be a sixth
of the time. Afterwards what is there then is not looked through again.
Compiling takes the processor for longer, once on a machine, so it is done in a process of its own, and the Gallery says
that it waits for it.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

LOOPS = "analysis.corruptions.compiled"
PATIENCE = 120
"""Seconds after which the loops are compiled by whoever needs them."""
PAUSE = 1.0
"""Seconds after a page was drawn, in which it is sent."""

_compiling: list[subprocess.Popen[bytes]] = []
_waiting: list[Callable[[], None]] = []


def begin() -> None:
    """Begin with the start page, without waiting for it; the rest is for `go_on`."""
    gc.disable()
    _waiting.append(_read_the_rest)
    threading.Thread(target=_read_start_page, name="warming", daemon=True).start()


def go_on() -> None:
    """Read and compile the rest, where that was begun; for when a page was drawn."""
    with suppress(IndexError):  # where several pages are drawn at once, one of them finds it
        timer = threading.Timer(PAUSE, _waiting.pop())
        timer.daemon = True
        timer.start()


def compiling() -> bool:
    """Whether the corruptions are being compiled."""
    return any(process.poll() is None for process in _compiling)


def wait() -> None:
    """Wait until they are."""
    for process in _compiling:
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)


def _read_start_page() -> None:
    with suppress(Exception):  # whoever asks for the page says what is wrong
        from app.shell import navigation, pages, sections  # noqa: F401

        sections.of_page(pages.in_order()[0].name)


def _read_the_rest() -> None:
    try:
        with suppress(Exception):
            from analysis.corruptions.compiled.stored import lacking
            from app.shell import sections

            if lacking():
                quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
                _compiling.append(subprocess.Popen([sys.executable, "-m", LOOPS], **quiet))  # type: ignore[call-overload]
            list(sections.SECTIONS)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
