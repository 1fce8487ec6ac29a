"""CKA, against Song's formula term by term, a rotation, and features that have nothing in common."""

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from analysis.metrics.cka import centred_gram, cka, grams, product


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def hsic(x: Tensor, y: Tensor) -> float:
    """Song et al. 2012, equation 5, as it is printed."""
    n = len(x)
    k, m = (each.double() @ each.double().T for each in (x, y))
    k.fill_diagonal_(0)
    m.fill_diagonal_(0)
    ones = torch.ones(n, dtype=torch.float64)
    parts = (k @ m).trace(), (ones @ k @ ones) * (ones @ m @ ones) / ((n - 1) * (n - 2)), ones @ k @ m @ ones
    return float((parts[0] + parts[1] - 2 / (n - 2) * parts[2]) / (n * (n - 3)))


def test_the_products_are_songs_estimate() -> None:
    x, y = drawn(0, 12, 5) + 3, drawn(1, 12, 7).relu()
    product = float((centred_gram(x).double() * centred_gram(y).double()).sum())
    assert product == pytest.approx(hsic(x, y), rel=1e-5)


def test_the_estimate_is_the_mean_over_four_tuples() -> None:
    """It is the mean over all four-tuples of different images, by brute force."""
    x, y = drawn(2, 7, 3).double(), drawn(3, 7, 2).double()
    k, m = x @ x.T, y @ y.T
    terms = [k[a, b] * (m[a, b] + m[c, d] - 2 * m[a, c]) for a, b, c, d in permutations(range(7), 4)]
    assert hsic(x, y) == pytest.approx(float(torch.stack(terms).mean()), rel=1e-9)


def test_minibatches_are_averaged_before_the_ratio() -> None:
    x, y = drawn(4, 60, 8), drawn(4, 60, 8) + 0.7 * drawn(5, 60, 8)
    parts = [(x[at : at + 20], y[at : at + 20]) for at in range(0, 60, 20)]
    cross, own, other = (
        sum(hsic(*pair) for pair in pairs) for pairs in (parts, [(a, a) for a, _ in parts], [(b, b) for _, b in parts])
    )
    found = cka(grams([a for a, _ in parts])[None], grams([b for _, b in parts])[None])
    assert float(found) == pytest.approx(cross / np.sqrt(own * other), rel=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**31), st.floats(0.01, 100), st.floats(-50, 50))
def test_rotation_scale_and_shift_leave_it_at_one(seed: int, scale: float, shift: float) -> None:
    x = drawn(seed, 30, 6)
    turn = torch.linalg.qr(drawn(seed + 1, 6, 6))[0]
    found = cka(grams([x])[None], grams([scale * (x @ turn) + shift])[None])
    assert float(found) == pytest.approx(1, abs=2e-3)


def test_minibatches_far_from_the_origin_keep_their_digits() -> None:
    """Among others that are near, of which one is smaller: as in float64, where no shift matters."""
    near, other, last = drawn(9, 20, 6), drawn(10, 20, 6), drawn(11, 7, 6)
    far = other.double() + 3000
    parts = [near, far.float(), last]
    found = grams(parts).split([400, 400, 49])
    for part, each in zip(parts, found, strict=True):
        rows = part.double() - part.double().mean(0)
        expected = grams([rows.float()])
        np.testing.assert_allclose(each, expected, atol=1e-4 * float(expected.abs().max()))
    assert torch.equal(grams(parts, [product(part) for part in parts]), torch.cat(found))


def test_wide_features_of_few_images_have_nothing_in_common() -> None:
    """Where the usual estimate is near 1."""
    pairs = [(drawn(2 * i, 50, 1000), drawn(2 * i + 1, 50, 1000)) for i in range(20)]
    plain = []
    for x, y in pairs:
        a, b = x - x.mean(0), y - y.mean(0)
        plain.append(float((a.T @ b).norm() ** 2 / ((a.T @ a).norm() * (b.T @ b).norm())))
    assert np.mean(plain) > 0.9
    ours = [float(cka(grams([x])[None], grams([y])[None])) for x, y in pairs]
    assert abs(np.mean(ours)) < 3 * np.std(ours) / np.sqrt(len(ours)) + 0.02


def test_maps_are_flattened_and_layers_stand_in_rows() -> None:
    maps = drawn(6, 20, 3, 4, 4)
    layers = torch.stack([grams([maps]), grams([maps.flatten(1)]), grams([drawn(7, 20, 9)])])
    found = cka(layers, layers)
    assert found.shape == (3, 3)
    np.testing.assert_allclose(found.diagonal(), 1, atol=1e-6)
    assert float(found[0, 1]) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(found, found.T, atol=1e-12)


def test_what_has_no_answer_is_nan() -> None:
    dead, broken, good = torch.zeros(10, 3), torch.full((10, 3), torch.nan), drawn(8, 10, 3)
    for each in (dead, broken):
        assert cka(grams([each])[None], grams([good])[None]).isnan().all()
    with pytest.raises(ValueError, match="4 images or more, not 3"):
        centred_gram(good[:3])
