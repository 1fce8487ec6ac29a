"""The counter-based generator against whole-number arithmetic by hand, and its statistics."""

import numpy as np
import torch
from scipy import stats

from analysis.corruptions.random import WORDS, Draws, standard_normal

LIMIT = 1 << 64


def mixed(value: int) -> int:
    """SplitMix64's finaliser in Python's own integers."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % LIMIT
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB % LIMIT
    return value ^ (value >> 31)


def draws(count: int, seed: int = 0) -> Draws:
    return Draws.of(seed, "fog", 1, torch.arange(count))


def test_words_are_the_hash_of_image_and_position() -> None:
    some = draws(3)
    words = some.words(10)
    assert words.shape == (3, 10)
    for image, key in enumerate(some.keys.tolist()):
        for group in range(3):
            hashed = mixed(key % LIMIT ^ mixed((group + 1) * 0x9E3779B97F4A7C15 % LIMIT))
            expected = [hashed >> 16 * part & 0xFFFF for part in range(4)]
            assert words[image, 4 * group : 4 * group + 4].tolist() == expected[: 10 - 4 * group]


def test_keys_are_the_hash_of_the_index() -> None:
    first, second = Draws.of(4, "fog", 2, torch.tensor([5])), Draws.of(4, "fog", 2, torch.tensor([9, 5]))
    assert first.keys[0] == second.keys[1]
    assert len(set(draws(1000).keys.tolist())) == 1000


def test_words_are_uniform_and_unrelated() -> None:
    words = draws(200).words(3000).to(torch.int32).numpy()
    counts = np.bincount(words.ravel() >> 6, minlength=1024)
    assert 0.001 < stats.chisquare(counts).pvalue < 0.999
    low = np.bincount(words.ravel() & 1023, minlength=1024)
    assert 0.001 < stats.chisquare(low).pvalue < 0.999
    centred = words / WORDS - 0.5
    bound = 5 / np.sqrt(words.size)
    for shifted in (np.roll(centred, 1, 0), np.roll(centred, 1, 1), np.roll(centred, 4, 1), np.roll(centred, 1024, 1)):
        assert abs(np.mean(centred * shifted) * 12) < bound


def test_seeds_do_not_correlate() -> None:
    one, other = (draws(100, seed).words(3000).float() / WORDS - 0.5 for seed in (0, 1))
    assert abs((one * other).mean().item() * 12) < 5 / 300_000**0.5


def test_the_normal_table_has_the_moments_of_the_normal() -> None:
    table = standard_normal().numpy()
    assert np.all(np.diff(table) > 0)
    assert abs(table.mean()) < 1e-9
    assert abs(table.var() - 1) < 1e-3
    assert abs((table**4).mean() - 3) < 0.02
