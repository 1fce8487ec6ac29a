"""Seeds and generators, one for each purpose."""

import hashlib

import torch


def derived_seed(seed: int, *purpose: object) -> int:
    """An independent 63-bit seed for each purpose, so that data order, augmentation, scoring share no stream."""
    text = ":".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *purpose: object) -> torch.Generator:
    """A CPU generator seeded by `derived_seed`."""
    return torch.Generator().manual_seed(derived_seed(seed, *purpose))
