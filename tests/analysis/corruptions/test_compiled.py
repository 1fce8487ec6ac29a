"""The compiled loops against the torch code that serves GPUs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from analysis.corruptions import NAMES, SEVERITIES, blur, compiled, corrupt
from analysis.corruptions.compiled import discs, filters
from tests import ROOT
from tests.analysis.corruptions.pictures import pictures

SHAPES = ((19, 3, 32, 32), (6, 1, 28, 28), (2, 3, 45, 37), (3, 1, 9, 3), (2, 3, 1, 6))
# Sums of rounded numbers whose order differs, so that one byte in some thousands falls on the other side of a cut.
NEAR = {"gaussian_blur", "defocus_blur", "glass_blur", "elastic_transform", "spatter", "snow"}


def by_torch(images: torch.Tensor, name: str, severity: int, monkeypatch: pytest.MonkeyPatch) -> torch.Tensor:
    with monkeypatch.context() as patch:
        patch.setattr(compiled, "usable", lambda values: False)
        return corrupt(images, name, severity, seed=2)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", SHAPES)
def test_loops_do_what_torch_does(name: str, shape: tuple[int, int, int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures(*shape)
    for severity in SEVERITIES:
        difference = corrupt(images, name, severity, seed=2).int() - by_torch(images, name, severity, monkeypatch).int()
        assert difference.abs().max() <= (1 if name in NEAR else 0)
        # A single byte of small images, and one in a thousand of the others.
        assert (difference != 0).sum() <= 1 + images.numel() / 1000


@pytest.mark.parametrize("name", ["glass_blur", "spatter", "jpeg_compression", "pixelate", "defocus_blur", "fog"])
def test_loops_do_what_torch_does_at_large_shifts_and_blocks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures(1, 3, 224, 224)
    for severity in (1, 5):
        difference = corrupt(images, name, severity, seed=2).int() - by_torch(images, name, severity, monkeypatch).int()
        # Exact in the loops, JPEG's sums are rounded in torch where they exceed 24 bits.
        assert difference.abs().max() <= (2 if name == "jpeg_compression" else 1)
        assert (difference != 0).double().mean() < 1e-3


@pytest.mark.parametrize(("radius", "alias"), [(3, 0.1), (4, 0.5), (6.3, 0.5), (8, 0.5), (10, 0.5), (12.1, 0.9)])
def test_discs_are_cut_as_the_sum_over_all_taps_is(radius: float, alias: float) -> None:
    images = pictures(1, 3, 50, 61)
    images[:, 1, 10:40] = 255
    images[:, 2, :, 20:50] = 0
    disc, taps, offsets = blur._disc(radius, alias), *blur._defocus_taps(radius, alias)
    ours = discs.blurred(images, disc, blur._mirrored(disc.reach, 50, 61), blur.SMALL_NUDGE)
    border = blur._mirrored(int(offsets.max()), 50, 61)
    assert torch.equal(ours, filters.correlated(images, taps, offsets, border, blur.SMALL_NUDGE))


@pytest.mark.parametrize("size", [720, 900, 1500])
def test_large_white_images_stay_white(size: int) -> None:
    white = torch.full((1, 1, size, size), 255, dtype=torch.uint8)
    for severity in (4, 5):
        assert torch.equal(corrupt(white, "defocus_blur", severity), white)


@pytest.mark.parametrize("radius", [32.2, 40, 67, 140])
def test_large_discs_are_cut_as_the_sum_over_all_taps_is(radius: float) -> None:
    images = 255 - pictures(1, 1, 60, 40) // 8
    for alias in (0.1, 0.5):
        disc, taps, offsets = blur._disc(radius, alias), *blur._defocus_taps(radius, alias)
        ours = discs.blurred(images, disc, blur._mirrored(disc.reach, 60, 40), blur.SMALL_NUDGE)
        border = blur._mirrored(int(offsets.max()), 60, 40)
        assert torch.equal(ours, filters.correlated(images, taps, offsets, border, blur.SMALL_NUDGE))


def test_large_discs_are_what_torch_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    images = 255 - pictures(1, 1, 720, 720) // 8
    ours, theirs = corrupt(images, "defocus_blur", 5), by_torch(images, "defocus_blur", 5, monkeypatch)
    difference = ours.int() - theirs.int()
    assert difference.abs().max() <= 1
    assert (difference != 0).double().mean() < 1e-3


def test_the_torch_code_is_what_runs_without_the_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr("analysis.corruptions.compiled.jpeg.compressed", lambda *_: called.append(1))
    by_torch(pictures(1, 3, 16, 16), "jpeg_compression", 1, monkeypatch)
    assert not called
    with pytest.raises(TypeError):
        corrupt(pictures(1, 3, 16, 16), "jpeg_compression", 1)
    assert called


def test_the_loops_that_are_not_on_disk_are_named(tmp_path: Path) -> None:
    code = (
        "from analysis.corruptions.compiled import stored\n"
        "before = stored.lacking()\n"
        "assert '_hash' in before and len(before) > 30, before\n"
        "from analysis.corruptions import corrupt\n"
        "import torch\n"
        "corrupt(torch.zeros(1, 1, 28, 28, dtype=torch.uint8), 'contrast', 1)\n"
        "assert set(before) - set(stored.lacking()) == {'_contrast'}, stored.lacking()\n"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
