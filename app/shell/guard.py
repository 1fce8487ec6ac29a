"""The guard against tracebacks, and the log that keeps them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from logging.handlers import RotatingFileHandler
from typing import ParamSpec, TypeVar, cast

import streamlit as st

from app.allowed import Untrusted
from app.names import shown
from app.shell import layout, trust
from pruning.errors import UserError
from pruning.study.opened import state_folder

LOG_FILE = state_folder() / "app.log"  # in a folder that all share, others could lay out where it leads
_log = logging.getLogger("app")

P = ParamSpec("P")
R = TypeVar("R")


def guard(draw: Callable[P, R], *arguments: P.args, **options: P.kwargs) -> R | None:
    """Draw something; what goes wrong becomes a message, never a traceback. Returns what `draw` does, or None.

    A `UserError` says itself what to do, and code that nobody has allowed yet can be allowed there. Anything else is
    our mistake: an apology, and the details in `LOG_FILE`.
    """
    try:
        return draw(*arguments, **options)
    except Untrusted as error:
        trust.offer(error)
    except UserError as error:
        layout.empty(shown(str(error)))
    except Exception:  # Streamlit's own control flow (stop, rerun) is no Exception
        log().exception("A page failed")
        st.error(f"Sorry, this page could not be drawn; the details are in {LOG_FILE}.", icon=":material/error:")
    return None


def fragment(draw: Callable[P, object]) -> Callable[P, None]:
    """`st.fragment`, guarded within: Streamlit itself shows a traceback of what leaves one, and clicks run it alone."""

    @wraps(draw)
    def guarded(*arguments: P.args, **options: P.kwargs) -> None:
        guard(draw, *arguments, **options)

    return cast(Callable[P, None], st.fragment(guarded))


def log() -> logging.Logger:
    """The app's logger, which writes to `LOG_FILE`."""
    if not any(isinstance(handler, RotatingFileHandler) for handler in _log.handlers):
        with suppress(OSError):  # without it what went wrong goes to the terminal alone
            LOG_FILE.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(LOG_FILE, maxBytes=1_000_000, backupCount=1, delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        _log.addHandler(handler)
        _log.propagate = False
    return _log
