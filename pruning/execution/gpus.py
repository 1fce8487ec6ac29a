"""The GPUs of this machine, handed out to its worker processes: each sees those that are its own, one after another."""

import os
from collections.abc import Sequence

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""What CUDA reads when it starts in a process: the GPUs that are there for it."""


def visible() -> tuple[str, ...]:
    """The GPUs that this process may use, by the names that `VISIBLE` has for them; () where there are none."""
    import torch  # not before it is needed: what asks for no GPU starts without it

    return names_of(torch.cuda.device_count(), os.environ.get(VISIBLE))


def names_of(count: int, said: str | None) -> tuple[str, ...]:
    """The names of so many GPUs, those that `VISIBLE` says first where it says any."""
    named = [name.strip() for name in (said or "").split(",") if name.strip()]
    return tuple(named[:count]) if len(named) >= count else tuple(map(str, range(count)))


def share(place: int, gpus: Sequence[str], each: int = 1) -> tuple[str, ...]:
    """The `each` GPUs of the worker in a place, counted from 0: those behind the worker's before it, round and round.

    Never one twice; all where there are fewer than `each`.
    """
    return tuple(gpus[(place * each + number) % len(gpus)] for number in range(min(each, len(gpus))))


def workers(gpus: int, each: float = 1.0) -> int:
    """How many workers so many GPUs are for, where each has so many or such a share of one; at least 1."""
    return max(1, int(gpus / each + 1e-9)) if each else 1


def per_gpu(jobs: int, gpus: int, each: int = 1) -> int:
    """How many of `jobs` workers with `each` GPUs see the same one at most."""
    return -(-jobs * min(each, gpus) // gpus) if gpus else jobs
