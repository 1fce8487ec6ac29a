"""A sheet as one PNG file, labels and all: every picture in whole multiples of its own pixels."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import numpy as np
import streamlit
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from analysis.comparisons.corrupted_image import CorruptedImage
from analysis.corruptions.conditions import Condition
from app.shell.theme import Theme
from app.views.gallery.charts.sheet import SHORT, sign
from app.views.gallery.charts.sheet_layout import Block, Line
from app.views.gallery.sheet import summary

PICTURE = 112
"""About how many pixels a picture measures in the file."""
TEXT, TITLE = 17, 24
MARGIN, LABEL, GAP, FRAME = 28, 190, 12, 4
BELOW, GROUP = 28, 42  # below a picture for its prediction, and above a group for its heading

Place = tuple[int, int]


class Plan:
    """Where everything stands in the file, in pixels from the left upper corner.

    Attributes: `scale`: file pixels a pixel of a picture. `pictures`: (condition, left, top) of each. `lines` and
    `groups`: top of each line and of each heading, with its text. `size`: (width, height) of the file.
    """

    def __init__(self, sheet: CorruptedImage, block: Block) -> None:
        self.sheet, self.block = sheet, block
        high, wide = sheet.images.shape[-2:]
        self.scale = max(1, round(PICTURE / max(high, wide)))
        self.wide, self.high = wide * self.scale, high * self.scale
        self.pictures: list[tuple[Condition, int, int]] = []
        self.lines: list[tuple[Line, int]] = []
        self.groups: list[tuple[str, int]] = []
        long = any(len(name) > SHORT for name in sheet.classes)
        self.below = 0 if sheet.prediction is None else BELOW + (TEXT + 4 if long else 0)
        self.top = MARGIN + 2 * TITLE + 2 * TEXT
        y = self.top + 2 * TEXT
        for group in block.groups:
            if group.title:
                self.groups.append((group.title, y + GROUP - TEXT - 12))
                y += GROUP
            for line in group.lines:
                self.lines.append((line, y))
                self.pictures += [(cell, self.left(at), y) for at, cell in enumerate(line.cells) if cell]
                y += self.high + self.below + GAP
        self.size = (self.left(len(block.heads)) - GAP + MARGIN, y + MARGIN - GAP)

    def left(self, column: int) -> int:
        """The left edge of a column's pictures."""
        return int(MARGIN + LABEL + column * (self.wide + GAP))


def sheet_png(sheet: CorruptedImage, block: Block, theme: Theme, note: str = "") -> bytes:
    """The sheet as a PNG file: title, headings, labels, pictures in their frames, and their predictions.

    `note`, one sentence, stands below the title and in the file's description: which image, which noise.
    """
    plan = Plan(sheet, block)
    file = Image.new("RGB", plan.size, theme.surface)
    pen = ImageDraw.Draw(file)
    pen.text(
        (MARGIN, MARGIN), _fitting(summary(sheet), plan.size[0] - 2 * MARGIN, TITLE), theme.ink, _font(TITLE, True)
    )
    pen.text((MARGIN, MARGIN + TITLE + 10), _fitting(note, plan.size[0] - 2 * MARGIN, TEXT), theme.muted, _font(TEXT))
    _headings(pen, plan, theme)
    places = {condition: at for at, condition in enumerate(sheet.conditions)}
    for condition, x, y in plan.pictures:
        _picture(file, pen, plan, theme, places[condition], (x, y))
    about = PngImagePlugin.PngInfo()
    about.add_itxt("Description", note)
    out = io.BytesIO()
    file.save(out, format="PNG", pnginfo=about)
    return out.getvalue()


def _headings(pen: ImageDraw.ImageDraw, plan: Plan, theme: Theme) -> None:
    """What stands above the columns, above the groups and left of the lines."""
    right, font = MARGIN + LABEL - GAP, _font(TEXT)
    pen.text((right, plan.top), plan.block.corner, theme.muted, font, anchor="rt")
    for at, head in enumerate(plan.block.heads):
        pen.text((plan.left(at) + plan.wide // 2, plan.top), head, theme.muted, font, anchor="mt")
    for title, y in plan.groups:
        pen.text((MARGIN, y), title, theme.muted, _font(TEXT, True))
    for line, y in plan.lines:
        pen.text((right, y + plan.high // 2), _fitting(line.label, LABEL - GAP, TEXT), theme.ink, font, anchor="rm")


def _picture(file: Image.Image, pen: ImageDraw.ImageDraw, plan: Plan, theme: Theme, at: int, place: Place) -> None:
    """One picture, framed when it was classified, and the prediction below it."""
    (x, y), sheet = place, plan.sheet
    pixels = sheet.images[at].repeat(plan.scale, axis=1).repeat(plan.scale, axis=2)
    picture = Image.fromarray(pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    met = bool(sheet.on_target[at])
    if sheet.prediction is not None:
        box = (x - FRAME, y - FRAME, x + plan.wide + FRAME - 1, y + plan.high + FRAME - 1)
        pen.rectangle(box, outline=theme.good if met else theme.bad, width=FRAME)
    file.paste(picture, place)
    if sheet.prediction is not None and sheet.confidence is not None:
        name, under = f"{sign(sheet, at)} {sheet.classes[sheet.prediction[at]]}".strip(), y + plan.high + FRAME + 3
        sure, step = f"{100 * sheet.confidence[at]:.0f} %", plan.below - BELOW
        pen.text(
            (x if step else x + plan.wide, under + step), sure, theme.muted, _font(TEXT), anchor="la" if step else "ra"
        )
        room = plan.wide if step else plan.wide - _font(TEXT).getlength(sure) - 4
        pen.text((x, under), _fitting(name, room, TEXT), theme.ink if met else theme.bad, _font(TEXT, True))


def _fitting(text: str, room: float, size: int) -> str:
    """The text, shortened to so many pixels."""
    font = _font(size, True)
    if font.getlength(text) <= room:
        return text
    return next((f"{text[:at]}…" for at in range(len(text), 0, -1) if font.getlength(f"{text[:at]}…") <= room), "")


@cache
def _font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The app's own font, which Streamlit ships; Pillow's where it cannot be had."""
    files = sorted(Path(streamlit.__file__).parent.glob("static/static/media/SourceSansVF-Upright*.woff2"))
    try:
        font = ImageFont.truetype(files[0], size)
        font.set_variation_by_axes([600 if bold else 400])
        return font
    except (OSError, IndexError):
        return ImageFont.load_default(size)
