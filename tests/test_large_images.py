"""A study of photographs that lie on the disk: imported, pruned, measured and looked at."""

from pathlib import Path

import pytest
import torch
import torchvision

from analysis.engine import measure
from analysis.engine.images import TestImages
from analysis.results.store import Results
from pruning.data import cache_building, folder, load_data
from pruning.data.lazy import LazyImages
from pruning.study.checkpoint_import import ImportOptions, import_network
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from tests.app.views.test_pages import draw, text
from tests.bench.large_study import shortened
from tests.bench.made_folder import make_folder

IMAGES, SIZE = 60, 64


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with photographs of which few chunks and few rows fit into memory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(folder, "IN_MEMORY", 0)
    monkeypatch.setattr(cache_building, "CHUNK", 10 * 3 * SIZE * SIZE)
    monkeypatch.setattr("pruning.data.lazy.LARGE", 4 * 3 * SIZE * SIZE)
    make_folder(tmp_path / "photographs", IMAGES, 100, 80, classes=2)
    return tmp_path


def test_from_a_checkpoint_to_the_pages(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = "ResNet18_Weights.IMAGENET1K_V1"
    data = f"folder:{place / 'photographs'}:size={SIZE}"
    torch.manual_seed(0)
    network = torchvision.models.resnet18(num_classes=2)
    torch.save(network.state_dict(), place / "resnet18.pth")
    told: list[str] = []
    made = import_network(place / "resnet18.pth", data, ImportOptions(name="large"), lambda _, text: told.append(text))
    assert any(f"decoded {IMAGES} of {IMAGES} images" in each for each in told)
    assert any("brought to 64x64 pixels: the shorter side to 73 (bilinear)" in line for line in made.report)
    assert made.ticket.recipe.data == data

    images = load_data(data).test.images
    assert isinstance(images, LazyImages)
    network.eval()
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (made.ticket.info.mean, made.ticket.info.std))
    with torch.inference_mode():
        right = (network((images / 255 - mean) / std).argmax(1) == load_data(data).test.labels).double().mean()
    assert made.ticket.info.accuracy == pytest.approx(float(right))

    shortened(made.folder, 1, IMAGES, 7)
    summary = run(Study.open(made.folder), RunOptions(jobs=1))
    assert not summary.failed
    assert len(summary.found) == 2
    study = Study.open(made.folder)
    report = measure.run(study, only=["summary", "samples", "conditions"], jobs=1)
    assert not report.problems
    found = Results(study.path).table("conditions")
    assert set(found["corruption"]) == {"clean", "gaussian_noise", "brightness"}
    assert set(found["n"]) == {7}

    test = draw("samples", made.folder, monkeypatch)
    assert not test.error, text(test)
    assert weights not in text(test)


def test_a_digest_is_worked_out_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = load_data(f"folder:{place / 'photographs'}:size={SIZE}").test
    lazy, memory = TestImages(test.images, test.labels), TestImages(torch.as_tensor(test.images.numpy()), test.labels)
    assert lazy.digest == memory.digest
    monkeypatch.setattr("analysis.engine.images._digest", None)
    assert TestImages(test.images, test.labels).digest == memory.digest
    other = TestImages(test.images, test.labels.flip(0))
    with pytest.raises(TypeError):
        _ = other.digest
