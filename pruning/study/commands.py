"""The commands on a study as they are typed, for sentences that say what to run next."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

NEUTRAL = "python"
"""The interpreter in what others read, who have one of their own."""

_others_read = False


def typed(program: str, verb: str, *words: str | Path) -> str:
    """`PYTHON -m PROGRAM VERB WORDS`, ready for a shell whatever a folder is called."""
    return shlex.join((NEUTRAL if _others_read else python(), "-m", program, verb, *map(str, words)))


def shared(program: str, verb: str, *words: str | Path) -> str:
    """The same for what others read: a report, or how a ticket is made again."""
    return shlex.join((NEUTRAL, "-m", program, verb, *map(str, words)))


def finding(study: Path, *options: str) -> str:
    """The command that finds a study's tickets."""
    return typed("pruning", "run", study, *options)


def measuring(study: Path, *options: str) -> str:
    """The command that measures them."""
    return typed("analysis", "run", study, *options)


@contextmanager
def for_others() -> Iterator[None]:
    """Within it, also in other threads, commands are those that `shared` gives."""
    global _others_read
    before, _others_read = _others_read, True
    try:
        yield
    finally:
        _others_read = before


def python() -> str:
    """The interpreter that runs, as a shell in this folder finds it.

    Its path from here where it lies below, as that of a virtual environment does; `python` where that is the same, as
    in one that is activated; else its whole path.
    """
    here = ""
    with suppress(OSError):  # the folder is gone
        here = os.getcwd()
    return _python(sys.executable or NEUTRAL, here, os.environ.get("PATH", ""))


@cache
def _python(executable: str, here: str, path: str) -> str:
    running = Path(executable)
    if here and running.is_relative_to(here):
        inside = os.path.relpath(running, here)
        return inside if os.sep in inside else os.path.join(os.curdir, inside)
    found = shutil.which(NEUTRAL, path=path)
    # by the folder too: the interpreters of all virtual environments are links to one file
    if found and os.path.realpath(running.parent) == os.path.realpath(os.path.dirname(found)):
        with suppress(OSError):
            return NEUTRAL if os.path.samefile(found, running) else executable
    return executable
