"""A sheet as one piece of HTML: every picture with its frame and its prediction."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from PIL import Image

from analysis.comparisons.corrupted_image import CorruptedImage
from analysis.corruptions.conditions import Condition
from analysis.corruptions.fourier import NAMES as WAVES
from app.pictures.grid import picture
from app.shell.theme import Theme
from app.views.gallery.charts.sheet_layout import Block, Group, Line
from app.views.gallery.sheet import about

SMALL, LARGE, WAVE = 60, 132, 56
"""About how many pixels a picture measures on the screen."""
PHOTOGRAPH = 96
"""From so many pixels on a picture travels as a JPEG, which is a tenth of the bytes."""
MOST = 6
"""Columns of a block that has a line a corruption: clean and five severities."""
SHORT = 4
"""Longest name of a class, in letters, that leaves room for the confidence on its line."""


def sheet_html(
    sheet: CorruptedImage,
    blocks: Sequence[Block],
    theme: Theme,
    size: int = SMALL,
    links: Mapping[str, str] | None = None,
) -> str:
    """The sheet's blocks as tables.

    Args:
        sheet: the image under its conditions.
        blocks: where the pictures stand.
        theme: light or dark colours.
        size: about how wide a picture is, in pixels on the screen; whole multiples of its own pixels where it fits.
        links: corruption -> address that its label leads to.
    """
    places = {condition: at for at, condition in enumerate(sheet.conditions)}
    high, wide = sheet.images.shape[-2:]
    shown = shown_width(high, wide, size)
    kinds = ["sheet", "photograph" if shown < wide else "pixels"]
    kinds += ["long"] if any(len(name) > SHORT for name in sheet.classes) else []
    cells = {condition: _cell(sheet, at, shown) for condition, at in places.items()}
    tables = "".join(_table(block, cells, links or {}) for block in blocks)
    kinds += ["waves"] if sheet.conditions[-1][0] in WAVES else []
    columns = max(len(block.heads) for block in blocks)
    style = f"--good:{theme.good};--bad:{theme.bad};--ground:{theme.surface};--line:{theme.grid};--muted:{theme.muted};"
    style += f"--picture:{shown}px;--columns:{columns};--gap:{_gap(shown, columns)}px"
    return f'<div class="{" ".join(kinds)}" style="{style}">{tables}</div>'


def shown_width(height: int, width: int, size: int) -> int:
    """How wide a picture is on the screen, in pixels.

    Whole multiples of its own pixels about as large as `size`, or `size` itself when it has more.
    """
    longer = max(height, width)
    if longer > 1.15 * size:
        return max(1, round(width * size / longer))
    return width * max(1, round(size / longer))


def _gap(picture: int, columns: int) -> float:
    """Pixels on either side of a picture: few where a row would not fit a laptop's screen otherwise."""
    if columns > MOST:
        return 3 if picture < WAVE + 4 else 1.2
    return 2.5 if SMALL < picture <= 1.15 * SMALL else 4


def _table(block: Block, cells: Mapping[Condition, str], links: Mapping[str, str]) -> str:
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in block.heads)
    body = "".join(_group(group, len(block.heads), cells, links) for group in block.groups)
    return f"<table><thead><tr><th>{escape(block.corner)}</th>{heads}</tr></thead>{body}</table>"


def _group(group: Group, columns: int, cells: Mapping[Condition, str], links: Mapping[str, str]) -> str:
    title = f'<tr class="group"><th colspan="{columns + 1}">{escape(group.title)}</th></tr>' if group.title else ""
    lines = "".join(_line(line, cells, links) for line in group.lines)
    return f"<tbody>{title}{lines}</tbody>"


def _line(line: Line, cells: Mapping[Condition, str], links: Mapping[str, str]) -> str:
    label = escape(line.label)
    if line.corruption in links:
        why = f"{line.label} on the page Robustness"
        label = f'<a href="{escape(links[line.corruption])}" title="{escape(why)}">{label}</a>'
    drawn = "".join(cells[condition] if condition else "<td></td>" for condition in line.cells)
    return f'<tr><th scope="row">{label}</th>{drawn}</tr>'


def sign(sheet: CorruptedImage, at: int) -> str:
    """What stands before a prediction that is not as it should be; else "".

    ✗ when it is wrong, ≠ when it differs from that for the clean image, whose true class is not known.
    """
    if sheet.prediction is None or sheet.on_target[at]:
        return ""
    return "≠" if sheet.label is None else "✗"


def _cell(sheet: CorruptedImage, at: int, width: int) -> str:
    """A picture as a table cell."""
    words = escape(about(sheet, at))
    image = f'<img src="{_uri(sheet.images[at])}" alt="{words}" width="{width}">'
    if sheet.prediction is None or sheet.confidence is None:
        return f'<td title="{words}">{image}</td>'
    kind = "met" if sheet.on_target[at] else "missed"
    mark = sign(sheet, at)
    name = f"{mark} {sheet.classes[sheet.prediction[at]]}".strip()
    text = f"<span><b>{escape(name)}</b><i>{100 * sheet.confidence[at]:.0f} %</i></span>"
    return f'<td class="{kind}" title="{words}">{image}{text}</td>'


def _uri(image: np.ndarray) -> str:
    if max(image.shape) < PHOTOGRAPH:
        return picture(image)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))).save(
        file, format="JPEG", quality=92
    )
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
