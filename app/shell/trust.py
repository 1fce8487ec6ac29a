"""Code of a study's or a form's own: run only once the user has said so, which is remembered by what the file says.

Opening a study must not execute it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app import allowed
from app.allowed import Untrusted
from app.names import shown
from app.shell import layout, work
from app.shell.host import is_private
from pruning.models import user_file


def guard_code() -> None:
    """Let no file of a user's own run in this process before it was allowed."""
    user_file.ask_first(_check)


def offer(error: Untrusted) -> None:
    """Say which file asks to be run, and let the user allow it."""
    layout.empty(shown(str(error)), "Only allow code whose origin you know: it can do whatever you can.")
    if is_private():
        work.allow(error)


def _check(file: Path, digest: Callable[[], str]) -> None:
    allowed.check(file, digest(), is_private())
