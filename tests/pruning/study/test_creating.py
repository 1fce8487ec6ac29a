"""A study that is made in Python says what a study.toml would, and has its images in its folder."""

from pathlib import Path
from typing import Any

import pytest
import torch

from pruning import Study, Training, UserError
from pruning.data import Dataset, load_data

IMAGES = torch.arange(60 * 16 * 3).reshape(60, 3, 4, 4).remainder(251).to(torch.uint8)
LABELS = torch.arange(60) % 3


@pytest.fixture
def data() -> Dataset:
    given = (IMAGES[:40], LABELS[:40], IMAGES[40:], LABELS[40:])
    return Dataset.from_arrays(*given, name="made", layout="NCHW", classes=["a", 'b "c"', "\u00e9\\"])


def test_images_labels_classes_and_statistics_come_back(data: Dataset, tmp_path: Path) -> None:
    study = Study.create(tmp_path / "x", data)
    found = load_data(study.config.data)
    assert torch.equal(found.train.images, IMAGES[:40])
    assert torch.equal(found.test.images, IMAGES[40:])
    assert torch.equal(found.test.labels, LABELS[40:])
    assert (found.classes, found.mean, found.std) == (data.classes, data.mean, data.std)
    assert study.config.title == "x"


def test_it_says_what_a_study_file_would(data: Dataset, tmp_path: Path) -> None:
    methods: list[dict[str, Any]] = [{"criterion": "snip", "training": {"lr": 1e-05}}, {"finder": "imp", "name": "a=b"}]
    keys: dict[str, Any] = {"title": 'a "b"\n#', "seeds": range(2), "training": Training(epochs=2), "methods": methods}
    study = Study.create(tmp_path, "digits", model="lenet300", sparsities=(0.5,), analysis={"samples": 50}, **keys)
    config = Study.open(tmp_path).config
    assert (config.title, config.seeds, config.sparsities) == ('a "b"\n#', [0, 1], [0.5])
    assert (config.training.epochs, config.analysis) == (2, {"samples": 50})
    assert [method.title for method in config.methods] == ["snip", "a=b"]
    assert config.methods[0].training == {"lr": 1e-05}
    assert study.size == 2 * 3


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"modell": "lenet300"}, "modell"),
        ({"model": "lenet30"}, "lenet300"),
        ({"methods": [{"criterion": "snip"}]}, "recorded networks alone"),
        ({"model": "lenet300", "methods": [{"criterion": "snipp"}]}, "snip"),
        ({"data": "digit"}, "digits"),
        ({"data": [(IMAGES, LABELS)]}, "Dataset.from_loader"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(
    said: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as caught:
        Study.create(tmp_path / "x", **{"data": "digits", **said})
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "x").exists()


def test_a_study_that_is_there_stays(tmp_path: Path) -> None:
    Study.create(tmp_path, "digits")
    with pytest.raises(UserError, match=r"is a study at .* already"):
        Study.create(tmp_path, "digits")


def test_images_that_are_damaged_or_gone_are_a_sentence(data: Dataset, tmp_path: Path) -> None:
    study = Study.create(tmp_path, data)
    [path] = (tmp_path / "data").iterdir()
    whole = bytearray(path.read_bytes())
    for place in (3, 40, len(whole) // 2, len(whole) - 1):
        harmed = whole.copy()
        harmed[place] ^= 4
        path.write_bytes(harmed)
        with pytest.raises(UserError, match="is damaged"):
            load_data(study.config.data).classes.index("")
        load_data.__globals__["_read"].cache_clear()
    path.unlink()
    with pytest.raises(UserError, match="are not at"):
        load_data(study.config.data)
    with pytest.raises(UserError, match=r"`Study\.create` writes"):
        load_data("file:/etc/passwd")
