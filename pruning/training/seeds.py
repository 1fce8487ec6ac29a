"""Seeds and generators, one for each purpose."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def derived_seed(seed: int, *purpose: object) -> int:
    """An independent 63-bit seed for each purpose, so that data order, augmentation, scoring share no stream."""
    text = ":".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *purpose: object) -> torch.Generator:
    """A CPU generator seeded by `derived_seed`."""
    return torch.Generator().manual_seed(derived_seed(seed, *purpose))


@contextmanager
def seeded_draws(seed: int, device: torch.device) -> Iterator[None]:
    """Torch's own generators, which dropout draws from, start at `seed` and are afterwards where they were.

    They are those of the CPU and of the device.
    """
    sources = [torch.default_generator, *_own_generators(device)]
    states = [source.get_state() for source in sources]
    try:
        for source in sources:
            source.manual_seed(seed)
        yield
    finally:
        for source, state in zip(sources, states, strict=True):
            source.set_state(state)


def _own_generators(device: torch.device) -> list[torch.Generator]:
    """What torch draws from on an accelerator when it is given no generator."""
    if device.type == "cuda":
        return [torch.cuda.default_generators[torch.cuda.current_device() if device.index is None else device.index]]
    return [torch.mps._get_default_mps_generator()] if device.type == "mps" else []
