"""Some classes of a data set: which images and labels, counted by hand, and what is said of wrong names."""

import shutil
from functools import partial
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pruning.data import DATASETS, EmbeddedData, Split, available, downloadable, load_data, make_dataset
from pruning.errors import UserError

DIGITS = load_data("digits")


def test_halves_of_the_digits_by_hand() -> None:
    low, high = load_data("digits[0-4]"), load_data("digits[5-9]")
    assert (low.classes, high.classes) == (tuple("01234"), tuple("56789"))
    for part in ("train", "test"):
        whole, first, second = (getattr(data, part) for data in (DIGITS, low, high))
        rows = [row for row, label in enumerate(whole.labels.tolist()) if label >= 5]
        assert torch.equal(second.images, whole.images[rows])
        assert second.labels.tolist() == [whole.labels[row] - 5 for row in rows]
        assert len(first.labels) + len(second.labels) == len(whole.labels)
        assert second.labels.dtype == torch.int64
    assert (low.mean, low.std) == (high.mean, high.std) == (DIGITS.mean, DIGITS.std)
    assert load_data("digits[5-9]") is high
    assert available("digits[5-9]")


@given(st.sets(st.integers(0, 9), min_size=2, max_size=9))
def test_any_classes_keep_their_images_and_names(places: set[int]) -> None:
    chosen = sorted(places)
    data = load_data(f"digits[{','.join(map(str, chosen))}]")
    assert [int(name) for name in data.classes] == chosen
    back = torch.tensor(chosen)[data.test.labels]
    assert torch.equal(back, DIGITS.test.labels[torch.isin(DIGITS.test.labels, torch.tensor(chosen))])


def test_names_with_dashes_and_brackets() -> None:
    classes = ("a", "a-b", "b", "b-c", "c", "x[1]")
    split = Split(torch.zeros(6, 1, 8, 8, dtype=torch.uint8), torch.arange(6))
    DATASETS.register(EmbeddedData("dashes", partial(make_dataset, "dashes", classes, split, split)))
    DATASETS.register(EmbeddedData("whole[0-1]", partial(make_dataset, "whole[0-1]", classes, split, split)))
    try:
        assert load_data("dashes[a-b,c]").classes == ("a-b", "c")  # a class, not a range
        assert load_data("dashes[b-c,x[1]]").classes == ("b-c", "x[1]")
        with pytest.raises(UserError, match="no class 'a-b-c'"):  # from a to b-c, or from a-b to c
            load_data("dashes[a-b-c]")
        assert load_data("whole[0-1]").classes == classes  # a name that is there is that data set
    finally:
        DATASETS.unregister("dashes")
        DATASETS.unregister("whole[0-1]")


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ("0-12", "'digits' has no class '0-12', as 'digits[0-12]' says; it has 0, 1, 2, 3, 4, 5, 6, 7, 8, 9."),
        ("0,cat", "has no class 'cat'"),
        ("", "has no class ''"),
        ("0, 1", "has no class ' 1'"),
        ("0--4", "has no class '0--4'"),
        ("4,0", "should name each class once, in their order: digits[0,4]."),
        ("0-4,4", "in their order: digits[0,1,2,3,4]."),
        ("9-5", "run backwards; write 5-9."),
        ("3-3", "run backwards"),
        ("3", "is one class only; name 2 or more."),
        ("0-9", "is all classes of 'digits'; write that."),
        ("0-4][5-9", "has no class '0-4][5-9'"),
    ],
)
def test_wrong_classes(classes: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load_data(f"digits[{classes}]")
    assert said in str(caught.value)
    assert str(caught.value).count(". ") == 0


def test_a_thousand_classes_are_not_all_listed() -> None:
    split = Split(torch.zeros(1000, 1, 8, 8, dtype=torch.uint8), torch.arange(1000))
    names = [f"class {place}" for place in range(1000)]
    DATASETS.register(EmbeddedData("many", partial(make_dataset, "many", names, split, split)))
    try:
        with pytest.raises(UserError, match="class 9 and 990 more"):
            load_data("many[cat,dog]")
    finally:
        DATASETS.unregister("many")


def test_a_class_without_images() -> None:
    split, none = (Split(torch.zeros(n, 1, 8, 8, dtype=torch.uint8), torch.arange(n)) for n in (3, 1))
    DATASETS.register(EmbeddedData("bare", partial(make_dataset, "bare", ("a", "b", "c"), split, none)))
    try:
        with pytest.raises(UserError, match="has no test images of b; take other classes"):
            load_data("bare[a-b]")
    finally:
        DATASETS.unregister("bare")


def test_classes_of_folders_are_refused_in_one_sentence(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for name in ("a", "b", "x:y"):
            (tmp_path / "set" / part / name).mkdir(parents=True)
            Image.new("L", (8, 8)).save(tmp_path / "set" / part / name / "0.png")
    whole = f"folder:{tmp_path / 'set'}"
    for said in ("[a-b]", ":size=32[a,b]", ":size=32[a,x:y]", ":weights=ResNet50_Weights.IMAGENET1K_V1[0-1]"):
        with pytest.raises(UserError, match="takes classes of images in a folder, which cannot be done"):
            load_data(whole + said)
    with pytest.raises(UserError, match="which cannot be done; give a folder that has these classes alone"):
        load_data("imagenet:size=32[cat,dog]")
    shutil.copytree(tmp_path / "set", tmp_path / "set[a-b]")  # a name that is there is that folder
    assert len(load_data(f"{whole}[a-b]").classes) == len(load_data(f"{whole}[a-b]:size=4").classes) == 3


def test_unknown_data_sets_and_those_to_be_fetched() -> None:
    with pytest.raises(UserError, match=r"Unknown data set 'nope\[0-1\]'"):
        load_data("nope[0-1]")
    with pytest.raises(UserError, match="There is no folder /x"):
        load_data("folder:/x[0-1]")
    found = downloadable("cifar10[cat,dog]")
    assert found is downloadable("cifar10") is not None
    assert not available("cifar10[cat,dog]", "/nowhere")
    with pytest.raises(UserError, match="'cifar10' is not in /nowhere"):
        load_data("cifar10[cat,dog]", "/nowhere")
