"""Data sets of loaders that give more than is held in memory, and ImageNet."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch.utils.data import DataLoader, TensorDataset
from torchvision.models import ResNet50_Weights

from pruning.data import DATASETS, Dataset, available, gathering, image_cache, load_data
from pruning.data.imagenet import class_words
from pruning.data.lazy import LazyImages, whole
from pruning.data.stored import write
from pruning.errors import UserError

IMAGES = torch.randint(0, 256, (60, 3, 8, 9), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
LABELS = torch.arange(60) % 3


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where caches are, with room in memory for 25 images."""
    monkeypatch.setenv("PRUNING_CACHE", str(tmp_path / "caches"))
    monkeypatch.setattr(gathering, "IN_MEMORY", 25 * 3 * 8 * 9)
    monkeypatch.setattr("pruning.data.lazy.LARGE", 100)
    yield tmp_path / "caches" / "images"
    for name in ("mine", "other"):
        DATASETS.unregister(name)


def loader(images: torch.Tensor = IMAGES) -> DataLoader[tuple[torch.Tensor, ...]]:
    return DataLoader(TensorDataset(images.float() / 255, LABELS[: len(images)]), batch_size=7)


@pytest.mark.parametrize("tests", [True, False])
def test_what_goes_to_the_disk_is_what_stays_in_memory(place: Path, tests: bool) -> None:
    test = loader(IMAGES[:20]) if tests else None
    lazy = Dataset.from_loader(loader(), test)
    memory = Dataset.from_arrays(IMAGES, LABELS, *((IMAGES[:20], LABELS[:20]) if tests else ()), name="other")
    assert isinstance(lazy.train.images, LazyImages)
    assert isinstance(lazy.test.images, LazyImages) != tests
    for ours, theirs in ((lazy.train, memory.train), (lazy.test, memory.test)):
        assert torch.equal(whole(ours.images), theirs.images)
        assert torch.equal(ours.labels, theirs.labels)
    assert replace(lazy, name="").mean == memory.mean
    assert load_data("mine") is lazy
    sent = cloudpickle.dumps(lazy)  # to a worker go names of files, where rows are many
    assert len(sent) < 6000 or tests
    assert torch.equal(whole(cloudpickle.loads(sent).train.images), memory.train.images)
    Dataset.from_loader(loader(), test, name="other")
    assert len([each for each in place.iterdir() if each.is_dir()]) == 1  # the same images, the same file


def test_what_lies_on_the_disk_goes_into_the_file_of_a_study(tmp_path: Path) -> None:
    lazy = Dataset.from_loader(loader())
    memory = Dataset.from_arrays(IMAGES, LABELS, name="other")
    assert isinstance(lazy.train.images, LazyImages)
    name = write(lazy, tmp_path)
    assert name == write(memory, tmp_path)
    file = Path(name.removeprefix("file:"))
    found = load_file(file)
    assert torch.equal(found["train images"], memory.train.images)
    assert torch.equal(load_data(name).test.images, memory.test.images)


def test_a_loader_that_fails_leaves_nothing(place: Path) -> None:
    def failing(what: object) -> Iterator[object]:
        for batch in loader():
            yield [batch[0], batch[1]]
        yield what

    for what, sentence in (
        (3, "pairs of images and labels"),
        ((IMAGES[:, :, 1:], LABELS), "different sizes, 3x8x9 and 3x7x9"),
    ):
        with pytest.raises(UserError, match=sentence):
            Dataset.from_loader(failing(what))
        assert not list(place.glob(f"{gathering.PREFIX}*"))
    killed = place / f"{gathering.PREFIX}killed{gathering.PART}"
    killed.mkdir()
    Dataset.from_loader(loader())
    assert not killed.exists()


def test_damage_is_noticed(place: Path) -> None:
    Dataset.from_loader(loader())
    (file,) = place.glob(f"*/{image_cache.IMAGES}")
    file.write_bytes(bytes([1]) + file.read_bytes()[1:])
    with pytest.raises(UserError, match="damaged"):
        Dataset.from_loader(loader())


def test_imagenet_is_had_where_its_files_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"ImageNet is not in {tmp_path / 'imagenet'}.*image-net.org"):
        load_data("imagenet", tmp_path)
    assert not available("imagenet", tmp_path)
    with pytest.raises(UserError, match="Did you mean 'size'"):
        load_data("imagenet:sizes=3", tmp_path)
    rng = np.random.default_rng(0)
    for label, name in enumerate(("n01440764", "n01443537")):
        for part in ("train", "val"):
            folder = tmp_path / "imagenet" / part / name
            folder.mkdir(parents=True)
            Image.fromarray(rng.integers(0, 256, (300, 260, 3), dtype=np.uint8)).save(folder / f"{label}.JPEG")
    data = load_data("imagenet", tmp_path)
    assert data.shape == (3, 224, 224)
    assert data.classes == ("n01440764", "n01443537")
    assert available("imagenet", tmp_path)
    small = load_data("imagenet:size=32", tmp_path)
    assert small.shape == (3, 32, 32)
    weights = ResNet50_Weights.IMAGENET1K_V2
    own = load_data(f"imagenet:weights={weights}", tmp_path)
    image = Image.open(tmp_path / "imagenet" / "val" / "n01440764" / "0.JPEG")
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (own.mean, own.std))
    assert torch.allclose((own.test.images[0] / 255 - mean) / std, weights.transforms()(image), atol=1e-6)


def test_all_classes_of_imagenet_are_named_in_words() -> None:
    folders = [f"n{number:08}" for number in range(1000)]
    words = class_words(folders)
    assert words[0] == "tench"
    assert len(set(words)) == 1000
    assert class_words(folders[:10]) == tuple(folders[:10])
