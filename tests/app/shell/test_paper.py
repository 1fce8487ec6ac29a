"""Figures for a paper."""

import re
import zlib

import pytest

from app.shell import paper
from app.shell.paper import to_pdf
from pruning.errors import UserError

LOOK = "font-family: 'Source Sans', 'Source Sans 3', sans-serif; font-size: 13px"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="391.5" height="200" viewBox="0 0 391.5 200">'
    f'<text x="10" y="40" style="{LOOK}">IMP reinitialised − 90 % &lt;</text>'
    f'<text x="10" y="80" style="{LOOK}; font-weight: 700">Bold</text></svg>'
)


def test_a_pdf_is_as_wide_as_the_column_and_holds_its_fonts() -> None:
    pytest.importorskip("typst")
    pytest.importorskip("fontpkg_source_sans_3")
    pdf = to_pdf(SVG, 8.5)
    width, height = map(float, re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf).groups())  # type: ignore[union-attr]
    assert width == pytest.approx(8.5 / 2.54 * 72, abs=0.1)
    assert height / width == pytest.approx(200 / 391.5, abs=0.001)
    assert set(re.findall(rb"/FontName\s*/\w+\+([\w-]+)", whole(pdf))) == {b"SourceSans3-Regular", b"SourceSans3-Bold"}
    assert whole(pdf).count(b"/FontFile2") == 2


@pytest.mark.parametrize(("svg", "cm"), [("", 8.5), ("<svg>", 8.5), (SVG, 0), (SVG, 1e9)])
def test_what_is_no_drawing_is_said(svg: str, cm: float) -> None:
    with pytest.raises(UserError, match=r"PDF"):
        to_pdf(svg, cm)


def test_letters_that_the_font_of_the_page_has_not_come_from_another_or_are_named() -> None:
    pytest.importorskip("typst")
    pytest.importorskip("fontpkg_source_sans_3")
    with pytest.raises(UserError, match="\U0010ffff; take the SVG"):  # no character, so that no font has it
        to_pdf(SVG.replace("Bold", "Cat \U0010ffff"), 8.5)
    armenian = "\u0540\u0561\u0575"
    if any(font >= set(map(ord, armenian)) for font in paper._covers().values()):
        pdf = whole(to_pdf(SVG.replace("Bold", armenian), 8.5))
        assert len(set(re.findall(rb"/FontName\s*/\w+\+([\w-]+)", pdf))) == 2


def whole(pdf: bytes) -> bytes:
    """The file, and what is compressed in it."""
    parts = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return b"\n".join([pdf, *(unpacked(part) for part in parts)])


def unpacked(part: bytes) -> bytes:
    try:
        return zlib.decompress(part)
    except zlib.error:
        return b""
