"""Code of a study's or a form's own: run only once the user has said so, which is remembered by what the file says.

Opening a study must not execute it. What was allowed is kept outside of any study, in the user's own state folder, as
digests of the file and of the Python files beside and below it, which it may import.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import streamlit as st

from app.names import shown
from app.shell import layout
from pruning.errors import UserError
from pruning.files import write_atomically
from pruning.models import user_file
from pruning.study.known import state_folder


class Untrusted(UserError):
    """A file of Python code that nobody has allowed to run."""

    def __init__(self, file: Path, digest: str) -> None:
        super().__init__(
            f"{file} is code that the network or the task is made by, and does not run unless it is allowed to."
            if _is_private()
            else f"{file} is code that the network or the task is made by; it never runs where others can open this "
            "app."
        )
        self.file, self.digest = file, digest


def guard_code() -> None:
    """Let no file of a user's own run in this process before it was allowed."""
    user_file.ask_first(_check)


def offer(error: Untrusted) -> None:
    """Say which file asks to be run, and let the user allow it."""
    layout.empty(shown(str(error)), "Only allow code whose origin you know: it can do whatever you can.")
    if _is_private():
        st.button(
            f"Run {error.file.name}",
            key=f"trust {error.digest}",
            icon=":material/terminal:",
            on_click=_remember,
            args=(error.digest,),
            help="Remembered for this file as it is; when it changes, it asks again.",
        )


def _check(file: Path, digest: Callable[[], str]) -> None:
    found = digest()
    if not _is_private() or found not in _allowed():
        raise Untrusted(file, found)


def _place() -> Path:
    return state_folder() / "trusted-code.txt"


def _allowed() -> list[str]:
    try:
        return _place().read_text().split()
    except OSError:
        return []


def _remember(digest: str) -> None:
    _place().parent.mkdir(parents=True, exist_ok=True)
    write_atomically(_place(), "".join(f"{each}\n" for each in dict.fromkeys([*_allowed(), digest])).encode())


def _is_private() -> bool:
    """Whether the app can be reached from this machine alone."""
    address = str(st.get_option("server.address") or "")
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
