"""Random numbers that depend on nothing but their name: seed, corruption, severity, image and position.

A counter-based generator hashes the name of each number, so that batch size, order and the number of workers cannot
change it, and a batch is drawn at once (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011). The
hash is the finaliser of SplitMix64 (Steele et al., OOPSLA 2014) on the exclusive or of a key for the image and a key
for the position. Integer arithmetic wraps alike everywhere, so a GPU draws the same bits.

Each hash gives four words of 16 bits. They are all that 8-bit images need: a table of 65,536 entries turns a word
into a number of any distribution.
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from analysis.corruptions import compiled

WORDS = 1 << 16
"""Number of values that a word takes."""

_GOLDEN = 0x9E3779B97F4A7C15
_MULTIPLIERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_SHIFTS = (30, 27)


@dataclass(frozen=True)
class Draws:
    """The random numbers of some images under one seed, corruption and severity."""

    keys: Tensor  # int64 [N], one for each image

    @classmethod
    def of(cls, seed: int, corruption: str, severity: int, index: Tensor) -> "Draws":
        """Draws for the images with the given indices, int64 [N]; they live on the device of `index`."""
        stream = zlib.crc32(f"{seed} {corruption} {severity}".encode()) | (
            zlib.crc32(f"{corruption} {seed}".encode()) << 32
        )
        return cls(_mix(_mix(index * _signed(_GOLDEN)) ^ _signed(stream)))

    def part(self, start: int, stop: int) -> "Draws":
        """The draws of images start to stop."""
        return Draws(self.keys[start:stop])

    def words(self, count: int) -> Tensor:
        """`count` words an image, uniform on 0 to 65,535: uint16 [N, count]."""
        positions = _positions(-(-count // 4), self.keys.device)
        if compiled.usable(self.keys):
            from analysis.corruptions.compiled import hashing  # not before an image is made: it imports Numba

            hashed = hashing.hashed(self.keys, positions)
        else:
            hashed = _mix(self.keys[:, None] ^ positions)
        return hashed.view(torch.uint16)[:, :count]

    def uniform(self, count: int) -> Tensor:
        """The same words as the middles of 65,536 equal steps from -1 to 1: float32 [N, count]."""
        words = self.words(count)
        if compiled.usable(words):
            from analysis.corruptions.compiled import hashing

            return hashing.uniform(words)
        return words.float().mul_(2 / WORDS).add_(1 / WORDS - 1)

    def indices(self, count: int) -> Tensor:
        """The same words as a flat table index: int32 [N * count]."""
        return self.words(count).to(torch.int32).flatten()


@lru_cache(maxsize=8)
def _positions(count: int, device: torch.device) -> Tensor:
    return _mix(torch.arange(1, count + 1, device=device) * _signed(_GOLDEN))


def _mix(value: Tensor) -> Tensor:
    """SplitMix64's finaliser; overwrites nothing but its own temporaries."""
    value = value.clone()
    for multiplier, shift in zip(_MULTIPLIERS, _SHIFTS, strict=True):
        value ^= _shifted(value, shift)
        value *= _signed(multiplier)
    value ^= _shifted(value, 31)
    return value


def _shifted(value: Tensor, shift: int) -> Tensor:
    """Logical right shift: torch's own repeats the sign."""
    return (value >> shift).bitwise_and_((1 << (64 - shift)) - 1)


def _signed(value: int) -> int:
    """An unsigned 64-bit constant as the signed one of the same bits."""
    return value - (1 << 64) if value >= 1 << 63 else value


@lru_cache(maxsize=1)
def standard_normal() -> Tensor:
    """Table from a word to a standard normal number: its quantiles at the middles of 65,536 equal steps, float64."""
    middles = (torch.arange(WORDS, dtype=torch.float64) + 0.5) / WORDS
    result: Tensor = torch.special.ndtri(middles)
    return result
