"""A figure for a paper: a browser's SVG as PDF, its fonts embedded."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from html import unescape
from pathlib import Path
from string import printable

from pruning.errors import UserError

MISSING = (
    "A PDF needs what is not installed: pip install typst fonttools fontpkg-source-sans-3, and start the app again; or "
    "take the SVG."
)
WEIGHTS = (400, 700)
LARGEST = 50_000_000  # characters


def to_pdf(svg: str, cm: float) -> bytes:
    """One page that is as large as the drawing.

    Args:
        svg: the drawing; its `viewBox` or its size gives the ratio of height to width.
        cm: the width on paper.

    Letters that the page's font has not come from fonts of this machine, as in a browser.

    Raises:
        UserError: what makes it is not installed, the drawing cannot be read, or no font here has one of its letters.
    """
    try:
        import typst
    except ImportError:
        raise UserError(MISSING) from None
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg[:2000])
    if not found or len(svg) > LARGEST or not 1 <= cm <= 100:
        raise UserError("This chart is too large for a PDF, or no drawing; take the PNG.")
    width, height = map(float, found.groups())
    page = (
        f'#set page(width: {cm}cm, height: {cm * height / width:.4f}cm, margin: 0pt)\n#image("figure.svg", width: 100%)'
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "figure.svg").write_text(svg, encoding="utf-8")
        Path(folder, "page.typ").write_text(page, encoding="utf-8")
        characters = "".join(sorted({*printable, *unescape(" ".join(re.findall(r">([^<>]+)<", svg)))}))
        for file in _others(_lacking(characters)):
            shutil.copy(file, folder)
        for weight in WEIGHTS:
            Path(folder, f"{weight}.ttf").write_bytes(_font(characters, weight))
        try:
            made = typst.compile(
                str(Path(folder, "page.typ")), root=folder, font_paths=[folder], ignore_system_fonts=True
            )
        except typst.TypstError as error:
            raise UserError(f"The drawing could not be made into a PDF ({error}); take the SVG.") from None
    return bytes(made)


def _source() -> Path:
    """The file of the page's font, which has all weights."""
    try:
        import fontpkg_source_sans_3 as package
    except ImportError:
        raise UserError(MISSING) from None
    files = Path(package.ROOT, "files").glob("*.ttf")
    return next(file for file in files if "Italic" not in file.name)


def _lacking(characters: str) -> set[str]:
    """Those of the characters that leave ink and that the page's font has not."""
    own, unseen = _read(_source()), {"Cc", "Cf", "Zs", "Zl", "Zp"}
    return {each for each in characters if ord(each) not in own and unicodedata.category(each) not in unseen}


@cache
def _read(file: Path, number: int = -1) -> frozenset[int]:
    """The characters that a font has; none where it cannot be read."""
    try:
        from fontTools.ttLib import TTFont, TTLibError
    except ImportError:
        raise UserError(MISSING) from None
    try:
        with TTFont(file, fontNumber=number, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except (TTLibError, OSError):
        return frozenset()


def _others(lacking: set[str]) -> Iterator[Path]:
    """Fonts of this machine that have these characters, each the one that has most of those still left.

    Raises:
        UserError: none has one of them.
    """
    left = set(map(ord, lacking))
    fonts = _covers() if left else {}
    while left:
        file = max(fonts, key=lambda each: len(fonts[each] & left), default=None)
        if file is None or not fonts[file] & left:
            letters = " ".join(sorted(map(chr, left))[:12])
            raise UserError(f"No font of the machine that runs the app has these letters: {letters}; take the SVG.")
        left -= fonts[file]
        yield file


def _covers() -> dict[Path, frozenset[int]]:
    """Each font of this machine, plain ones first, and the characters that it has."""
    from typst import Fonts

    every = Fonts(include_system_fonts=True, include_embedded_fonts=False).fonts()
    plain = sorted(every, key=lambda font: (font.style != "normal", abs(font.weight - WEIGHTS[0])))
    return {Path(font.path): _read(Path(font.path), font.index) for font in plain if font.path is not None}


@lru_cache(maxsize=64)
def _font(characters: str, weight: int) -> bytes:
    """The page's font as far as it has these characters, of one weight.

    Of a font that has all weights typst takes the thinnest; and to make another of the whole of it takes 16 seconds.
    """
    try:
        from fontTools.subset import Options, Subsetter
        from fontTools.ttLib import TTFont
        from fontTools.varLib.instancer import instantiateVariableFont
    except ImportError:
        raise UserError(MISSING) from None
    font = TTFont(_source())
    part = Subsetter(Options(layout_features=["kern"], name_IDs=["*"]))
    part.populate(text=characters)
    part.subset(font)
    made = io.BytesIO()
    instantiateVariableFont(font, {"wght": weight}, updateFontNames=True).save(made)
    return made.getvalue()
