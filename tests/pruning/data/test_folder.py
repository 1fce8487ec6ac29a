"""Folders of images: read as torchvision reads them, and what is said when something is wrong in them."""

import os
import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torchvision
from PIL import Image, features

from pruning.data import Dataset, _read_folder, available, load_data
from pruning.data.decoding import converted
from pruning.data.folder import digest, remark
from pruning.data.folder_files import CODECS
from pruning.errors import UserError

SEED = np.random.default_rng(0)


def pixels(height: int, width: int, channels: int = 3) -> np.ndarray:
    """A random image as Pillow wants it: [H, W] or [H, W, 3]."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return SEED.integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of 5x4 colour images, three each for training and two for testing."""
    path = tmp_path / "images"
    for part, count in (("train", 3), ("test", 2)):
        for name in ("cat", "ant"):
            (path / part / name).mkdir(parents=True)
            for number in range(count):
                Image.fromarray(pixels(5, 4)).save(path / part / name / f"{number}.png")
    return path


def error(call: Callable[[], Any]) -> str:
    """The sentence that `call` ends in."""
    with pytest.raises(UserError) as caught:
        call()
    return str(caught.value)


def load_folder(path: Path) -> Dataset:
    """The data set in a folder."""
    return load_data(f"folder:{path}")


def test_what_is_hidden_is_no_image(folder: Path) -> None:
    before, said = load_folder(folder), digest(f"folder:{folder}")
    for place in ("test/ant/.ipynb_checkpoints", "train/cat/more/.thumbnails/small", "train/.cache"):
        (folder / place).mkdir(parents=True)
        shutil.copy(folder / "train" / "cat" / "0.png", folder / place / "0-checkpoint.png")
    shutil.copy(folder / "train" / "cat" / "0.png", folder / "test" / "ant" / ".0.png")
    assert digest(f"folder:{folder}") == said
    assert load_folder(folder) is before


def test_links_in_a_class_are_followed_and_their_images_noticed(folder: Path) -> None:
    elsewhere, inner = folder.parent / "elsewhere", folder / "train" / "ant" / "inner"
    elsewhere.mkdir()
    inner.mkdir()
    (inner / "link").symlink_to(elsewhere)
    before = digest(f"folder:{folder}")
    Image.fromarray(pixels(5, 4)).save(elsewhere / "x.png")
    assert len(load_folder(folder).train.labels) == 7
    assert digest(f"folder:{folder}") != before


def test_the_folder_that_one_is_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert digest("folder:.") == digest(f"folder:{folder}")
    assert np.array_equal(load_data("folder:.").train.images, load_folder(folder).train.images)


def test_a_folder_is_read_as_torchvision_reads_it(folder: Path) -> None:
    nested = folder / "train" / "ant" / "more"
    nested.mkdir()
    Image.fromarray(pixels(5, 4)).save(nested / "x.PNG")
    (folder / "train" / "ant" / "notes.txt").write_text("not an image")
    (folder / "train" / ".hidden").mkdir()
    assert available(f"folder:{folder}")
    data = load_folder(folder)
    assert data.classes == ("ant", "cat")
    assert data.shape == (3, 5, 4)
    (folder / "train" / ".hidden").rmdir()
    for part, split in (("train", data.train), ("test", data.test)):
        reference = torchvision.datasets.ImageFolder(folder / part)
        expected = {(np.asarray(image).tobytes(), label) for image, label in reference}
        found = {
            (image.permute(1, 2, 0).numpy().tobytes(), int(label))
            for image, label in zip(split.images, split.labels, strict=True)
        }
        assert found == expected
        assert len(split.labels) == len(reference)
    assert data.train.images.is_contiguous()


def test_grey_images_have_one_channel(folder: Path) -> None:
    grey = pixels(5, 4, channels=1)
    for file in folder.rglob("*.png"):
        Image.fromarray(grey).save(file)
    data = load_folder(folder)
    assert data.shape == (1, 5, 4)
    assert np.array_equal(data.test.images[0, 0].numpy(), grey)


def test_grey_among_colour_becomes_colour(folder: Path) -> None:
    grey = pixels(5, 4, channels=1)
    Image.fromarray(grey).save(folder / "test" / "ant" / "0.png")
    data = load_folder(folder)
    assert data.shape == (3, 5, 4)
    assert np.array_equal(data.test.images[0].numpy(), np.stack([grey] * 3))


def test_grey_with_transparency_or_a_palette_stays_grey(folder: Path) -> None:
    grey = pixels(5, 4, channels=1)
    spread = Image.fromarray((grey // 64).astype(np.uint8))
    spread.putpalette([0] * 3 + [90] * 3 + [200] * 3 + [255] * 3 + [255, 0, 0])  # the last is not used
    kinds = (Image.fromarray(grey).convert("LA"), Image.fromarray(grey).convert("P"), spread, Image.fromarray(grey))
    for number, file in enumerate(sorted(folder.rglob("*.png"))):
        kinds[number % 4].save(file)
    data = load_folder(folder)
    assert data.shape == (1, 5, 4)
    levels = np.array([0, 90, 200, 255], dtype=np.uint8)[grey // 64]
    for number, image in enumerate([*data.test.images, *data.train.images]):  # test/ sorts before train/
        expected = levels if number % 4 == 2 else grey
        assert np.array_equal(image[0].numpy(), expected)
    spread.putpalette([0] * 3 + [90] * 3 + [200] * 3 + [255, 0, 0])
    spread.putpixel((0, 0), 3)
    spread.save(folder / "test" / "ant" / "0.png")
    _read_folder.cache_clear()
    assert load_folder(folder).shape == (3, 5, 4)


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_val_counts_as_test_where_there_is_none(folder: Path, name: str) -> None:
    expected = load_folder(folder).test.images
    assert remark(f"folder:{folder}") == ""
    moved = folder.with_name(f"only {name}")
    folder.rename(moved)
    (moved / "test").rename(moved / name)
    assert available(f"folder:{moved}")
    assert np.array_equal(load_folder(moved).test.images.numpy(), expected.numpy())
    assert f"{moved / name} count as test images" in remark(f"folder:{moved}")


@pytest.mark.parametrize("suffix", [".jp2", ".avif", ".jfif", ".tga"])
def test_other_formats_are_read(folder: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = CODECS.get(suffix)
    if codec is not None and not features.check(codec):
        pytest.skip(f"this Pillow has no {codec}")
    file = folder / "train" / "cat" / f"more{suffix}"
    Image.fromarray(pixels(5, 4)).save(file, **({"format": "JPEG"} if suffix == ".jfif" else {}))
    assert len(load_folder(folder).train.labels) == 7
    if codec is not None:
        monkeypatch.setattr("PIL.features.check", lambda name: name != codec)
        _read_folder.cache_clear()
        assert f"{file} is in a format that is not read here ({suffix})" in error(lambda: load_folder(folder))


@pytest.mark.parametrize("suffix", [".heic", ".jxl", ".NPY"])
def test_formats_that_are_not_read_are_named(folder: Path, suffix: str) -> None:
    (folder / "test" / "ant" / f"x{suffix}").write_bytes(b"abc")
    assert f"x{suffix} is in a format that is not read here" in error(lambda: load_folder(folder))


def test_images_of_two_sizes_are_both_named(folder: Path) -> None:
    odd = folder / "test" / "cat" / "1.png"
    Image.fromarray(pixels(6, 4)).save(odd)
    sentence = error(lambda: load_folder(folder))
    assert f"{odd} is 4x6" in sentence
    assert f"{folder / 'train' / 'ant' / '0.png'} is 4x5" in sentence


def deep_png(channels: int) -> bytes:
    """A picture of 16 bits a channel, as the standard has it: grey or RGB, each with transparency or without."""
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = SEED.integers(0, 65536, (5, 4 * channels)).astype(">u2")
    header = struct.pack(">IIBBBBB", 4, 5, 16, kind, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    parts = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    sealed = (
        struct.pack(">I", len(said)) + name + said + struct.pack(">I", zlib.crc32(name + said)) for name, said in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(sealed)


def deep_tiff() -> bytes:
    """An RGB picture of 16 bits a channel: a header, eight tags in order, the bits, the pixels."""
    first = ((256, 3, 1, 4), (257, 3, 1, 5), (258, 3, 3, 110), (259, 3, 1, 1), (262, 3, 1, 2))
    tags = (*first, (273, 4, 1, 116), (277, 3, 1, 3), (278, 3, 1, 5))
    listed = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return (
        b"II*\0" + struct.pack("<IH", 8, len(tags)) + listed + bytes(4) + struct.pack("<HHH", 16, 16, 16) + bytes(120)
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((f"{channels}.png", deep_png(channels)) for channels in (1, 2, 3, 4)),
        ("rgb.tif", deep_tiff()),
        ("rgb.ppm", b"P6 4 5 1023\n" + bytes(120)),
        ("plain.ppm", b"P3 4 5 256\n" + b"256 " * 60),
        ("grey.pgm", b"P5 4 5 65535\n" + bytes(40)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_deep_images_are_refused_rather_than_clipped(folder: Path, name: str, content: bytes) -> None:
    odd = folder / "train" / "cat" / name
    odd.write_bytes(content)
    with Image.open(odd) as image:  # a sound file
        image.load()
        assert image.size == (4, 5)
    assert f"{odd} cannot be read (it has more than 8 bits a channel" in error(lambda: load_folder(folder))
    with pytest.raises(ValueError, match="more than 8 bits"):
        converted(str(odd), 3)


def test_eight_bits_are_not_deep(folder: Path) -> None:
    for name in ("x.tif", "x.ppm", "x.bmp", "x.gif", "x.webp"):
        Image.fromarray(pixels(5, 4)).save(folder / "train" / "cat" / name)
    (folder / "train" / "cat" / "low.ppm").write_bytes(b"P6 4 5 100\n" + bytes(60))
    (folder / "train" / "cat" / "full.ppm").write_bytes(b"P3 4 5 255\n" + b"255 " * 60)
    assert len(load_folder(folder).train.labels) == 13


def test_a_file_that_is_no_image_is_named(folder: Path) -> None:
    odd = folder / "train" / "cat" / "1.png"
    odd.write_text("no image at all")
    sentence = error(lambda: load_folder(folder))
    assert str(odd) in sentence
    assert "not an image" in sentence


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's own remarks on a broken TIFF
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".bmp", ".webp", ".tif"])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_a_truncated_image_is_named(folder: Path, suffix: str, share: float) -> None:
    odd = folder / "train" / "cat" / f"odd{suffix}"
    Image.fromarray(pixels(5, 4)).save(odd)
    odd.write_bytes(odd.read_bytes()[: int(share * odd.stat().st_size)])
    sentence = error(lambda: load_folder(folder))
    assert str(odd) in sentence
    assert "replace or remove" in sentence


def test_classes_must_agree(folder: Path) -> None:
    (folder / "test" / "dog").mkdir()
    sentence = error(lambda: load_folder(folder))
    assert "'dog'" in sentence
    assert f"not in {folder / 'train'}" in sentence


def test_names_that_are_no_text_are_for_files_and_not_for_classes(folder: Path) -> None:
    """As Latin-1 wrote them. No file that is UTF-8 could say such a class: a ticket could not be saved."""
    whole = load_folder(folder)
    first = folder / "train" / "cat" / "0.png"
    try:
        first.rename(first.with_name(os.fsdecode(b"caf\xe9.png")))
    except OSError:
        pytest.skip(f"{sys.platform} has no such names")
    assert len(load_folder(folder).train.labels) == len(whole.train.labels)
    assert len(digest(f"folder:{folder}")) == 16
    for part in ("train", "test"):
        (folder / part / "cat").rename(folder / part / os.fsdecode(b"caf\xe9"))
    said = error(lambda: load_folder(folder))
    assert r"train/caf\xe9 is not UTF-8" in said
    assert said.isascii()


def test_an_empty_class_is_named(folder: Path) -> None:
    for file in (folder / "test" / "cat").iterdir():
        file.unlink()
    assert f"{folder / 'test' / 'cat'} holds no images" in error(lambda: load_folder(folder))


def test_folders_that_are_not_there(folder: Path, tmp_path: Path) -> None:
    assert f"There is no folder {tmp_path / 'nowhere'}" in error(lambda: load_folder(tmp_path / "nowhere"))
    assert "has no train/" in error(lambda: load_folder(folder / "train"))
    assert "names no folder" in error(lambda: load_data("folder:"))
    assert not available(f"folder:{tmp_path / 'nowhere'}")
    (tmp_path / "bare" / "train").mkdir(parents=True)
    (tmp_path / "bare" / "test").mkdir()
    assert "no class folders" in error(lambda: load_folder(tmp_path / "bare"))
