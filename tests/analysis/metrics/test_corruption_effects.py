"""Figures of what corruptions do, against numpy and by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor

from analysis.corruptions import corrupt
from analysis.corruptions.conditions import Condition
from analysis.metrics.corruption_effects import Effect, effects
from tests.analysis.corruptions.pictures import pictures

LABELS = torch.arange(12) % 3


def made(images: Tensor) -> Tensor:
    return corrupt(images, "gaussian_noise", 3)


def one(before: Tensor, after: Tensor, **more: object) -> Effect:
    found = effects(before, LABELS[: len(before)], [("fog", 2)], lambda part, _: after[part], **more)  # type: ignore[arg-type]
    (effect,) = found
    return effect


@pytest.mark.parametrize("shape", [(12, 3, 9, 7), (5, 1, 6, 8)])
@pytest.mark.parametrize("batch_size", [1, 5, 100])
def test_figures_are_numpys(shape: tuple[int, ...], batch_size: int) -> None:
    before = pictures(*shape)
    after = made(before)
    effect = one(before, after, batch_size=batch_size)
    old, new = before.numpy().astype(float), after.numpy().astype(float)
    assert (effect.corruption, effect.severity) == ("fog", 2)
    assert effect.mean_abs_diff == pytest.approx(np.abs(new - old).mean())
    assert effect.mean_diff == pytest.approx((new - old).mean())
    squared = ((new - old) ** 2).mean(axis=(1, 2, 3))
    assert effect.psnr_db == pytest.approx(np.mean(20 * np.log10(255) - 10 * np.log10(squared)))
    energy = [sum((np.diff(x, axis=axis) ** 2).sum() for axis in (2, 3)) for x in (old, new)]
    assert effect.gradient_energy_ratio == pytest.approx(energy[1] / energy[0])
    assert effect.accuracy is None


def test_figures_by_hand() -> None:
    before = torch.tensor([[[[10, 20], [10, 20]]], [[[50, 50], [50, 60]]]], dtype=torch.uint8)
    after = before.clone()
    after[0] += torch.tensor([[2, 2], [2, 2]], dtype=torch.uint8)
    after[1, 0, 1, 1] = 50
    effect = one(before, after)
    assert effect.mean_abs_diff == 18 / 8
    assert effect.mean_diff == -2 / 8
    assert effect.psnr_db == pytest.approx((10 * np.log10(255**2 / 4) + 10 * np.log10(255**2 / 25)) / 2)
    assert effect.gradient_energy_ratio == 200 / 400


def test_an_unchanged_image_counts_as_hardly_changed() -> None:
    before = pictures(3, 1, 8, 8)
    effect = one(before, before)
    assert effect.mean_abs_diff == effect.mean_diff == 0
    assert effect.gradient_energy_ratio == 1
    assert effect.psnr_db == pytest.approx(68.13, abs=0.01)


def test_accuracy_progress_and_order() -> None:
    before = pictures(12, 1, 4, 4)
    asked: list[Condition] = [("fog", 1), ("snow", 2)]
    told: list[tuple[float, str]] = []

    def corrupted(part: slice, condition: Condition) -> Tensor:
        return before[part] // 2 if condition == ("fog", 1) else before[part]

    def predict(images: Tensor) -> Tensor:
        # Right about images that are as they were.
        known = [(before == image).flatten(1).all(dim=1) for image in images]
        return torch.stack([(LABELS * hit).sum() if hit.any() else torch.tensor(9) for hit in known])

    found = list(effects(before, LABELS, asked, corrupted, predict, 5, lambda *what: told.append(what)))
    assert [(effect.corruption, effect.severity, effect.accuracy) for effect in found] == [
        ("fog", 1, 0.0),
        ("snow", 2, 1.0),
    ]
    assert [fraction for fraction, _ in told] == pytest.approx([step / 6 for step in range(7)])
    assert told[3][1] == "snow 2"
