"""Corrupted images from a folder: what is read, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.corruptions.arrays import Arrays
from pruning.errors import UserError
from tests.analysis.corruptions.pictures import pictures

COUNT, SHAPE = 6, (6, 3, 5, 4)
TRUTH = torch.tensor([0, 1, 2, 0, 1, 2])


def five(seed: int, channels: int = 3) -> np.ndarray:
    """Bytes as published, [5 N, H, W, C]."""
    return pictures(5 * COUNT, channels, 5, 4, seed).permute(0, 2, 3, 1).numpy()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "labels.npy", np.tile(TRUTH.numpy(), 5))
    np.save(tmp_path / "fog.npy", five(0))
    np.save(tmp_path / "gaussian_noise.npy", five(1))
    np.save(tmp_path / "coffee.npy", five(2)[:COUNT])
    (tmp_path / "readme.txt").write_text("not an array")
    return tmp_path


def test_severities_lie_one_after_another(folder: Path) -> None:
    arrays = Arrays.open(folder, SHAPE, TRUTH)
    assert arrays.names == ("gaussian_noise", "fog", "coffee")
    assert list(arrays) == [("gaussian_noise", s) for s in range(1, 6)] + [("fog", s) for s in range(1, 6)] + [
        ("coffee", 1)
    ]
    assert len(arrays) == 11
    assert arrays.severities("coffee") == (1,)
    assert arrays.severities("fog") == (1, 2, 3, 4, 5)
    whole = five(0)
    for severity in range(1, 6):
        images = arrays["fog", severity]
        assert images.shape == SHAPE
        assert images.dtype == torch.uint8
        assert len(images) == COUNT
        assert images[:].shape == SHAPE
        for place in range(COUNT):
            expected = whole[(severity - 1) * COUNT + place].transpose(2, 0, 1)
            assert np.array_equal(images[place : place + 1][0].numpy(), expected)
    assert torch.equal(arrays["fog", 2][4:100], arrays["fog", 2][:][4:])
    assert arrays["fog", 1][2:4].is_contiguous()
    assert ("fog", 6) not in arrays
    assert arrays.get(("rain", 1)) is None


@pytest.mark.parametrize("rows", [slice(None), slice(0, 6, 2), torch.tensor([0, 1, 3, 4])])
def test_only_some_rows(folder: Path, rows: slice | torch.Tensor) -> None:
    images = Arrays.open(folder, SHAPE, TRUTH)["fog", 2]
    some, whole = images.only(rows), torch.from_numpy(five(0)[COUNT : 2 * COUNT])[rows]
    assert some.shape == (len(whole), *SHAPE[1:])
    assert torch.equal(some[:], whole.permute(0, 3, 1, 2))
    assert torch.equal(some[1:3], whole[1:3].permute(0, 3, 1, 2))
    assert np.array_equal([*some], whole)
    assert isinstance(some.pixels, np.memmap)  # still on the disk


def test_grey_images_may_lack_the_channel(tmp_path: Path) -> None:
    grey = five(3, channels=1)
    np.save(tmp_path / "labels.npy", TRUTH.numpy())
    np.save(tmp_path / "zigzag.npy", grey[:COUNT, ..., 0])
    np.save(tmp_path / "stripe.npy", grey)
    arrays = Arrays.open(tmp_path, (COUNT, 1, 5, 4), TRUTH)
    arrays["zigzag", 1][:].fill_(0)
    assert torch.equal(arrays["zigzag", 1][:], arrays["stripe", 1][:])
    assert arrays["zigzag", 1].shape == (COUNT, 1, 5, 4)


def test_nothing_is_read_but_what_is_asked_for(folder: Path) -> None:
    images = Arrays.open(folder, SHAPE, TRUTH)["fog", 3]
    assert isinstance(images.pixels, np.memmap)
    part = images[1:3]
    part += 1
    assert not torch.equal(images[1:3], part)
    assert np.array_equal(np.load(folder / "fog.npy"), five(0))


def test_an_unknown_condition_is_one_sentence(folder: Path) -> None:
    arrays = Arrays.open(folder, SHAPE, TRUTH)
    assert arrays.require(("fog", 5)) is arrays["fog", 5]
    for condition, message in (
        (("fogg", 1), r"has no fogg\.npy\. Did you mean 'fog'\? It has: gaussian_noise, fog, coffee"),
        (("fog", 6), r"fog\.npy has no severity 6: it has severities 1 to 5"),
        (("fog", 0), "no severity 0"),
        (("coffee", 2), r"coffee\.npy has no severity 2: it has severity 1 alone"),
    ):
        with pytest.raises(UserError, match=message):
            arrays.require(condition)


def swapped() -> np.ndarray:
    wrong = np.tile(TRUTH.numpy(), 5)
    wrong[8] = 7
    return wrong


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels", None, r"There is no .*labels\.npy"),
        ("labels", swapped(), r"in 1 of 30 places: first at 8, where it has 7 and the data set 2"),
        ("labels", TRUTH.numpy()[:4], "are 4, which is neither the 6 of the test images nor five times"),
        ("labels", np.zeros(6), r"must be whole numbers \[N\], not float64 \[6\]"),
        ("labels", np.array([{}] * 6), "Python objects, which are never loaded"),
        ("fog", np.zeros((30, 5, 4, 3)), r"fog\.npy must be bytes .* not float64"),
        ("fog", np.zeros((30, 3, 5, 4), np.uint8), r"must be \[images, 5, 4, 3\] .* not \[30, 3, 5, 4\]"),
        ("fog", np.zeros((30, 5, 4), np.uint8), r"must be \[images, 5, 4, 3\] .* not \[30, 5, 4\]"),
        ("fog", np.zeros((12, 5, 4, 3), np.uint8), r"fog\.npy are 12, which is neither the 6 .* nor five times"),
        ("fog", np.array([None] * 30), "Python objects, which are never loaded"),
        ("fog", b"", r"fog\.npy is not a whole NumPy array \(it is cut short\)"),
        ("fog", b"\x93NUMPY\x01\x00", "not a whole NumPy array"),
        ("fog", b"PK\x03\x04 no archive", "not a whole NumPy array"),
        ("fog", b"hello", "not a whole NumPy array"),
    ],
)
def test_bad_files_are_one_sentence(folder: Path, name: str, content: np.ndarray | bytes | None, message: str) -> None:
    file = folder / f"{name}.npy"
    file.unlink()
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        np.save(file, content, allow_pickle=True)
    with pytest.raises(UserError, match=message) as caught:
        Arrays.open(folder, SHAPE, TRUTH)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kept", [200, 1000])
def test_a_file_that_is_cut_short_is_refused(folder: Path, kept: int) -> None:
    file = folder / "fog.npy"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(UserError, match=r"fog\.npy is not a whole NumPy array \(it is .*cut short"):
        Arrays.open(folder, SHAPE, TRUTH)


def test_an_empty_or_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"There is no folder .*nowhere"):
        Arrays.open(tmp_path / "nowhere", SHAPE, TRUTH)
    np.save(tmp_path / "labels.npy", TRUTH.numpy())
    with pytest.raises(UserError, match="holds no corrupted images"):
        Arrays.open(tmp_path, SHAPE, TRUTH)


@pytest.mark.parametrize(("name", "why"), [("clean", "the images as they are"), ("my fog", "without spaces")])
def test_names_that_no_corruption_can_have_are_refused(folder: Path, name: str, why: str) -> None:
    np.save(folder / f"{name}.npy", five(2))
    with pytest.raises(UserError, match=f"{name}.npy cannot be called '{name}'.*{why}"):
        Arrays.open(folder, SHAPE, TRUTH)
