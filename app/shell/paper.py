"""A figure for a paper: a browser's SVG as PDF, its fonts embedded."""

from __future__ import annotations

import io
import re
import tempfile
from functools import lru_cache
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

    Raises:
        UserError: what makes it is not installed, or the drawing cannot be read.
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
        for weight in WEIGHTS:
            Path(folder, f"{weight}.ttf").write_bytes(_font(characters, weight))
        try:
            made = typst.compile(
                str(Path(folder, "page.typ")), root=folder, font_paths=[folder], ignore_system_fonts=True
            )
        except typst.TypstError as error:
            raise UserError(f"The drawing could not be made into a PDF ({error}); take the SVG.") from None
    return bytes(made)


@lru_cache(maxsize=64)
def _font(characters: str, weight: int) -> bytes:
    """The page's font as far as it has these characters, of one weight.

    Of a font that has all weights typst takes the thinnest; and to make another of the whole of it takes 16 seconds.
    """
    try:
        import fontpkg_source_sans_3 as package
        from fontTools.subset import Options, Subsetter
        from fontTools.ttLib import TTFont
        from fontTools.varLib.instancer import instantiateVariableFont
    except ImportError:
        raise UserError(MISSING) from None
    source = next(file for file in (package.ROOT / "files").glob("*.ttf") if "Italic" not in file.name)
    font = TTFont(source)
    part = Subsetter(Options(layout_features=["kern"], name_IDs=["*"]))
    part.populate(text=characters)
    part.subset(font)
    made = io.BytesIO()
    instantiateVariableFont(font, {"wght": weight}, updateFontNames=True).save(made)
    return made.getvalue()
