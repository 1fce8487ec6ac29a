"""All test images on one sheet, small, sent once: charts show them under the pointer (assets/pointer.js)."""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
import streamlit.components.v2
from PIL import Image
from torch import Tensor

from app.assets import read
from app.load import StudyView
from app.pictures.study_images import Pictures, pictures
from pruning.errors import UserError

LARGEST = 32
"""Pixels of a picture's longer side at most."""

SMALLEST = 12
"""Pixels below which a picture shows nothing, so that none are sent."""

ROOM = 4_000_000
"""Pixels of the whole sheet at most: about half a megabyte."""


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return streamlit.components.v2.component("thumbnails", js=read("thumbnails.js"))


def send(study: StudyView, key: str = "thumbnails") -> None:
    """Send the sheet of a study's images to the browser; nothing where they are not on this machine."""
    try:
        found = pictures(study)
    except UserError:  # which the page says
        found = None
    sheet = None if found is None else _sheet(study.path, study.config.data, len(found.images), found)
    _component()(key=key, data={"study": study.name, "sheet": sheet}, height=1)


@st.cache_resource(max_entries=4, show_spinner=False)
def _sheet(path: Path, data: str, count: int, _pictures: Pictures) -> dict[str, Any] | None:
    return make_sheet(_pictures.images)


def make_sheet(images: Tensor | np.ndarray) -> dict[str, Any] | None:
    """The sheet of images, uint8 [N, C, H, W], row by row; None where so many would be too small to tell.

    Returns:
        picture (a data URI), columns (pictures a row), width and height (pixels of one).
    """
    count, _, high, wide = images.shape
    side = min(LARGEST, max(high, wide), int(math.sqrt(ROOM / max(count, 1))))
    if not count or side < min(SMALLEST, high, wide):
        return None
    height, width = (max(1, round(side * length / max(high, wide))) for length in (high, wide))
    columns = math.ceil(math.sqrt(count))
    sheet = Image.new("L" if images.shape[1] == 1 else "RGB", (columns * width, -(-count // columns) * height))
    for place, pixels in enumerate(images):
        image = np.moveaxis(np.asarray(pixels), 0, 2)
        small = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
        if small.size != (width, height):
            small = small.resize((width, height), Image.Resampling.BOX)
        sheet.paste(small, (place % columns * width, place // columns * height))
    file = io.BytesIO()
    sheet.save(file, format="WEBP", quality=60)
    uri = "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
    return {"picture": uri, "columns": columns, "width": width, "height": height}
