"""Data sets of arrays and loaders: the same images whatever form they come in, and recipes that use them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, TensorDataset
from torchvision.transforms import v2

from pruning import Dataset, Recipe, Study, Training, UserError, find_ticket
from pruning.data import DATASETS, EmbeddedData, Split, load_data, make_dataset
from pruning.study.runner import RunOptions, run

SOURCE = torch.Generator().manual_seed(0)
IMAGES = torch.randint(0, 256, (60, 3, 8, 9), generator=SOURCE, dtype=torch.uint8)
LABELS = torch.arange(60) % 3


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    for name in ("mine", "stripes"):
        DATASETS.unregister(name)


FORMS: list[tuple[str, Any]] = [
    ("bytes", lambda images: images),
    ("whole numbers", lambda images: images.to(torch.int64)),
    ("in 0 to 1", lambda images: images.float() / 255),
    ("half precision", lambda images: (images.float() / 255).half()),
    ("numpy", lambda images: images.numpy()),
    ("channels last", lambda images: images.permute(0, 2, 3, 1).numpy()),
    ("double, channels last", lambda images: images.permute(0, 2, 3, 1).numpy() / 255),
]


@pytest.mark.parametrize("form", [form for _, form in FORMS], ids=[name for name, _ in FORMS])
def test_images_come_in_any_form(form: Any) -> None:
    found = Dataset.from_arrays(form(IMAGES[:40]), LABELS[:40], form(IMAGES[40:]), LABELS[40:].tolist())
    assert torch.equal(found.train.images, IMAGES[:40])
    assert torch.equal(found.test.images, IMAGES[40:])
    assert torch.equal(torch.cat([found.train.labels, found.test.labels]), LABELS)
    assert found.classes == ("0", "1", "2")
    assert len(repr(found)) < 100


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 0.9), st.floats(0.05, 2.0)), min_size=3, max_size=3))
def test_a_normalisation_is_undone_and_kept(channels: list[tuple[float, float]]) -> None:
    mean, std = zip(*channels, strict=True)
    shown = v2.functional.normalize(IMAGES.float() / 255, list(mean), list(std))
    found = Dataset.from_arrays(shown, LABELS, shown, LABELS, mean=mean, std=std)
    assert torch.equal(found.train.images, IMAGES)
    assert (found.mean, found.std) == (mean, std)


def test_grey_images_and_names_of_classes() -> None:
    names = np.array(["cat", "dog", "ant"])[LABELS.numpy()]
    found = Dataset.from_arrays(IMAGES[:, 0].numpy(), names, IMAGES[:9, 0].numpy(), names[:9])
    assert found.shape == (1, 8, 9)
    assert found.classes == ("ant", "cat", "dog")
    assert found.train.labels[:3].tolist() == [1, 2, 0]
    ordered = Dataset.from_arrays(IMAGES[:, 0].numpy(), names, classes=("dog", "cat", "ant"))
    assert ordered.classes[int(ordered.test.labels[0])] in names


def test_without_test_images_a_fifth_of_each_class_is_for_testing() -> None:
    found = Dataset.from_arrays(IMAGES, LABELS)
    assert torch.bincount(found.test.labels).tolist() == [4, 4, 4]
    assert torch.bincount(found.train.labels).tolist() == [16, 16, 16]
    order = torch.randperm(60, generator=torch.Generator().manual_seed(1))
    again = Dataset.from_arrays(IMAGES[order], LABELS[order])
    assert torch.equal(again.test.images, found.test.images)


def test_loaders_are_gone_through_once() -> None:
    def loader(rows: slice) -> DataLoader[Any]:
        return DataLoader(TensorDataset(IMAGES[rows].float() / 255, LABELS[rows]), batch_size=7)

    train = loader(slice(40))
    train.dataset.classes = ["a", "b", "c"]  # type: ignore[attr-defined]
    found = Dataset.from_loader(train, loader(slice(40, 60)))
    assert found.classes == ("a", "b", "c")
    assert torch.equal(torch.cat([found.train.images, found.test.images]), IMAGES)


def test_recipes_of_this_process_know_it() -> None:
    quick = Training(epochs=1, batch_size=20)
    found = Dataset.from_arrays(IMAGES, LABELS, name="stripes")
    recipe = Recipe(model="lenet300", data="stripes", criterion="magnitude", sparsity=0.5, training=quick)
    assert recipe == Recipe(model="lenet300", data=found, criterion="magnitude", sparsity=0.5, training=quick)
    assert load_data("stripes") is found
    assert find_ticket(recipe).info.classes == ["0", "1", "2"]
    split = Split(IMAGES, LABELS)
    assert Recipe(model="lenet300", data=make_dataset("mine", "abc", split, split), criterion="snip").data == "mine"
    assert load_data("mine").classes == ("a", "b", "c")
    assert Recipe(model="lenet300", data=load_data("digits"), criterion="snip").data == "digits"


def test_workers_know_it(tmp_path: Path) -> None:
    Dataset.from_arrays(IMAGES, LABELS, name="stripes")
    (tmp_path / "study.toml").write_text(
        'title = "S"\nmodel = "lenet300"\ndata = "stripes"\nseeds = [0, 1]\nsparsities = [0.5]\n'
        '[training]\nepochs = 1\nbatch_size = 20\n[[method]]\ncriterion = "snip"\n'
    )
    summary = run(Study.open(tmp_path), RunOptions(jobs=2))
    assert not summary.failed
    assert len(summary.found) == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"images": IMAGES.float()}, "are to lie in 0 to 1, not 0 to 255; of normalised ones"),
        ({"images": IMAGES.float().div(255).log()}, "are to lie in 0 to 1"),
        ({"images": IMAGES.int() * 2}, "to lie in 0 to 255"),
        ({"images": IMAGES[:, :, :, :3]}, "say which, as layout"),
        ({"images": IMAGES[:, :, 0, 0]}, r"not \[60, 3\]"),
        ({"labels": LABELS[:5]}, "one label for each of 60"),
        ({"labels": LABELS - 1}, "whole numbers from 0"),
        ({"labels": LABELS / 2}, "whole numbers from 0"),
        ({"classes": ["a", "b"]}, "Label 2 names no class"),
        ({"labels": ["x"] * 60, "classes": ["a", "b"]}, "'x' is none of the classes a, b"),
        ({"test_images": IMAGES[:, :, :4], "test_labels": LABELS}, "different sizes, 3x8x9 and 3x4x9"),
        ({"mean": (0.5, 0.5), "std": (1.0, 1.0)}, "has 2 values, and the images have 3 channels"),
        ({"mean": (0.5,), "std": (0.0,)}, "standard deviation of the normalisation is to be of finite numbers above 0"),
        ({"name": "digits"}, "There is a data set 'digits' already"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Dataset.from_arrays(**{"images": IMAGES, "labels": LABELS, **arguments})


@pytest.mark.parametrize(
    ("images", "labels", "sentence"),
    [
        (
            IMAGES / 255,
            LABELS,
            r"The images of the data set 'odd' are float32 \[60, 3, 8, 9\]; they are to be uint8 \[N, C",
        ),
        (IMAGES[:, 0], LABELS, r"The images of the data set 'odd' are uint8 \[60, 8, 9\]"),
        (IMAGES, LABELS.int(), r"The labels of the data set 'odd' are int32 \[60\]; they are to be int64 \[N\]"),
        (IMAGES, LABELS[:5], r"The images of the data set 'odd' are uint8 \[60, 3, 8, 9\]"),
        (IMAGES, LABELS + 7, "Labels of the data set 'odd' are 7 to .*; they are to name one of its 3 classes"),
    ],
)
def test_a_data_set_of_another_form_is_refused(images: torch.Tensor, labels: torch.Tensor, sentence: str) -> None:
    split = Split(images, labels)
    with pytest.raises(UserError, match=sentence):
        make_dataset("odd", "abc", split, split)
    DATASETS.register(EmbeddedData("odd", lambda: Dataset("odd", tuple("abc"), split, split, (0.5,), (0.25,))))
    try:
        with pytest.raises(UserError, match=sentence):
            load_data("odd")
    finally:
        DATASETS.unregister("odd")


def test_what_is_no_data_set_is_refused() -> None:
    DATASETS.register(EmbeddedData("none", lambda: None))  # type: ignore[arg-type, return-value]
    try:
        with pytest.raises(UserError, match="The data set 'none' gives a NoneType, not a `Dataset`"):
            load_data("none")
    finally:
        DATASETS.unregister("none")


def test_a_loader_that_gives_no_pairs() -> None:
    with pytest.raises(UserError, match="pairs of images and labels"):
        Dataset.from_loader([IMAGES])


def test_loaders_give_names_of_classes() -> None:
    """As `default_collate` makes them of texts: a list or a tuple a batch."""
    images, names = torch.rand(6, 1, 6, 6), ["cat", "ant", "cat", "ant", "cat", "cat"]
    batches = [(images[:4], names[:4]), (images[4:], tuple(names[4:]))]
    found, arrays = Dataset.from_loader(batches, batches), Dataset.from_arrays(images, names, images, names)
    assert found.classes == arrays.classes == ("ant", "cat")
    assert torch.equal(found.train.labels, arrays.train.labels)
    assert torch.equal(found.train.images, arrays.train.images)
    lists = Dataset.from_loader([(list(images), names)], batches)
    assert torch.equal(lists.train.images, arrays.train.images)


def test_sixteen_bits_that_hold_eight_are_read() -> None:
    levels = torch.randint(0, 256, (6, 1, 6, 6))
    found = Dataset.from_loader([(levels.to(torch.uint16), torch.arange(6) % 2)], [(levels, torch.arange(6) % 2)])
    assert torch.equal(found.train.images, found.test.images)


TWO, OF_TWO = torch.rand(2, 1, 6, 6), torch.arange(2)


@pytest.mark.parametrize(
    ("images", "labels", "sentence"),
    [
        (TWO, torch.tensor(1), "one label for each of 2 images, not a single one"),
        (TWO, 1, "not a single one"),
        (TWO, None, "one label"),
        (TWO, OF_TWO[:1], r"not \[1\]"),
        (TWO, [[0], [0, 1]], "Labels are to be"),
        (TWO, OF_TWO.bfloat16(), "Labels are to be"),
        ([TWO[0], torch.rand(1, 5, 5)], OF_TWO, "different sizes, 1x6x6 and 1x5x5"),
        (TWO.to(torch.complex64), OF_TWO, "not of complex64"),
        (torch.full((2, 1, 6, 6), 300).to(torch.uint16), OF_TWO, "in 0 to 255"),
        (None, OF_TWO, "a NoneType"),
        ([[1], [1, 2]], OF_TWO, "Images are to be"),
        (["a.png", "b.png"], OF_TWO, "Images are to be"),
    ],
)
def test_what_a_loader_gives_is_as_arrays_are_or_the_same_sentence(images: Any, labels: Any, sentence: str) -> None:
    given = TWO, OF_TWO
    with pytest.raises(UserError, match=sentence):
        Dataset.from_arrays(images, labels, *given)
    with pytest.raises(UserError, match=sentence):
        Dataset.from_loader([(images, labels)], [given])


def test_numbers_and_names_do_not_mix() -> None:
    with pytest.raises(UserError, match="some of each"):
        Dataset.from_loader([(TWO, OF_TWO), (TWO, ["a", "b"])], [(TWO, OF_TWO)])
