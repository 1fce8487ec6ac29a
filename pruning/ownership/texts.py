"""Where the texts of owners' codes come from: never from a recipe or a ticket, which hold their SHA-256 alone."""

import os
from collections.abc import Iterator
from pathlib import Path

from pruning.errors import UserError
from pruning.ownership.code import Code, digest_of

VARIABLE = "PRUNING_CODES"
"""The environment variable that names a file of texts, one a line."""

PUBLISHED = ("OWNER 1", "OWNER 2", "OWNER 3", "PRUNING")
"""Texts that anybody may know: those of the studies that ship."""

_told: dict[str, str] = {}


def tell(code: Code) -> None:
    """Let this process know the text of a code."""
    _told[code.digest] = code.text


def code_of(digest: str) -> Code:
    """Return the code whose text has a SHA-256.

    It is looked for among the texts that this process was told, in the file that the environment variable
    `PRUNING_CODES` names, and among those that are published.

    Raises:
        UserError: none has it, or the file cannot be read.
    """
    for text in [*_told.values(), *_texts(), *PUBLISHED]:
        if digest_of(text) == digest:
            return Code(text)
    raise UserError(
        f"The text of the code with the SHA-256 {digest[:12]}... is not known here; write it on a line of a file, and "
        f"name that file in the environment variable {VARIABLE}."
    )


def _texts() -> Iterator[str]:
    """The lines of the user's file, without what ends them."""
    name = os.environ.get(VARIABLE)
    if not name:
        return
    try:
        yield from Path(name).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The file {name} that {VARIABLE} names cannot be read: {error}.") from None
