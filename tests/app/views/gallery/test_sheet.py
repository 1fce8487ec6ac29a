"""The sheet as data, as HTML and as a PNG file; uploaded pictures."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.comparisons.corrupted_image import CorruptedImage, family_conditions
from analysis.corruptions import FAMILIES, corrupt
from analysis.corruptions.conditions import CLEAN
from app.shell import theme
from app.views.gallery.charts.sheet import sheet_html, shown_width
from app.views.gallery.charts.sheet_layout import blocks
from app.views.gallery.charts.sheet_png import Plan, sheet_png
from app.views.gallery.sheet import about, summary
from app.views.gallery.upload import LARGEST, fitted, read_picture
from pruning.errors import UserError

RNG = np.random.default_rng(5)
CLASSES = ("zero", "one", "two")


def image(channels: int = 3, height: int = 12, width: int = 12) -> np.ndarray:
    return RNG.integers(0, 256, (channels, height, width), dtype=np.uint8)


def classified(sheet: CorruptedImage, prediction: list[int] | np.ndarray) -> CorruptedImage:
    """The sheet as a network classifies it that gives these answers."""
    confidence = np.full(len(sheet.conditions), 0.5)
    return replace(sheet, ticket="Dense", classes=CLASSES, prediction=np.array(prediction), confidence=confidence)


def encoded(pixels: np.ndarray, format: str = "PNG", mode: str | None = None) -> bytes:
    file = io.BytesIO()
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(file, format=format)
    return file.getvalue()


@pytest.mark.parametrize("family", ["cifar_c", "mnist_c", "fourier"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_cells_of_the_file_are_the_engine_s_pixels(family: str, channels: int) -> None:
    clean = image(channels, 10, 14)
    sheet = classified(
        CorruptedImage.of(clean, family, seed=2, index=9, label=1), RNG.integers(0, 3, len(family_conditions(family)))
    )
    block = blocks(family)[0]
    plan = Plan(sheet, block)
    data = sheet_png(sheet, block, theme.get("light"))
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert plan.scale > 1
    assert {condition for condition, _, _ in plan.pictures} == set(family_conditions(family))
    for (name, severity), x, y in plan.pictures:
        part = pixels[y : y + 10 * plan.scale, x : x + 14 * plan.scale]
        batch = torch.from_numpy(clean)[None]
        wanted = batch if (name, severity) == CLEAN else corrupt(batch, name, severity, seed=2, index=[9])
        for row in range(plan.scale):
            for column in range(plan.scale):
                got = part[row :: plan.scale, column :: plan.scale].transpose(2, 0, 1)
                assert np.array_equal(got, np.broadcast_to(wanted[0].numpy(), got.shape))


def test_the_file_frames_what_is_wrong_in_another_colour() -> None:
    sheet = CorruptedImage.of(image(), "cifar_c", label=1)
    wrong = 17
    prediction = np.ones(len(sheet.conditions), int)
    prediction[wrong] = 2
    sheet, colours = classified(sheet, prediction), theme.get("dark")
    block = blocks("cifar_c")[0]
    pixels = np.asarray(Image.open(io.BytesIO(sheet_png(sheet, block, colours))))
    for condition, x, y in Plan(sheet, block).pictures:
        wanted = colours.bad if condition == sheet.conditions[wrong] else colours.good
        assert "#" + bytes(pixels[y - 2, x - 2]).hex() == wanted


def test_every_condition_stands_in_the_sheet_once() -> None:
    for family in FAMILIES:
        for side_by_side in (1, 2):
            lines = [line for block in blocks(family, side_by_side) for group in block.groups for line in group.lines]
            cells = [cell for line in lines for cell in line.cells if cell and cell != CLEAN]
            assert sorted(cells) == sorted(family_conditions(family)[1:])
            assert all(line.cells[0] == CLEAN for line in lines) or family == "fourier"


def test_the_full_grid_shows_a_wave_and_its_negative() -> None:
    (block,) = blocks("fourier", full=True)
    grid = [line.cells for line in block.groups[0].lines[1:]]
    assert len(grid) == len(block.heads) == 15
    for down in range(15):
        for across in range(15):
            assert grid[down][across] == grid[14 - down][14 - across]
    assert len({cell for row in grid for cell in row}) == 113


def test_two_blocks_are_about_equally_high() -> None:
    left, right = blocks("cifar_c", 2)
    assert (left.height, right.height) == (11, 8)


def test_the_summary_counts_the_corrupted_pictures_only() -> None:
    sheet = CorruptedImage.of(image(), "mnist_c", label=2)
    assert summary(sheet) == "One image and 24 corruptions of it"
    answers = [2] * 10 + [0] * 15  # the clean one and nine others are right
    assert summary(classified(sheet, answers)) == "Dense classifies 9 of 24 correctly, as two"
    nameless = classified(replace(sheet, label=None), [1] * 5 + [2] * 20)
    assert summary(nameless) == (
        "Dense classifies the clean picture as one (confidence 50 %), and 4 of 24 corrupted ones too"
    )


def test_a_hover_says_what_was_done_and_how_it_is_classified() -> None:
    sheet = classified(CorruptedImage.of(image(), "cifar_c", label=1), [0] * 96)
    at = sheet.conditions.index(("gaussian_noise", 3))
    assert (
        about(sheet, at) == "Gaussian noise, severity 3\nsigma 0.08\npredicted zero, confidence 50.0 %: misclassified"
    )


def test_a_class_s_name_cannot_break_the_page() -> None:
    sheet = replace(
        classified(CorruptedImage.of(image(), "mnist_c", label=1), [0] * 25), classes=('"><script>x</script>', "b", "c")
    )
    html = sheet_html(sheet, blocks("mnist_c"), theme.get("light"))
    assert "<script" not in html


SIZES = [(28, 60, 56), (32, 60, 64), (8, 60, 64), (28, 132, 140), (224, 132, 132)]


@pytest.mark.parametrize(("side", "size", "wanted"), SIZES)
def test_pictures_are_enlarged_in_whole_steps(side: int, size: int, wanted: int) -> None:
    assert shown_width(side, side, size) == wanted


def test_small_uploads_stay_as_they_are() -> None:
    grey, colour = image(1, 9, 30)[0], image(3, LARGEST, LARGEST).transpose(1, 2, 0)
    assert np.array_equal(read_picture(encoded(grey))[0][0], grey)
    pixels, note = read_picture(encoded(colour))
    assert note == ""
    assert np.array_equal(pixels.transpose(1, 2, 0), colour)


def test_large_uploads_are_cut_at_the_centre_and_scaled() -> None:
    wide = np.zeros((400, 1000, 3), np.uint8)
    wide[:, 300:700] = (10, 200, 30)  # the square at the centre, and nothing beside it
    pixels, note = read_picture(encoded(wide))
    assert note == "The picture of 1000×400 pixels was cut to the square at its centre and scaled to 224×224."
    assert pixels.shape == (3, LARGEST, LARGEST)
    assert (pixels == np.array([10, 200, 30], np.uint8)[:, None, None]).all()
    assert read_picture(encoded(wide[:100]))[1].endswith("was cut to the square at its centre.")


def test_transparent_palette_deep_and_turned_pictures() -> None:
    clear = np.zeros((4, 4, 4), np.uint8)
    assert (read_picture(encoded(clear))[0] == 255).all()
    assert read_picture(encoded(image(3, 6, 6).transpose(1, 2, 0), mode="P"))[0].shape == (3, 6, 6)
    deep = np.full((5, 5), 128 * 257, np.uint16)
    assert (read_picture(encoded(deep))[0] == 128).all()
    assert read_picture(encoded(image(3, 6, 6).transpose(1, 2, 0), "JPEG", "CMYK"))[0].shape == (3, 6, 6)
    file, turned = io.BytesIO(), Image.Exif()
    turned[0x0112] = 6  # lies on its side
    Image.fromarray(image(1, 5, 9)[0]).save(file, format="JPEG", exif=turned)
    assert read_picture(file.getvalue())[0].shape == (1, 9, 5)


def test_other_formats_are_refused_in_a_sentence() -> None:
    with pytest.raises(UserError, match=r"x\.gif cannot be read as a PNG or JPEG picture"):
        read_picture(encoded(image(1)[0], "GIF"), "x.gif")


def test_fitting_gives_the_shape_asked_for() -> None:
    flat = np.full((3, 40, 60), 77, np.uint8)
    assert fitted(flat, (1, 28, 20)).shape == (1, 28, 20)
    assert (fitted(flat, (1, 28, 20)) == 77).all()
    assert fitted(image(1, 5, 5), (3, 8, 8)).shape == (3, 8, 8)
