"""QR codes as squares of modules: written by segno, read by a real reader, zxing-cpp (ISO/IEC 18004).

A module is True where it is dark. In a network's mask dark stands for a kernel that is alive.
"""

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import segno
import zxingcpp
from segno import consts

from pruning.errors import UserError

LEVEL = "H"
"""Of error correction: nearly a third of the codewords of eight modules may be wrong."""

FIXED = (
    consts.TYPE_FINDER_PATTERN_DARK, consts.TYPE_FINDER_PATTERN_LIGHT, consts.TYPE_SEPARATOR,
    consts.TYPE_TIMING_DARK, consts.TYPE_TIMING_LIGHT, consts.TYPE_DARKMODULE,
    consts.TYPE_ALIGNMENT_PATTERN_DARK, consts.TYPE_ALIGNMENT_PATTERN_LIGHT,
    consts.TYPE_VERSION_DARK, consts.TYPE_VERSION_LIGHT,
)  # fmt: skip
"""What the standard says of a code of this size, whatever its text; the format bits depend on the text."""

PIXELS, QUIET = 4, 4
"""Of a module, along one side; modules of white round the code. Both are for the reader."""


@dataclass(frozen=True)
class Code:
    """The smallest QR code at level H that holds a text.

    Raises:
        UserError: the text is empty, or no QR code of level H holds it.
    """

    text: str

    def __post_init__(self) -> None:
        if not self.text:
            raise UserError("The code of an owner has no text; give it a few letters.")
        if read(self.modules) != self.text:
            raise UserError(
                "The text of the code does not come back from a QR reader; take letters and digits that Latin-1 or "
                "UTF-8 can write."
            )

    @cached_property
    def modules(self) -> np.ndarray:
        """The code, bool [s, s], True = dark."""
        return _drawn(self.text)[0]

    @cached_property
    def fixed(self) -> np.ndarray:
        """Which modules are the same for any text of that size, bool [s, s]."""
        return _drawn(self.text)[1]

    @property
    def side(self) -> int:
        """Modules along one side: 21, 25, ..., 177."""
        return len(self.modules)

    @property
    def bits(self) -> int:
        """Modules that are not fixed, which are what a mask is compared with."""
        return int((~self.fixed).sum())

    @property
    def dark(self) -> int:
        """How many of these are dark."""
        return int((self.modules & ~self.fixed).sum())

    @property
    def digest(self) -> str:
        """The SHA-256 of the text in UTF-8, 64 hexadecimal digits."""
        return digest_of(self.text)


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, 64 hexadecimal digits.

    It hides only a text that cannot be guessed: add some random letters to a name.
    """
    return hashlib.sha256(text.encode()).hexdigest()


def longest(side: int) -> int:
    """Return how many bytes the largest code holds whose side is at most this; 0 where there is none.

    Of capital letters and digits a code holds nearly half as many again.
    """
    version = min(40, (side - 17) // 4)
    if version < 1:
        return 0
    capacity: Any = consts.SYMBOL_CAPACITY
    bits: int = capacity[version][consts.ERROR_LEVEL_H]
    return (bits - 4 - (8 if version < 10 else 16)) // 8


def read(modules: np.ndarray) -> str | None:
    """Return the text of a code some of whose modules may be wrong, None where the reader finds none.

    Only what the standard fixes is put right before: finders, separators, timing, alignment. What depends on the text,
    the format bits included, is left to the reader.

    Args:
        modules: bool [s, s], True = dark.
    """
    right, fixed = _drawn("0", (len(modules) - 17) // 4)
    dark = np.where(fixed, right, modules)
    image = np.where(np.pad(dark, QUIET), 0, 255).astype(np.uint8)
    image = image.repeat(PIXELS, axis=0).repeat(PIXELS, axis=1)
    formats = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    found = zxingcpp.read_barcode(image, formats=formats, is_pure=True, text_mode=zxingcpp.TextMode.Plain)
    return found.text if found is not None and found.valid else None


@cache
def _drawn(text: str, version: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The modules of a text's code and which of them are fixed."""
    try:
        code = segno.make(text, version=version, error=LEVEL, boost_error=False, micro=False)
    except (segno.DataOverflowError, ValueError):
        size = len(text.encode())
        raise UserError(
            f"The text of the code has {size} bytes, and a QR code of level {LEVEL} holds {longest(177)}; shorten it."
        ) from None
    kinds = np.array(list(code.matrix_iter(border=0, verbose=True)))
    return kinds >> 8 > 0, np.isin(kinds, FIXED)
