"""Folders of images that are decoded into a file: what is in it, what interrupts it, what is wrong with it."""

import errno
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torchvision.models import get_weight

from pruning.data import Dataset, cache_building, folder, image_cache, load_data
from pruning.data.base import channel_statistics
from pruning.data.held import hold
from pruning.data.lazy import LazyImages, whole
from pruning.data.parcels import _pack
from pruning.data.preprocessing import preprocessing_of
from pruning.errors import UserError
from tests import ROOT
from tests.pruning.cli.test_commands import command

SEED = np.random.default_rng(0)
SIZED = ":size=32:resize=40"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Images of many sizes, 9 and 4 of each of two classes, which are kept on the disk, 3 to a chunk."""
    for part, count in (("train", 9), ("val", 4)):
        for name in ("cat", "ant"):
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(count):
                height, width = SEED.integers(30, 90, 2)
                pixels = SEED.integers(0, 256, (height, width, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / part / name / f"{number}.jpg", quality=95)
    on_disk(monkeypatch)
    return tmp_path


def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is small."""
    monkeypatch.setattr(sys.modules["pruning.data.held"], "_held", {})
    monkeypatch.setattr(folder, "IN_MEMORY", 0)
    monkeypatch.setattr(cache_building, "CHUNK", 3 * 3 * 32 * 32)
    monkeypatch.setattr("pruning.data.lazy.LARGE", 5 * 3 * 32 * 32)


def load(path: Path, said: str = SIZED, told: list[str] | None = None) -> Dataset:
    return load_data(
        f"folder:{path}{said}", progress=lambda share, text: (told if told is not None else []).append(text)
    )


def error(call: Callable[[], Any]) -> str:
    """The sentence that `call` ends in."""
    with pytest.raises(UserError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def caches(path: Path) -> list[Path]:
    return [each for each in (path / ".cache" / "pruning").iterdir() if each.is_dir()]


@pytest.mark.parametrize("weights", ["ResNet50_Weights.IMAGENET1K_V2", "Swin_T_Weights.IMAGENET1K_V1"])
def test_images_are_those_of_the_transforms_of_weights(path: Path, weights: str) -> None:
    data, transforms = load(path, f":weights={weights}"), get_weight(weights).transforms()
    assert isinstance(data.train.images, LazyImages)
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (data.mean, data.std))
    assert data.mean == tuple(transforms.mean)
    reference = torchvision.datasets.ImageFolder(path / "train")
    for row in (0, 4, 17):
        image, label = reference[row]
        ours = (data.train.images[row] / 255 - mean) / std
        assert torch.allclose(ours, transforms(image), atol=1e-6)
        assert label == data.train.labels[row]
    assert weights in folder.remark(f"folder:{path}:weights={weights}")


def test_the_file_holds_what_is_decoded_into_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    lazy = load(path, told=told)
    assert "decoded 26 of 26 images" in told[-1]
    assert "left" in told[-2]
    monkeypatch.setattr(folder, "IN_MEMORY", 10**9)
    shutil.rmtree(path / ".cache")
    memory = folder.read(lazy.name)
    assert not isinstance(memory.train.images, LazyImages)
    for ours, theirs in ((lazy.train, memory.train), (lazy.test, memory.test)):
        assert torch.equal(whole(ours.images), theirs.images)
        assert torch.equal(ours.labels, theirs.labels)
    assert (lazy.mean, lazy.std) == (memory.mean, memory.std) == channel_statistics(lazy.train.images)


def test_rows_are_chosen_as_of_a_tensor(path: Path) -> None:
    lazy = load(path).train.images
    images, order = lazy.numpy().copy(), torch.tensor([3, 17, 0, 0, 9, 12, 4])
    for rows in (order, order[:2], order.tolist(), slice(1, 16), slice(None, None, 2), torch.arange(18) > 3, 5, -1):
        expected = torch.as_tensor(images)[rows]
        assert torch.equal(whole(lazy[rows]), expected)
        with torch.inference_mode():
            assert torch.equal(whole(lazy[rows]), expected)
    chosen, expected = lazy[order], torch.as_tensor(images)[order]
    assert isinstance(chosen, LazyImages)
    assert chosen.shape == expected.shape
    assert torch.equal(whole(chosen[torch.tensor([-1, 2, 2, 5, 6, 0])]), expected[[-1, 2, 2, 5, 6, 0]])
    assert torch.equal(chosen.index_select(0, torch.tensor([6, 1])), expected[[6, 1]])
    assert all(torch.equal(a, b) for a, b in zip(chosen, expected, strict=True))
    parts = zip(torch.split(chosen, 3), expected.split(3), strict=True)
    assert all(torch.equal(whole(a), b) for a, b in parts)
    assert torch.equal(chosen.float() / 255, expected.float() / 255)
    for each in (chosen, lazy[1:18:2], lazy):  # to another process goes the file's name
        assert len(pickle.dumps(each)) < 3000
        assert torch.equal(whole(pickle.loads(pickle.dumps(each))), whole(each))
    packed = _pack(load(path).name, None)
    hold(pickle.loads(pickle.dumps(replace(packed, asked="sent"))))
    assert torch.equal(whole(load_data("sent").train.images), whole(lazy))
    sent = pickle.dumps(lazy)
    shutil.rmtree(path / ".cache")
    assert "have PRUNING_CACHE name a folder that all machines see" in error(lambda: pickle.loads(sent))
    with pytest.raises(IndexError):
        chosen[torch.tensor([7])]


def test_what_is_written_into_images_stays_off_the_disk(path: Path) -> None:
    lazy = load(path).train.images
    before = (caches(path)[0] / image_cache.IMAGES).read_bytes()
    lazy[2].zero_()
    assert (caches(path)[0] / image_cache.IMAGES).read_bytes() == before


def test_what_is_decoded_is_not_decoded_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(path)
    said = json.loads((caches(path)[0] / image_cache.INDEX).read_bytes())
    assert said["ends"] == [3, 6, 9, 12, 15, 18, 21, 24, 26]
    monkeypatch.setattr(cache_building, "decode", None)
    again = folder.read(first.name)
    assert torch.equal(whole(again.test.images), whole(first.test.images))


def test_a_build_that_is_killed_goes_on(path: Path) -> None:
    code = (
        "import os, signal\nfrom pruning.data import cache_building, folder\n"
        f"folder.IN_MEMORY, cache_building.CHUNK = 0, {3 * 3 * 32 * 32}\n"
        "def tell(share, text):\n    if share > 0.5: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"folder.read('folder:{path}{SIZED}', tell)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert ran.returncode == -signal.SIGKILL
    (part,) = caches(path)
    assert part.name.endswith(cache_building.PART)
    lines = (part / cache_building.JOURNAL).read_text().splitlines()
    assert 4 <= len(lines) < 9
    with open(part / image_cache.IMAGES, "r+b") as file:  # one chunk did not reach the disk, one line is half there
        file.seek(json.loads(lines[0])["chunk"] * 3 * 3 * 32 * 32)
        file.write(b"lost")
    (part / cache_building.JOURNAL).write_text("\n".join(lines) + '\n{"chunk": 8, "dig')
    told: list[str] = []
    went_on = load(path, told=told)
    first = int(next(text for text in told if text.startswith("decoded")).split()[1])
    assert first >= 3 * len(lines) - 2
    shutil.rmtree(path / ".cache")
    anew = folder.read(went_on.name)
    assert torch.equal(whole(went_on.train.images), whole(anew.train.images))
    assert (went_on.mean, went_on.std) == (anew.mean, anew.std)


def test_a_folder_that_changes_is_decoded_anew_and_its_old_images_go(path: Path) -> None:
    before = load(path)
    load(path, ":size=20:resize=20")
    assert load(path) is before
    (path / "train" / "cat" / "3.jpg").unlink()
    after = load(path)
    assert len(after.train.labels) == 17
    assert len(caches(path)) == 2  # of two sizes
    assert torch.equal(after.train.images[0], before.train.images[0])
    os.utime(path / "val" / "ant" / "0.jpg", ns=(1, 1))
    assert load(path) is not after


def test_damaged_files_are_noticed(path: Path) -> None:
    load(path)
    (cache,) = caches(path)
    file, index = cache / image_cache.IMAGES, cache / image_cache.INDEX
    content, said = file.read_bytes(), index.read_bytes()
    read = lambda: folder.read(f"folder:{path}{SIZED}")  # noqa: E731
    for damage in (content[:70] + bytes([content[70] ^ 1]) + content[71:], content[:-5], b""):
        file.write_bytes(damage)
        assert f"decoded images in {cache} are damaged" in error(read)
    file.write_bytes(content)
    os.utime(file, ns=(1, 1))
    read()  # whole, as its digests say
    assert json.loads(index.read_bytes())["stamp"] == [len(content), 1]
    for damage in (said[:50], b"{}", said.replace(b'"format": 1', b'"format": 9'), b"[]"):
        index.write_bytes(damage)
        assert "damaged" in error(read)


def test_images_that_cannot_be_read_are_all_named(path: Path) -> None:
    names = [path / "train" / "ant" / "2.jpg", path / "val" / "cat" / "1.jpg"]
    for each in names:
        each.write_bytes(each.read_bytes()[:-200])
    sentence = error(lambda: load(path))
    assert sentence.startswith("2 images cannot be read")
    assert all(str(each) in sentence for each in names)
    assert not caches(path)
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(names[1])
    assert f"The image {names[0]} cannot be read" in error(lambda: load(path))


def test_an_image_that_goes_while_others_are_decoded_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build, gone = cache_building.build, path / "train" / "cat" / "8.jpg"

    def late(*given: Any) -> cache_building.Spot:
        gone.unlink()
        return build(*given)

    monkeypatch.setattr(cache_building, "build", late)
    assert error(lambda: load(path)) == f"The image {gone} cannot be read (it is gone); replace or remove it."


def test_no_room_is_said_before_and_on_the_way(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda place: shutil._ntuple_diskusage(10**9, 10**9, 1000))
        assert "has 0.0 GB free; make room" in error(lambda: load(path))

    def full(*given: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert "the disk is full" in error(lambda: load(path))
    assert not caches(path)
    load(path)


def test_another_place_where_the_folder_cannot_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = path / "home"
    monkeypatch.setattr(image_cache, "cache_folder", lambda: home)
    monkeypatch.setattr(os, "access", lambda place, mode: not str(place).startswith(str(path / ".cache")))
    load(path)
    assert len(list((home / "images").glob("*/images"))) == 1
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    (path / "train" / "cat" / "3.jpg").unlink()
    assert "name a folder by the environment variable PRUNING_CACHE" in error(lambda: load(path))
    monkeypatch.undo()
    on_disk(monkeypatch)
    monkeypatch.setenv("PRUNING_CACHE", str(path / "scratch"))
    load(path)
    assert len(list((path / "scratch" / "images").glob("*/images"))) == 1


def test_caches_are_listed_checked_and_removed(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pruning.cli.cache_command.cache_folder", lambda: None)
    assert "No decoded images in" in command(capsys, monkeypatch, "cache", path)[1]
    load(path)
    load(path, ":size=20")
    half = path / ".cache" / "pruning" / f"half{cache_building.PART}"
    half.mkdir()
    (half / image_cache.IMAGES).write_bytes(b"12")
    status, out, _ = command(capsys, monkeypatch, "cache", path)
    assert status == 0
    assert out.count(" whole ") == 2
    assert "half decoded" in out
    assert f"{(26 * 3 * (32**2 + 20**2) + 2) / 1e9:.1f} GB in all" in out
    file = next(each for each in caches(path) if each != half) / image_cache.IMAGES
    stamp = file.stat()
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert "damaged" not in command(capsys, monkeypatch, "cache", path)[1]  # nothing told that it changed
    assert command(capsys, monkeypatch, "cache", path, "--check")[1].count("damaged") == 1
    assert "Removed" in command(capsys, monkeypatch, "cache", path, "--remove")[1]
    assert not caches(path)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (":sise=3", "Did you mean 'size'?"),
        (":size=big", "is to be pixels"),
        (":resize=64", "should say the size"),
        (":size=64:resize=32", "make resize 64 or more"),
        (":size=64:size=64", "says size twice"),
        (":size=64:interpolation=bicubi", "Did you mean 'bicubic'?"),
        (":weights=ResNet50", "no weights 'ResNet50'"),
        (":weights=ResNet50_Weights.DEFAULT", "Write weights=ResNet50_Weights.IMAGENET1K_V2"),
        (":weights=ResNet50_Weights.IMAGENET1K_V2:size=3", "leave the rest out"),
        (":weights=FCN_ResNet50_Weights.COCO_WITH_VOC_LABELS_V1", "for no classifier"),
    ],
)
def test_what_cannot_be_done_to_images_is_said(said: str, sentence: str) -> None:
    assert sentence in error(lambda: load_data(f"folder:images{said}"))


def test_images_of_several_sizes_are_told_the_way() -> None:
    assert preprocessing_of("folder:images") == preprocessing_of("folder:C:\\images")
    assert not preprocessing_of("folder:images/x=3")
