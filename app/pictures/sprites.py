"""All test images on one sheet, small: charts show them under the pointer (assets/pointer.js).

The browser asks for the sheet when the pointer is first over a point, not with the page.
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
import streamlit.components.v2
import torch
from PIL import Image
from streamlit import runtime
from torch import Tensor
from torch.nn import functional

from app.assets import read
from app.load import StudyView
from app.pictures.study_images import Pictures, pictures
from pruning.errors import UserError

LARGEST = 32
"""Pixels of a picture's longer side at most."""

SMALLEST = 12
"""Pixels below which a picture shows nothing, so that none are sent."""

ROOM = 4_000_000
"""Pixels of the whole sheet at most: about a megabyte."""

TOGETHER = 500
"""Images made small at once."""

EFFORT = 1
"""Of WebP's encoder, 0 to 6: more is slower and hardly smaller."""


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return streamlit.components.v2.component("thumbnails", js=read("thumbnails.js"))


def send(study: StudyView, key: str = "thumbnails") -> None:
    """Tell the browser where the sheet of a study's images is; nothing where they are not on this machine."""
    try:
        found = pictures(study)
    except UserError:  # which the page says
        found = None
    sheet = None if found is None else _sheet(study.path, study.config.data, len(found.images), found)
    told = None if sheet is None else sheet | {"picture": _address(sheet["picture"], key)}
    _component()(key=key, data={"study": study.name, "sheet": told}, height=1)


def _address(file: bytes, key: str) -> str:
    """Where the browser finds a file, as seen from any page; "" where no server runs."""
    if not runtime.exists():
        return ""
    return runtime.get_instance().media_file_mgr.add(file, "image/webp", key).removeprefix("/")


@st.cache_resource(max_entries=4, show_spinner=False)
def _sheet(path: Path, data: str, count: int, _pictures: Pictures) -> dict[str, Any] | None:
    return make_sheet(_pictures.images)


def make_sheet(images: Tensor | np.ndarray) -> dict[str, Any] | None:
    """The sheet of images, uint8 [N, C, H, W], row by row; None where so many would be too small to tell.

    Returns:
        picture (a WebP file), columns (pictures a row), width and height (pixels of one).
    """
    count, channels, high, wide = images.shape
    side = min(LARGEST, max(high, wide), int(math.sqrt(ROOM / max(count, 1))))
    if not count or side < min(SMALLEST, high, wide):
        return None
    height, width = (max(1, round(side * length / max(high, wide))) for length in (high, wide))
    columns = math.ceil(math.sqrt(count))
    rows = -(-count // columns)
    cells = torch.zeros((rows * columns, channels, height, width), dtype=torch.uint8)
    for part, place in zip(torch.as_tensor(images).split(TOGETHER), cells.split(TOGETHER), strict=False):
        place[: len(part)] = functional.adaptive_avg_pool2d(part.float(), (height, width)).round()
    sheet = cells.view(rows, columns, channels, height, width).permute(0, 3, 1, 4, 2)
    file = io.BytesIO()
    pixels = sheet.reshape(rows * height, columns * width, channels).squeeze(2).numpy()
    Image.fromarray(pixels).save(file, format="WEBP", quality=60, method=EFFORT)
    return {"picture": file.getvalue(), "columns": columns, "width": width, "height": height}
