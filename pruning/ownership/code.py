"""QR codes as squares of modules: written by segno, read by a real reader, zxing-cpp (ISO/IEC 18004).

A module is True where it is dark. In a network's mask dark stands for a kernel that is alive.
"""

import hashlib
import random
from collections.abc import Callable
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

OTHERS = 64
"""Texts that are drawn to see what they share: a module that is free is the same in all with a chance of 2 ** -63."""

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

    @cached_property
    def shared(self) -> np.ndarray:
        """Which modules say nothing of the text, bool [s, s], `fixed` included.

        Texts of the same mode and length share their format bits, the mode, the length and the padding. Under another
        of the eight mask patterns these modules are others, but still the same for all texts; so they are no evidence
        for one text rather than another. What is left is written by the text alone: its own bits, and those for error
        correction.
        """
        code = _made(self.text)
        found: np.ndarray = self.fixed | _alike(code.mode, len(_written(self.text, code.mode)), int(code.version))
        return found

    @property
    def side(self) -> int:
        """Modules along one side: 21, 25, ..., 177."""
        return len(self.modules)

    @property
    def bits(self) -> int:
        """Modules that are not shared, which are what a mask is compared with."""
        return int((~self.shared).sum())

    @property
    def dark(self) -> int:
        """How many of these are dark."""
        return int((self.modules & ~self.shared).sum())

    @property
    def capacity(self) -> int:
        """Bits of data that a code of this size holds; no more than 2 to their number of texts have one."""
        return _capacity((self.side - 17) // 4)

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
    return (_capacity(version) - 4 - (8 if version < 10 else 16)) // 8


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


def _capacity(version: int) -> int:
    """Bits of data at level H."""
    capacity: Any = consts.SYMBOL_CAPACITY
    bits: int = capacity[version][consts.ERROR_LEVEL_H]
    return bits


def _made(text: str | bytes, version: int | None = None, mode: str | None = None, mask: int | None = None) -> Any:
    """Segno's code of a text. Raises ValueError or segno.DataOverflowError where there is none."""
    return segno.make(text, version=version, error=LEVEL, boost_error=False, micro=False, mode=mode, mask=mask)


@cache
def _drawn(text: str, version: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The modules of a text's code and which of them are fixed."""
    try:
        code = _made(text, version)
    except (segno.DataOverflowError, ValueError):
        size = len(text.encode())
        raise UserError(
            f"The text of the code has {size} bytes, and a QR code of level {LEVEL} holds {longest(177)}; shorten it."
        ) from None
    kinds = np.array(list(code.matrix_iter(border=0, verbose=True)))
    return kinds >> 8 > 0, np.isin(kinds, FIXED)


def _written(text: str, mode: str) -> str | bytes:
    """The characters that a code counts: bytes in byte mode, in the first encoding that has them all, as segno does."""
    if mode != "byte":
        return text
    for encoding in ("latin-1", "shift_jis"):
        try:
            return text.encode(encoding)
        except UnicodeError:
            continue
    return text.encode()


_CHARACTERS: dict[str, Callable[[random.Random], bytes]] = {
    "numeric": lambda draws: draws.choice(b"0123456789").to_bytes(),
    "alphanumeric": lambda draws: draws.choice(consts.ALPHANUMERIC_CHARS).to_bytes(),
    "byte": lambda draws: draws.randbytes(1),
    "kanji": lambda draws: bytes((draws.choice((*range(0x89, 0x98), *range(0xE0, 0xEA))), draws.randint(0x40, 0x7E))),
}
"""Draw a character of a mode, as it is counted."""


@cache
def _alike(mode: str, count: int, version: int) -> np.ndarray:
    """Which modules are the same for all texts of a mode and number of characters under one mask pattern."""
    draws = random.Random(0)
    texts = (b"".join(_CHARACTERS[mode](draws) for _ in range(count)) for _ in range(OTHERS))
    codes = np.array([list(_made(text, version, mode, mask=0).matrix) for text in texts]) > 0
    same: np.ndarray = (codes == codes[0]).all(0)
    return same
