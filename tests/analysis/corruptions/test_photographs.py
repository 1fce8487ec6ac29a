"""Frost from a folder of photographs."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from analysis.corruptions import Photographs, corrupt, get_corruption
from pruning.errors import UserError
from tests.analysis.corruptions.pictures import flat, pictures


def save(folder: Path, name: str, pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save(folder / name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photographs whose fifth is known: every pixel of it is a block of 5 x 5."""
    generator = np.random.default_rng(0)
    for name in ("b.png", "a.png"):
        save(tmp_path, name, generator.integers(0, 200, (40, 50, 3), dtype=np.uint8).repeat(5, 0).repeat(5, 1))
    (tmp_path / "notes.txt").write_text("where they are from")
    return tmp_path


def crops_of(photographs: Photographs) -> dict[bytes, tuple[int, int, int]]:
    """Every crop of 32 x 32 of the photographs at a fifth of their size."""
    found = {}
    for which, pixels in enumerate(photographs.pixels):
        small = pixels[:, 2::5, 2::5]
        for top in range(small.shape[1] - 31):
            for left in range(small.shape[2] - 31):
                found[small[:, top : top + 32, left : left + 32].numpy().tobytes()] = which, top, left
    return found


def test_small_images_get_crops_of_a_fifth(folder: Path) -> None:
    photographs = Photographs.open(folder)
    assert photographs.names == ("a.png", "b.png")
    known = crops_of(photographs)
    count = 2000
    black = torch.zeros(count, 3, 32, 32, dtype=torch.uint8)
    # At severity 5 the crop is taken times 0.45, which distinguishes what it was made of.
    halved = {(np.frombuffer(key, np.uint8) * 0.45 + 1e-4).astype(np.uint8).tobytes(): at for key, at in known.items()}
    places = np.array([halved[image.numpy().tobytes()] for image in corrupt(black, "frost", 5, frost=photographs)])
    assert abs(places[:, 0].mean() - 0.5) < 4 * 0.5 / count**0.5
    assert set(places[:, 1]) == set(range(9))
    assert set(places[:, 2]) == set(range(19))


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_image_and_crop_are_weighted_and_cut(folder: Path, severity: int) -> None:
    photographs = Photographs.open(folder)
    image_weight, frost_weight = get_corruption("frost").parameters(severity, 32)
    images = pictures(20, 3, 32, 32)
    found = corrupt(images, "frost", severity, frost=photographs).numpy()
    crops = [np.frombuffer(key, np.uint8).reshape(3, 32, 32) for key in crops_of(photographs)]
    for image, result in zip(images.numpy(), found, strict=True):
        exact = [(image_weight * image + frost_weight * crop).clip(0, 255) for crop in crops]
        off = [np.abs(result - values + 0.5).max() for values in exact]
        assert min(off) < 0.51
        assert sum(value < 1 for value in off) == 1


def test_a_result_does_not_depend_on_the_batch(folder: Path) -> None:
    photographs, images = Photographs.open(folder), pictures(23, 3, 28, 30)
    whole = corrupt(images, "frost", 3, seed=4, frost=photographs)
    assert torch.equal(corrupt(images, "frost", 3, seed=4, frost=Photographs.open(folder)), whole)
    order = torch.randperm(23, generator=torch.Generator().manual_seed(1))
    for part in order.split(5):
        assert torch.equal(corrupt(images[part], "frost", 3, seed=4, index=part, frost=photographs), whole[part])
    assert not torch.equal(corrupt(images, "frost", 3, seed=5, frost=photographs), whole)
    assert not torch.equal(corrupt(images, "frost", 3, seed=4), whole)
    assert torch.equal(corrupt(images, "fog", 3, frost=photographs), corrupt(images, "fog", 3))


def test_larger_images_get_larger_crystals(tmp_path: Path) -> None:
    pixels = pictures(1, 3, 300, 330)[0].permute(1, 2, 0).numpy()
    save(tmp_path, "ice.png", pixels)
    photographs = Photographs.open(tmp_path)
    # At 224 pixels a photograph is taken as it is, at 112 at half its size, read between its pixels.
    _, frost_weight = get_corruption("frost").parameters(1, 224)
    whole = corrupt(torch.zeros(1, 3, 224, 224, dtype=torch.uint8), "frost", 1, frost=photographs)[0].numpy()
    expected = (pixels.transpose(2, 0, 1) * frost_weight + 1e-4).astype(np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(expected[0], (224, 224))
    assert (windows == whole[0]).all(axis=(2, 3)).sum() == 1
    _, frost_weight = get_corruption("frost").parameters(1, 112)
    half = corrupt(torch.zeros(1, 3, 112, 112, dtype=torch.uint8), "frost", 1, frost=photographs)[0].numpy()
    middles = np.stack(np.meshgrid(np.arange(150) * 2 + 0.5, np.arange(165) * 2 + 0.5, indexing="ij"))
    small = np.round(ndimage.map_coordinates(pixels[..., 0].astype(float), middles, order=1))
    windows = np.lib.stride_tricks.sliding_window_view(small, (112, 112)) * frost_weight
    assert np.abs(windows - half[0] - 0.5).max(axis=(2, 3)).min() < 0.51 + frost_weight


def test_one_channel_gets_the_brightness(tmp_path: Path) -> None:
    save(tmp_path, "red.png", np.full((200, 200, 3), (200, 0, 0), np.uint8))
    found = corrupt(flat(0, channels=1), "frost", 3, frost=Photographs.open(tmp_path))
    # 0.299 * 200 = 59.8 is 60 as a byte, and frost weighs 0.4.
    assert (found == 24).all()


def test_photographs_that_will_not_do(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(UserError, match=r"no folder .*nowhere"):
        Photographs.open(folder / "nowhere")
    with pytest.raises(UserError, match="holds no photographs"):
        Photographs.open(tmp_path_factory.mktemp("empty"))
    save(folder, "tiny.png", np.zeros((160, 159, 3), np.uint8))
    with pytest.raises(UserError, match=r"tiny\.png is too small: it is 159x160 pixels, .* at least 160x160"):
        corrupt(flat(1), "frost", 1, frost=Photographs.open(folder))
    save(folder, "tiny.png", np.zeros((160, 160, 3), np.uint8))
    corrupt(flat(1), "frost", 1, frost=Photographs.open(folder))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    with pytest.raises(UserError, match=r"broken\.jpg cannot be read"):
        Photographs.open(folder)
