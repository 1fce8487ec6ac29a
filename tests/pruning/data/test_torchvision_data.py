"""torchvision's data sets from a local root: files made here in the official formats, and their damage."""

import hashlib
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision
from scipy.io import savemat

from pruning.data import available, load_data
from pruning.data.torchvision_data import DATA, TorchvisionData
from pruning.errors import UserError

SEED = np.random.default_rng(0)
SOURCES = {source.name: source for source in DATA}


def error(call: Callable[[], Any]) -> str:
    """The sentence that `call` ends in."""
    with pytest.raises(UserError) as caught:
        call()
    return str(caught.value)


def write_idx(file: Path, values: np.ndarray) -> None:
    """The format of MNIST's files: magic number, sizes, bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    file.write_bytes(header + values.astype(np.uint8).tobytes())


@pytest.fixture
def mnist(tmp_path: Path) -> tuple[Path, list[np.ndarray]]:
    """A root with five training and three test images in MNIST's and Fashion-MNIST's files."""
    values = [
        SEED.integers(0, 256, (5, 28, 28)),
        SEED.integers(0, 10, 5),
        SEED.integers(0, 256, (3, 28, 28)),
        SEED.integers(0, 10, 3),
    ]
    for name in ("mnist", "fashion-mnist"):
        for file, value in zip(SOURCES[name].files, values, strict=True):
            write_idx(tmp_path / file, value)
    return tmp_path, values


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_mnist_files_are_read(mnist: tuple[Path, list[np.ndarray]], name: str) -> None:
    root, values = mnist
    assert available(name, root)
    data = load_data(name, root)
    assert data.shape == (1, 28, 28)
    assert data.train.images.dtype == torch.uint8
    assert data.train.labels.dtype == torch.int64
    assert np.array_equal(data.train.images[:, 0].numpy(), values[0])
    assert np.array_equal(data.train.labels.numpy(), values[1])
    assert np.array_equal(data.test.images[:, 0].numpy(), values[2])
    assert np.array_equal(data.test.labels.numpy(), values[3])
    assert data.classes[0] == ("0" if name == "mnist" else "T-shirt/top")


@pytest.mark.parametrize("length", [0, 3, 100])
def test_damaged_mnist_is_one_sentence(mnist: tuple[Path, list[np.ndarray]], length: int) -> None:
    root, _ = mnist
    file = root / SOURCES["mnist"].files[0]
    file.write_bytes(file.read_bytes()[:length])
    sentence = error(lambda: load_data("mnist", root))
    assert "damaged or incomplete" in sentence
    assert str(file) in sentence
    assert "--download" in sentence


def test_mnist_with_too_few_labels_is_damaged(mnist: tuple[Path, list[np.ndarray]]) -> None:
    root, values = mnist
    write_idx(root / SOURCES["mnist"].files[3], values[3][:2])
    assert "damaged or incomplete" in error(lambda: load_data("mnist", root))


@pytest.fixture
def cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, np.ndarray]:
    """A root with two tiny training batches and a test batch in CIFAR-10's format, their MD5 taken for genuine."""
    base = tmp_path / "cifar-10-batches-py"
    base.mkdir()
    rows = SEED.integers(0, 256, (6, 3072), dtype=np.uint8)
    labels = [0, 1, 2, 3, 4, 5]

    def write(name: str, content: dict[str, Any]) -> tuple[str, str]:
        (base / name).write_bytes(pickle.dumps(content))
        return name, hashlib.md5((base / name).read_bytes()).hexdigest()

    batches = [
        write(name, {"data": rows[part], "labels": labels[part]})
        for name, part in (("one", slice(0, 2)), ("two", slice(2, 4)), ("test", slice(4, 6)))
    ]
    meta = write("meta", {"label_names": list("abcdefghij")})

    class Small(torchvision.datasets.CIFAR10):
        train_list = [list(batch) for batch in batches[:2]]  # noqa: RUF012
        test_list = [list(batches[2])]  # noqa: RUF012
        meta_ = {"filename": meta[0], "key": "label_names", "md5": meta[1]}  # noqa: RUF012

    Small.meta = Small.meta_
    monkeypatch.setattr(torchvision.datasets, "CIFAR10", Small)
    return tmp_path, rows


def test_cifar_batches_are_read(cifar: tuple[Path, np.ndarray]) -> None:
    root, rows = cifar
    data = load_data("cifar10", root)
    assert data.shape == (3, 32, 32)
    assert np.array_equal(data.train.images.numpy().reshape(4, -1), rows[:4])
    assert np.array_equal(data.test.images.numpy().reshape(2, -1), rows[4:])
    assert data.train.labels.tolist() == [0, 1, 2, 3]
    assert data.test.labels.tolist() == [4, 5]
    assert data.classes == tuple("abcdefghij")


class Trap:
    """A pickle that makes a file when it is opened."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


def test_foreign_pickles_are_not_opened(cifar: tuple[Path, np.ndarray], tmp_path: Path) -> None:
    root, _ = cifar
    trap = tmp_path / "sprung"
    (root / "cifar-10-batches-py" / "two").write_bytes(pickle.dumps(Trap(trap)))
    assert "damaged or incomplete" in error(lambda: load_data("cifar10", root))
    assert not trap.exists()


def test_an_old_processed_folder_is_not_unpickled(mnist: tuple[Path, list[np.ndarray]], tmp_path: Path) -> None:
    root, _ = mnist
    trap = tmp_path / "sprung"
    processed = root / "MNIST" / "processed"
    processed.mkdir()
    for name in ("training.pt", "test.pt"):
        (processed / name).write_bytes(pickle.dumps(Trap(trap)))
    assert len(load_data("mnist", root).train.labels) == 5
    assert not trap.exists()


def test_svhn_is_read_with_ten_as_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = SEED.integers(0, 256, (32, 32, 3, 4), dtype=np.uint8)
    labels = np.array([[10], [1], [9], [10]])
    parts = {}
    for part in ("train", "test"):
        file = tmp_path / f"{part}_32x32.mat"
        savemat(file, {"X": images, "y": labels})
        parts[part] = ["", file.name, hashlib.md5(file.read_bytes()).hexdigest()]
    monkeypatch.setattr(torchvision.datasets.SVHN, "split_list", parts)
    data = load_data("svhn", tmp_path)
    assert data.train.labels.tolist() == [0, 1, 9, 0]
    assert np.array_equal(data.test.images[2].numpy(), images[..., 2].transpose(2, 0, 1))


@pytest.mark.parametrize("name", SOURCES)
def test_a_missing_root_names_the_way_out(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("downloaded without being asked")

    monkeypatch.setattr(TorchvisionData, "download", never)
    sentence = error(lambda: load_data(name, tmp_path / "nowhere"))
    assert f"'{name}' is not in {tmp_path / 'nowhere'}" in sentence
    assert "--download" in sentence
    assert not (tmp_path / "nowhere").exists()


def fake_maker(calls: list[dict[str, Any]], failure: Exception | None = None) -> Callable[..., None]:
    """Stands for torchvision's class: notes how it was called, and fails if told to."""

    def make(root: Path, **settings: Any) -> None:
        calls.append(settings)
        if failure:
            raise failure

    return make


def test_a_download_happens_when_asked_and_only_when_needed(
    mnist: tuple[Path, list[np.ndarray]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(torchvision.datasets, "MNIST", fake_maker(calls))
    load_data("mnist", mnist[0], download=True)
    assert calls == []
    with pytest.raises(UserError):  # the stand-in leaves no files
        load_data("mnist", tmp_path / "new", download=True)
    assert calls == [{"train": True, "download": True}, {"train": False, "download": True}]


@pytest.mark.parametrize("failure", [URLError("no route to host"), RuntimeError("File not found or corrupted.")])
def test_a_failed_download_is_one_sentence(failure: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchvision.datasets, "CIFAR100", fake_maker([], failure))
    sentence = error(lambda: load_data("cifar100", tmp_path, download=True))
    assert "could not be downloaded" in sentence
    assert str(failure).rstrip(".") in sentence
