"""One sample as every ticket reads it, and pictures that are pixel for pixel what they show."""

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from analysis.corruptions import CORRUPTIONS, NAMES, corrupt
from analysis.engine.images import TestImages
from app.live import can_show
from app.pictures.grid import picture
from app.pictures.study_images import Pictures
from app.shell import theme
from app.shell.theme import Style
from app.views.samples.charts import predictions as charts
from app.views.samples.contents import SEED, _pictures

DARK = theme.get("dark")
TICKETS = {"a": Style("First", "#336699", "circle"), "b": Style("<b>Second", "#993366", "square")}
CLASSES = ["cat", "<dog>"]


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("a", "clean", 0, 1, 0.9),
            ("a", "fog", 1, 0, 0.6),
            ("a", "fog", 3, 1, 0.5),
            ("a", "gaussian_blur", 1, 1, 0.8),
            ("b", "clean", 0, 0, 0.7),
        ],
        columns=["ticket_id", "corruption", "severity", "prediction", "confidence"],
    )


def test_the_table_shows_predictions_correct_and_wrong() -> None:
    table = rows()
    html = charts.predictions(
        table[table["corruption"].isin(["clean", "fog"])], TICKETS, {0: "data:x", 1: "", 3: ""}, 1, CLASSES, DARK
    )
    assert "<dog>" not in html
    assert "&lt;b&gt;Second" in html
    assert html.count("<img") == 1
    cells = [re.sub("<[^>]*>", "", cell).replace("\u00a0", " ") for cell in re.findall("<td.*?</td>", html)]
    assert cells == ["&lt;dog&gt; 90 %", "cat ✗ 60 %", "&lt;dog&gt; 50 %", "cat ✗ 70 %", "–", "–"]


def test_the_chart_has_right_above_zero_and_wrong_below() -> None:
    (heat,) = charts.conditions(rows(), TICKETS, 1, CLASSES, DARK).data
    # clean, a gap, fog 1 and 3, a gap, Gaussian blur
    np.testing.assert_array_equal(
        heat.z, [[0.9, np.nan, -0.6, 0.5, np.nan, 0.8], [-0.7, np.nan, np.nan, np.nan, np.nan, np.nan]]
    )
    assert heat.customdata[0][2][1] == "Fog, severity 1<br>predicted cat (confidence 60 %)"
    assert "not measured" in heat.customdata[1][2][1]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_is_the_image_itself(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (channels, 7, 5), dtype=np.uint8)
    uri = picture(image)
    head, body = uri.split(",")
    assert head == "data:image/png;base64"
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(body))))
    np.testing.assert_array_equal(pixels, image[0] if channels == 1 else image.transpose(1, 2, 0))


def test_single_columns_side_by_side_have_room_for_their_labels() -> None:
    names = [("clean", 0), ("fog", 1), ("fog", 2), ("stripe", 1), ("zigzag", 1), ("canny_edges", 1)]
    frame = pd.DataFrame([("a", *condition, 1, 0.9) for condition in names], columns=rows().columns)
    figure = charts.conditions(frame, {"a": TICKETS["a"]}, 1, CLASSES, DARK)
    np.testing.assert_array_equal(np.diff(figure.layout.xaxis.tickvals), [2.5, 2.5, 4, 4])


def test_labels_of_many_conditions_stand_upright() -> None:
    """Slanted, those of neighbours with one severity would lie on one another."""
    some = rows()
    many = pd.DataFrame(
        [("a", name, severity, 1, 0.5) for name in NAMES for severity in (1, 2, 3)], columns=some.columns
    )
    angles = [charts.conditions(table, TICKETS, 1, CLASSES, DARK).layout.xaxis.tickangle for table in (some, many)]
    assert angles == [-35, -90]


@pytest.mark.parametrize("corruption", [name for name in CORRUPTIONS if name not in NAMES])
def test_pictures_of_corruptions_beside_the_common_ones(corruption: str) -> None:
    images = torch.randint(0, 256, (3, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    shown = _pictures(Pictures(images, np.zeros(3, dtype=np.int64)), 1, corruption, [0, 1])
    made = corrupt(images[1:2], corruption, 1, seed=SEED, index=[1])[0]
    assert shown[1] == picture(np.asarray(made))
    assert shown[0] != shown[1]
    assert can_show(TestImages(images, torch.zeros(3, dtype=torch.int64)), (corruption, 1))
