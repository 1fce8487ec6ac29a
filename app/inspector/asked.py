"""Which image the URL asks the inspector for."""

from __future__ import annotations

from app.shell.selection import Selection
from app.shell.url import mirror

OPTION = "inspect"
"""The image's name in the URL."""


def asked(selection: Selection) -> int | None:
    """The image that the URL asks for; None where the inspector is closed."""
    text = mirror().get(OPTION, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def inspect(selection: Selection, sample: int) -> None:
    """Open the inspector with an image, which is that of the pages too. For use in a callback."""
    selection.set(**{OPTION: str(sample), "sample": str(sample)})
