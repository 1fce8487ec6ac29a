"""Blurs against scipy, and kernels against arithmetic by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from analysis.corruptions import SEVERITIES, corrupt, get_corruption
from analysis.corruptions.blur import defocus_kernel
from analysis.corruptions.linear import filter_matrix, gaussian_taps, outside
from tests.analysis.corruptions.pictures import flat, pictures


def as_bytes(values: np.ndarray) -> np.ndarray:
    return (values.clip(0, 1) * 255 + 1e-9).astype(np.uint8)


def assert_alike(ours: torch.Tensor, expected: np.ndarray, share: float) -> None:
    difference = np.abs(ours.numpy().astype(int) - expected)
    assert difference.max() <= 1
    assert (difference == 0).mean() >= share


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("shape", [(4, 3, 32, 32), (4, 1, 28, 28), (4, 3, 31, 50), (2, 3, 64, 64)])
def test_gaussian_blur_is_scipys(severity: int, shape: tuple[int, int, int, int]) -> None:
    images = pictures(*shape)
    (sigma,) = get_corruption("gaussian_blur").parameters(severity, min(shape[2:]))
    expected = ndimage.gaussian_filter(images.numpy() / 255, (0, 0, sigma, sigma), mode="nearest")
    assert_alike(corrupt(images, "gaussian_blur", severity), as_bytes(expected), 0.985)


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("shape", [(4, 3, 32, 32), (4, 1, 28, 28), (4, 3, 9, 50), (2, 3, 64, 64), (1, 1, 224, 224)])
def test_defocus_blur_is_scipys_correlation(severity: int, shape: tuple[int, int, int, int]) -> None:
    images = pictures(*shape)
    kernel = defocus_kernel(*get_corruption("defocus_blur").parameters(severity, min(shape[2:])))
    expected = ndimage.correlate(images.numpy() / 255, kernel[None, None], mode="mirror")
    # At severity 4 the exact values crowd just below whole numbers, where the last bits decide.
    assert_alike(corrupt(images, "defocus_blur", severity), as_bytes(expected), 0.85)


def test_defocus_kernels_by_hand() -> None:
    middle = slice(6, 11)
    leak = np.exp(-12.5) / (1 + 2 * np.exp(-12.5))
    plus = defocus_kernel(1, 0.2)
    assert plus.shape == (17, 17)
    assert plus.sum() == pytest.approx(1)
    assert plus[8, 8] == pytest.approx(0.2, abs=1e-5)
    assert plus[8, 7] == plus[7, 8] == pytest.approx(0.2, abs=1e-5)
    assert plus[7, 7] == pytest.approx(2 * 0.2 * leak, rel=1e-3)
    box = np.zeros((5, 5))
    box[1:4, 1:4] = 1 / 9
    assert np.allclose(defocus_kernel(1.5, 0.1)[middle, middle], box, atol=1e-9)
    # A disk below one pixel is a point, so the alias blur alone is left.
    side = np.exp(-0.5 / 0.16)
    profile = np.array([side, 1, side]) / (1 + 2 * side)
    assert np.allclose(defocus_kernel(0.3, 0.4)[7:10, 7:10], np.outer(profile, profile))
    assert defocus_kernel(10, 0.5).shape == (21, 21)


@pytest.mark.parametrize("name", ["gaussian_blur", "defocus_blur"])
@pytest.mark.parametrize("size", [1, 2, 5, 28, 32, 64])
def test_a_flat_image_stays_as_it_is(name: str, size: int) -> None:
    for value in range(0, 256, 5):
        assert (corrupt(flat(value, 1, 3, size), name, 5) == value).all()


@settings(max_examples=60, deadline=None)
@given(
    taps=st.lists(st.floats(-1, 1), min_size=1, max_size=4),
    size=st.integers(1, 12),
    border=st.sampled_from(["nearest", "mirror", "reflect"]),
)
def test_filter_matrix_is_scipys_correlation(taps: list[float], size: int, border: str) -> None:
    odd = np.array(taps + taps[::-1][1:])
    odd[0] += 0.5  # so that a kernel turned round would be seen
    values = np.random.default_rng(size).normal(size=size)
    matrix = filter_matrix(odd, size, border)  # type: ignore[arg-type]
    assert np.allclose(matrix @ values, ndimage.correlate1d(values, odd, mode=border))


def test_outside_reflects_about_the_centre_of_the_edge() -> None:
    assert outside(np.arange(-5, 9), 4, "mirror").tolist() == [1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert outside(np.arange(-5, 9), 4, "reflect").tolist() == [3, 3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0, 0]
    assert outside(np.arange(-2, 6), 4, "nearest").tolist() == [0, 0, 0, 1, 2, 3, 3, 3]


def test_gaussian_taps_by_hand() -> None:
    assert gaussian_taps(0.05).tolist() == [1]
    near, far = np.exp(-0.5 / 0.16), np.exp(-2 / 0.16)
    assert np.allclose(gaussian_taps(0.4), np.array([far, near, 1, near, far]) / (1 + 2 * near + 2 * far))
    assert len(gaussian_taps(1.0)) == 9
