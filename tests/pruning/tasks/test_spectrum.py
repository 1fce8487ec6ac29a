"""The spectrum over tokens: planted frequencies, a transform written out, and neurons that see nothing."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pruning.tasks.spectrum import amplitudes, entropies, frequencies, shares, spectrum


def written_out(rows: np.ndarray) -> np.ndarray:
    """The amplitudes by sums of sines and cosines."""
    tokens = np.arange(rows.shape[1])
    found = []
    for frequency in range(1, (rows.shape[1] - 1) // 2 + 1):
        turn = 2 * np.pi * frequency * tokens / len(tokens)
        found.append(np.hypot(rows @ np.cos(turn), rows @ np.sin(turn)))
    return np.array(found).T


@pytest.mark.parametrize("tokens", [7, 8, 67])
def test_amplitudes_are_those_of_sums_of_sines_and_cosines(tokens: int) -> None:
    rows = np.random.default_rng(0).standard_normal((5, tokens))
    np.testing.assert_allclose(amplitudes(torch.from_numpy(rows)).numpy(), written_out(rows), atol=1e-10)


@given(st.integers(1, 33), st.floats(0, 6.3), st.floats(0.1, 10), st.floats(-5, 5))
def test_a_planted_frequency_is_all_there_is(frequency: int, phase: float, size: float, level: float) -> None:
    row = size * torch.cos(2 * math.pi * frequency * torch.arange(67, dtype=torch.float64) / 67 + phase) + level
    found = shares(amplitudes(row[None]))[0]
    assert int(found.argmax()) + 1 == frequency
    assert float(found.max()) == pytest.approx(1, abs=1e-6)
    assert float(entropies(amplitudes(row[None]))[0]) == pytest.approx(0, abs=1e-4)


def test_an_impulse_has_all_frequencies_alike() -> None:
    row = torch.zeros(1, 67)
    row[0, 3] = 2.0
    assert frequencies(67) == 33
    assert float(entropies(amplitudes(row))[0]) == pytest.approx(math.log(33))
    np.testing.assert_allclose(shares(amplitudes(row)).numpy(), 1 / 33)


def test_two_frequencies_by_hand() -> None:
    turn = 2 * math.pi * torch.arange(67, dtype=torch.float64) / 67
    row = (3 * torch.cos(4 * turn) + torch.sin(9 * turn))[None]
    assert shares(amplitudes(row))[0, [3, 8]].tolist() == pytest.approx([0.75, 0.25])
    assert float(entropies(amplitudes(row))) == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))


def test_dead_neurons_are_counted_and_left_out() -> None:
    turn = 2 * math.pi * torch.arange(11) / 11
    rows = torch.stack([torch.zeros(11), torch.cos(2 * turn), torch.cos(3 * turn), torch.zeros(11)])
    found = spectrum(rows)
    assert found.dead == 2
    assert found.strongest == pytest.approx(1, abs=1e-5)
    assert found.entropy == pytest.approx(0, abs=1e-4)
    assert found.share.tolist() == pytest.approx([0, 0.5, 0.5, 0, 0], abs=1e-5)
    assert torch.isnan(entropies(amplitudes(rows))).tolist() == [True, False, False, True]


def test_a_network_without_live_neurons_has_no_spectrum() -> None:
    found = spectrum(torch.zeros(3, 5))
    assert found.dead == 3
    assert math.isnan(found.entropy)
    assert math.isnan(found.strongest)
    assert found.share.shape == (2,)
    assert torch.isnan(found.share).all()
