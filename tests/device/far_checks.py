"""Nothing mixes devices: all of it on a device of our own, which refuses what a GPU refuses and computes as the CPU."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
import torch

from analysis import robustness
from analysis.corruptions import CORRUPTIONS, blur, compiled, corrupt, outlines
from pruning.granularity.dead_channels import dead_channel_masks
from pruning.models import build_model, prunable
from pruning.training import precision
from tests.analysis.corruptions.pictures import pictures
from tests.device import networks
from tests.device.far import FarMode

SLACK = 3 * 32 * 32
"""Values that may come back from the device at once, less than three images: thresholds and counts, no batches."""


@pytest.fixture
def far() -> Iterator[torch.device]:
    """The far device."""
    with FarMode() as device:
        yield device


def test_what_a_gpu_refuses_is_refused(far: torch.device) -> None:
    there, here = torch.ones(3, device=far), torch.ones(3)
    assert (there * 2 + torch.tensor(1.0)).tolist() == [3, 3, 3]
    assert here[torch.tensor([0, 2])].to(far)[torch.tensor([1])].device == far
    with pytest.raises(RuntimeError, match="same device"):
        there + here
    with pytest.raises(RuntimeError, match="same device"):
        here[there > 0]
    with pytest.raises(RuntimeError, match="numpy"):
        there.numpy()
    with pytest.raises(RuntimeError, match="generator"):
        torch.rand(3, device=far, generator=torch.Generator())


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corruptions_stay_on_the_device(name: str, far: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    images, severity = pictures(6, 3, 32, 32), CORRUPTIONS[name].severities[-1]
    there = corrupt(images.to(far), name, severity)
    assert there.device == far
    assert FarMode.left < SLACK
    monkeypatch.setattr(compiled, "usable", lambda values: False)
    assert torch.equal(there.cpu(), corrupt(images, name, severity))


@pytest.mark.parametrize("name", ["defocus_blur", "contrast", "canny_edges", "stripe", "dotted_line", "zigzag"])
def test_corruptions_do_without_float64(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    images, severity = pictures(2, 3, 32, 32), CORRUPTIONS[name].severities[-1]
    monkeypatch.setattr("analysis.corruptions.pixels.WITHOUT_DOUBLES", {"far"})
    for kept in (blur._defocus_factors, outlines._smoothing):  # for a device of that name that has float64
        kept.cache_clear()
    with FarMode(double=False) as device:
        with pytest.raises(TypeError, match="no float64"):
            torch.ones(2, device=device).double()
        made = corrupt(images.to(device), name, severity).cpu()
    off = (made.int() - corrupt(images, name, severity).int()).abs()
    assert float((off > 1).double().mean()) < 1e-3


def test_criteria_training_and_search_never_mix_devices(far: torch.device) -> None:
    for check in (networks.criteria, networks.training, networks.search):
        for result in check(far, True):
            assert result.value == 0, result


@pytest.mark.parametrize("masks_there", [True, False])
def test_what_falls_silent_is_told_on_the_device(masks_there: bool, far: torch.device) -> None:
    model = build_model("wrn16_4", 10, (3, 8, 8), 0)
    masks = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in prunable(model).items()}
    for name in ("conv1.weight", "block1.layer.0.conv2.weight", "block1.layer.0.convShortcut.weight"):
        masks[name][3:9] = False
    expected = dead_channel_masks(model, masks, (3, 8, 8))
    assert "block1.layer.1.bn1.bias" in expected
    there = {name: mask.to(far) for name, mask in masks.items()} if masks_there else masks
    found = dead_channel_masks(model.to(far), there, (3, 8, 8))
    assert {mask.device for mask in found.values()} == {far if masks_there else torch.device("cpu")}
    assert {name: mask.tolist() for name, mask in found.items()} == {k: v.tolist() for k, v in expected.items()}


def test_synflow_does_without_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "WITHOUT_DOUBLES", {"far"})
    here = networks.scores("synflow", networks.CPU)
    highest = max(float(score.max()) for score in here.values())
    with FarMode(double=False) as device:
        for name, score in networks.scores("synflow", device).items():
            assert torch.allclose(score.cpu().double() * highest, here[name], rtol=1e-6)


def test_evaluation_never_mixes_devices(far: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    # Classes like that of far tensors cannot be detached in inference mode.
    monkeypatch.setattr(torch, "inference_mode", lambda mode=True: torch.no_grad() if mode else nullcontext())
    images, labels = pictures(20, 3, 32, 32), torch.arange(20) % 10
    network = build_model("lenet5", 10, (3, 32, 32), 0).eval()
    shown = [("clean", 0), ("brightness", 2), ("jpeg_compression", 1)]
    here, there = (
        list(robustness.iterate({"net": network}, images, labels, shown, device=device, precision="float32"))
        for device in ("cpu", "far")
    )
    for one, other in zip(here, there, strict=True):
        assert (one.values["net"]["prediction"] == other.values["net"]["prediction"]).all()
        assert abs(one.values["net"]["confidence"] - other.values["net"]["confidence"]).max() < 1e-6
