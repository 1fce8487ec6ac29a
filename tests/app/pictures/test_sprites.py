"""The sheet of small pictures: each where the chart looks for it."""

import io

import numpy as np
import pytest
from PIL import Image

from app.pictures.sprites import make_sheet


@pytest.mark.parametrize(("count", "shape"), [(7, (1, 8, 8)), (30, (3, 16, 32)), (5, (3, 200, 100))])
def test_each_picture_is_in_its_place(count: int, shape: tuple[int, int, int]) -> None:
    levels = np.linspace(10, 240, count).astype(np.uint8)
    sheet = make_sheet(np.broadcast_to(levels[:, None, None, None], (count, *shape)).copy())
    assert sheet is not None
    pixels = np.asarray(Image.open(io.BytesIO(sheet["picture"])).convert("L"))
    wide, high, columns = sheet["width"], sheet["height"], sheet["columns"]
    assert max(wide, high) <= 32
    assert wide / high == pytest.approx(shape[2] / shape[1], abs=0.1)
    assert pixels.shape[1] == columns * wide
    for place, level in enumerate(levels):
        middle = pixels[place // columns * high + high // 2, place % columns * wide + wide // 2]
        assert abs(int(middle) - int(level)) < 12


def test_more_are_smaller_and_too_many_are_not_sent() -> None:
    few, many = (make_sheet(np.zeros((count, 1, 28, 28), np.uint8)) for count in (100, 9_000))
    assert few is not None
    assert many is not None
    assert few["width"] == 28
    assert many["width"] == 21
    assert make_sheet(np.zeros((50_000, 1, 28, 28), np.uint8)) is None
    assert make_sheet(np.zeros((0, 1, 28, 28), np.uint8)) is None
