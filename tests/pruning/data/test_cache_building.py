"""Which caches of decoded images replace which, and what one process leaves to another."""

import json
import os
import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pruning.data import Dataset, cache_building, folder
from pruning.data.cache_building import ABOUT, PART, Spot, remove, remove_stale
from pruning.data.folder_files import list_images
from pruning.data.image_cache import IMAGES, INDEX
from pruning.data.lazy import LazyImages, whole
from pruning.files import LOCK
from tests.pruning.cli.test_commands import command

SIZED = ":size=32:resize=40"
NAMES = (":size=224", ":weights=ResNet50_Weights.IMAGENET1K_V1")
"""Two names that say the same of the size."""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four images of each of two classes in both parts, which are kept on the disk, two to a chunk."""
    monkeypatch.setattr(folder, "IN_MEMORY", 0)
    monkeypatch.setattr(cache_building, "CHUNK", 2 * 3 * 32 * 32)
    monkeypatch.setattr("pruning.data.lazy.LARGE", 0)
    return filled(tmp_path / "images", 0)


def filled(path: Path, seed: int) -> Path:
    draws = np.random.default_rng(seed)
    for part in ("train", "test"):
        for name in ("ant", "cat"):
            (path / part / name).mkdir(parents=True)
            for number in range(4):
                pixels = draws.integers(0, 256, (40, 50, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(path / part / name / f"{number}.bmp")
    return path


def caches(path: Path) -> set[str]:
    return {each.name for each in (path / ".cache" / "pruning").iterdir() if each.is_dir()}


def file_of(data: Dataset) -> Path:
    assert isinstance(data.train.images, LazyImages)
    return data.train.images.file


def test_names_that_bring_images_to_the_same_leave_each_others_file(path: Path) -> None:
    first = folder.read(f"folder:{path}{NAMES[0]}")
    own, sent = caches(path), pickle.dumps(first.train.images)
    second = folder.read(f"folder:{path}{NAMES[1]}")
    assert own < caches(path)
    assert torch.equal(whole(pickle.loads(sent)), whole(second.train.images))  # a worker that begins now
    (path / "train" / "cat" / "0.bmp").unlink()
    for name in NAMES:  # each replaces its own
        folder.read(f"folder:{path}{name}")
    assert len(caches(path)) == 2
    assert not own & caches(path)


def test_folders_that_look_alike_share_no_file(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of equal names, sizes and times, where the files of all folders lie in one place."""
    monkeypatch.setenv("PRUNING_CACHE", str(tmp_path / "shared"))
    other = filled(tmp_path / "other", 1)
    for file in (each for root in (path, other) for each in root.rglob("*.bmp")):
        os.utime(file, ns=(0, 0))
    ours, theirs = (folder.read(f"folder:{root}{SIZED}") for root in (path, other))
    assert not torch.equal(whole(ours.train.images), whole(theirs.train.images))
    shown = np.asarray(Image.open(other / "train" / "cat" / "3.bmp").resize((50, 40)))
    assert shown.shape == (40, 50, 3)
    assert torch.equal(theirs.train.images[7], torch.from_numpy(shown[4:36, 9:41].copy()).permute(2, 0, 1))
    link = tmp_path / "link"
    link.symlink_to(other)
    assert file_of(folder.read(f"folder:{link}{SIZED}")) == file_of(theirs)
    assert len(list((tmp_path / "shared" / "images").glob(f"*/{INDEX}"))) == 2


def test_what_another_pillow_decoded_is_left(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.read(f"folder:{path}{SIZED}")
    monkeypatch.setattr("PIL.__version__", "another")
    folder.read(f"folder:{path}{SIZED}")
    assert len(caches(path)) == 2


def test_a_folder_that_gains_images_while_it_is_decoded(path: Path) -> None:
    name, later = f"folder:{path}{SIZED}", path / "train" / "cat" / "9.bmp"
    both: list[Any] = []

    def gain(share: float, text: str) -> None:
        if share > 0.4 and not later.exists():
            shutil.copy(path / "train" / "cat" / "0.bmp", later)
            both.append(folder.read(name))  # as another process does

    older = folder.read(name, gain)
    (newer,) = both
    assert (len(older.train.labels), len(newer.train.labels)) == (8, 9)
    assert torch.equal(whole(older.train.images), whole(newer.train.images)[:8])
    assert torch.equal(whole(folder.read(name).train.images), whole(newer.train.images))
    later.unlink()
    assert torch.equal(whole(folder.read(name).train.images), whole(older.train.images))


def test_an_image_that_comes_while_others_are_listed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to the next reading: under the name of the older state no file may hold it."""
    name, later, listing = f"folder:{path}{SIZED}", path / "train" / "ant" / "9.bmp", list_images

    def late(*given: Any) -> Any:
        shutil.copy(path / "train" / "ant" / "0.bmp", later)
        return listing(*given)

    with monkeypatch.context() as patch:
        patch.setattr(folder, "list_images", late)
        assert len(folder.read(name).train.labels) == 8
    for count in (9, 8):
        data = folder.read(name)
        assert isinstance(data.train.images, LazyImages)
        assert len(data.train.images) == len(data.train.labels) == count
        later.unlink(missing_ok=True)


def test_what_another_process_makes_is_not_removed(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pruning.cli.cache_command.cache_folder", lambda: None)
    folder.read(f"folder:{path}{SIZED}")
    place = path / ".cache" / "pruning"
    (own,) = place.glob(f"*/{INDEX}")
    part, loader = place / f"other{PART}", place / f"loader-other{PART}"
    for each in (part, loader):
        each.mkdir()
        (each / IMAGES).write_bytes(b"12")
    (part / ABOUT).write_text(json.dumps({"of": "", "how": "", "kind": json.loads(own.read_bytes())["kind"]}))
    with FileLock(place / f"other{LOCK}"), FileLock(loader / LOCK):
        (path / "train" / "cat" / "0.bmp").unlink()
        folder.read(f"folder:{path}{SIZED}")
        assert part.is_dir()
        said = command(capsys, monkeypatch, "cache", path, "--remove")[1]
        assert f"Removed, but for {loader}, {part}: another process" in " ".join(said.split())
        assert caches(path) == {part.name, loader.name}
    assert command(capsys, monkeypatch, "cache", path, "--remove")[1].endswith("Removed.\n")
    assert not caches(path)


def test_only_the_caches_of_a_named_folder_are_removed(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where those of all folders lie together."""
    monkeypatch.setenv("PRUNING_CACHE", str(tmp_path / "shared"))
    other = filled(tmp_path / "other", 1)
    files = [file_of(folder.read(f"folder:{root}{SIZED}")) for root in (path, other)]
    own, others = (file.parent.name for file in files)

    def listed(*words: str) -> str:
        """The last column, whose paths stand in several lines."""
        lines = command(capsys, monkeypatch, "cache", *words)[1].splitlines()
        return "".join(line.split()[-1] for line in lines if line.strip())

    monkeypatch.chdir(tmp_path)
    named = listed(path.name, "--remove")
    assert own in named
    assert others not in named
    assert [file.is_file() for file in files] == [False, True]
    assert others in listed()
    command(capsys, monkeypatch, "cache", "--remove")
    assert not files[1].is_file()


def test_caches_of_a_folder_that_is_not_there(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.read(f"folder:{path}{SIZED}")
    for wrong in (path / "none", f"folder:{path}{SIZED}", path / "train" / "ant" / "0.bmp"):
        status, out, said = command(capsys, monkeypatch, "cache", path, wrong, "--remove")
        assert (status, out) == (2, "")
        assert f"There is no folder {wrong}; name folders of images" in " ".join(said.split())
    assert len(caches(path)) == 1


NOTES = st.one_of(
    st.sampled_from([b"", b"{", b"[]", b"1", b"{}", b'{"kind": null}', b"\xff", b'{"kind": {}}']),
    st.sampled_from(["ours", "theirs", ""]).map(lambda kind: json.dumps({"kind": kind}).encode()),
)


@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(NOTES, st.booleans(), st.booleans()), max_size=6))
def test_only_what_is_of_one_kind_and_nobodys_goes(
    tmp_path_factory: pytest.TempPathFactory, there: dict[str, tuple[bytes, bool, bool]]
) -> None:
    """Whatever lies there, held or damaged."""
    place = tmp_path_factory.mktemp("place")
    stay = set()
    with held(place, [key for key, (_, _, busy) in there.items() if busy]):
        for key, (note, half, busy) in there.items():
            cache = place / (key + PART if half else key)
            cache.mkdir()
            (cache / (ABOUT if half else INDEX)).write_bytes(note)
            if key == "a" or busy or note != b'{"kind": "ours"}':
                stay.add(cache.name)
        (place / "file").touch()
        remove_stale(Spot(place, "a", "ours"))
        assert {each.name for each in place.iterdir() if each.is_dir()} == stay
        assert (place / "file").is_file()
    assert all(remove(place / name) for name in stay)
    assert not list(place.glob(f"*{LOCK}"))


@contextmanager
def held(place: Path, keys: list[str]) -> Iterator[None]:
    locks = [FileLock(place / f"{key}{LOCK}") for key in keys]
    for each in locks:
        each.acquire()
    try:
        yield
    finally:
        for each in locks:
            each.release()
