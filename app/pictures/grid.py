"""A gallery of test images to click on, and test images as pictures for the browser."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import streamlit as st
import streamlit.components.v2
from PIL import Image

from app.assets import read


@dataclass(frozen=True)
class Item:
    """One picture.

    Its sample, a data URI (empty: the name stands in its place), what the hover says, the class's name, a short note,
    and a share in [0, 1] shown as a bar.
    """

    sample: int
    picture: str
    title: str
    name: str
    note: str
    share: float


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return streamlit.components.v2.component(
        "gallery", html='<div class="gallery" role="group"></div>', css=read("gallery.css"), js=read("gallery.js")
    )


def gallery(
    items: Sequence[Item], picked: int | None, bad: str, on_pick: Callable[[int], None], key: str = "gallery"
) -> None:
    """The pictures in a grid, the `picked` one framed; `on_pick` hears which one is clicked. `bad` colours the bars."""

    def heard() -> None:
        sample = (st.session_state.get(key) or {}).get("picked")
        if sample is not None:
            on_pick(int(sample))

    data = {"items": [asdict(item) for item in items], "picked": picked, "bad": bad}
    _component()(data=data, key=key, on_picked_change=heard)


def picture(image: np.ndarray) -> str:
    """An image, uint8 [C, H, W] with C = 1 or 3, as a PNG data URI, pixel for pixel."""
    pixels = image[0] if image.shape[0] == 1 else image.transpose(1, 2, 0)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, format="PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def thumbnail(image: np.ndarray, side: int = 64) -> str:
    """As `picture`, but a larger one is made smaller, so that the longer side is `side`."""
    pixels = image[0] if image.shape[0] == 1 else image.transpose(1, 2, 0)
    if max(image.shape[1:]) <= side:
        return picture(image)
    small = Image.fromarray(np.ascontiguousarray(pixels))
    small.thumbnail((side, side))
    file = io.BytesIO()
    small.save(file, format="WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
