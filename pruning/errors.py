"""Errors that are the user's to mend, each one sentence: what is wrong, where, and what to do."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class UserError(Exception):
    """A mistake in the input. The message is one sentence that may be shown to the user as it is."""


def nearest(value: str, allowed: Iterable[str]) -> str | None:
    """The allowed name that is spelled most like `value`, or None when nothing is close."""
    found = get_close_matches(str(value).lower(), list(allowed), n=1, cutoff=0.6)
    return found[0] if found else None


def unknown(kind: str, value: str, allowed: Iterable[str]) -> UserError:
    """The error for a name that is not known: suggests the nearest one and lists what is allowed."""
    allowed = list(allowed)
    guess = nearest(value, allowed)
    hint = f" Did you mean '{guess}'?" if guess else ""
    return UserError(f"Unknown {kind} '{value}'.{hint} Known: {', '.join(allowed)}.")


def few(names: Sequence[str], most: int = 4) -> str:
    """The first few of the names, and how many more there are."""
    some = ", ".join(names[:most])
    return some if len(names) <= most else f"{some} and {len(names) - most} more"


class WriteError(UserError):
    """A file could not be written: going on with the next one would fail as well."""
