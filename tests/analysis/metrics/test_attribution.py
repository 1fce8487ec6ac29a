"""Attribution against finite differences, brute force, axioms and SciPy's filter."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from torch import Tensor

from analysis.metrics import geometry
from analysis.metrics.attribution import (
    Patches,
    blurred,
    gap_and_length,
    input_gradients,
    integrated_gradients,
    mean_colour,
)

SIZES = st.integers(1, 9)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def respond(images: Tensor) -> Tensor:
    """Gap and length of a small smooth network with four classes."""
    first, weight, mean = numbers(12, images[0].numel(), seed=1), numbers(4, 12, seed=2), numbers(12, seed=3)
    features = torch.tanh(images.flatten(1) @ first.T / 3)
    return gap_and_length(features, weight, mean / 5, torch.zeros(len(images), dtype=torch.int64))


def test_gap_and_length_are_those_of_the_measures() -> None:
    features, weight, mean, labels = numbers(30, 6), numbers(5, 6, seed=1), numbers(6, seed=2), torch.arange(30) % 5
    found = gap_and_length(features, weight, mean, labels).float()
    known = geometry.compare_tensors(features, weight, None, labels, mean)
    torch.testing.assert_close(found[:, 0], known["gap"])
    torch.testing.assert_close(found[:, 1], known["centred_length"])


def test_one_class_has_no_gap_but_a_length() -> None:
    found = gap_and_length(numbers(3, 4), numbers(1, 4), numbers(4, seed=1), torch.zeros(3, dtype=torch.int64))
    assert found[:, 0].isnan().all()
    assert (found[:, 1] > 0).all()


def test_gradients_are_the_finite_differences() -> None:
    image, step = numbers(1, 3, 4, seed=5), 1e-6
    found = input_gradients(respond, image[None])[0]
    for at in np.ndindex(1, 3, 4):
        up, down = image.clone(), image.clone()
        up[at] += step
        down[at] -= step
        slope = (respond(up[None]) - respond(down[None]))[0] / (2 * step)
        torch.testing.assert_close(found[(slice(None), *at)], slope, rtol=1e-6, atol=1e-6)


def test_integrated_gradients_are_complete() -> None:
    """Their parts sum to the whole change (Sundararajan et al. 2017, proposition 1)."""
    image, start = numbers(2, 4, 5, seed=6), numbers(2, 4, 5, seed=7)
    whole = (respond(image[None]) - respond(start[None]))[0]
    errors = [
        (integrated_gradients(respond, image, start, steps).sum(dim=(1, 2, 3)) - whole).abs().max()
        for steps in (100, 3000)
    ]
    assert errors[0] < 0.05
    assert errors[1] < 1e-3


def test_integrated_gradients_of_a_linear_response_are_its_terms() -> None:
    weight = numbers(2, 1, 3, 3, seed=8)
    image, start = numbers(1, 3, 3, seed=9), numbers(1, 3, 3, seed=10)
    found = integrated_gradients(lambda x: torch.einsum("nchw,mchw->nm", x, weight), image, start, steps=3)
    torch.testing.assert_close(found, weight * (image - start))


def test_what_the_response_does_not_use_gets_nothing() -> None:
    image = numbers(1, 4, 4)
    found = integrated_gradients(lambda x: x[:, 0, :2].pow(2).sum(dim=(1, 2))[:, None], image, torch.zeros_like(image))
    assert (found[0, 0, 2:] == 0).all()
    torch.testing.assert_close(found[0, 0, :2], image[0, :2] ** 2)


@given(SIZES, SIZES, st.integers(1, 12), st.integers(1, 12))
def test_patches_cover_every_pixel_and_stay_inside(height: int, width: int, patch: int, stride: int) -> None:
    stride = min(stride, patch)
    patches = Patches(height, width, patch, stride)
    masks = patches.hide(torch.zeros(1, height, width), torch.ones(1, height, width))[:, 0].numpy()
    assert len(masks) == len(patches)
    assert (masks.sum(axis=(1, 2)) == min(patch, height) * min(patch, width)).all()
    assert (masks.sum(axis=0) > 0).all()
    effects = np.random.default_rng(height).normal(size=(2, len(patches)))
    mean = np.einsum("rp,phw->rhw", effects, masks) / masks.sum(axis=0)
    np.testing.assert_allclose(patches.spread(effects), mean)


def test_hiding_changes_one_patch_and_no_more() -> None:
    image, fill = torch.arange(48, dtype=torch.uint8).view(1, 6, 8), torch.full((1, 6, 8), 200, dtype=torch.uint8)
    patches = Patches(6, 8, 3, 2)
    assert patches.corners.tolist()[:4] == [[0, 0], [0, 2], [0, 4], [0, 5]]
    hidden = patches.hide(image, fill, slice(1, 3))
    assert hidden.shape == (2, 1, 6, 8)
    assert (hidden[0, :, 0:3, 2:5] == 200).all()
    assert (hidden[0] != image).sum() == 9
    assert image.max() == 47


def test_a_pixel_hidden_from_a_linear_response_is_its_term() -> None:
    weight, image, fill = numbers(1, 5, 4, seed=11), numbers(1, 5, 4, seed=12), numbers(1, 5, 4, seed=13)
    patches = Patches(5, 4, 1, 1)
    lost = (image * weight).sum() - (patches.hide(image, fill) * weight).sum(dim=(1, 2, 3))
    np.testing.assert_allclose(patches.spread(lost.numpy()), (weight * (image - fill))[0])


@pytest.mark.parametrize(("size", "sigma"), [((3, 28, 20), 2.0), ((1, 5, 7), 6.0), ((1, 1, 1), 3.0)])
def test_blur_is_a_gaussian_that_ends_with_the_image(size: tuple[int, int, int], sigma: float) -> None:
    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, size).astype(np.uint8))
    plane = {"sigma": (0, sigma, sigma), "mode": "constant", "truncate": 20.0}
    known = gaussian_filter(image.numpy().astype(float), **plane) / gaussian_filter(np.ones(size), **plane)
    assert blurred(image, sigma).dtype == torch.uint8
    np.testing.assert_allclose(blurred(image, sigma), known.round(), atol=1)


def test_mean_colour_is_that_of_each_channel() -> None:
    image = torch.stack([torch.full((4, 6), 10), torch.arange(24).view(4, 6) * 2]).to(torch.uint8)
    found = mean_colour(image)
    assert found.shape == image.shape
    assert found[0].unique().tolist() == [10]
    assert found[1].unique().tolist() == [23]
