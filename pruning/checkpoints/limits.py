"""How much of a file is looked at: more than any network needs, less than a second's work."""

import os
from pathlib import Path

MAX_STEPS = 120_000
"""Steps of a pickle; a tensor takes about thirty, so a network of a thousand with its optimizer takes 90,000."""
MAX_PICKLE = 16 * 2**20
"""Bytes of a pickle, which holds names and shapes but no weights."""
MAX_TENSORS = 20_000
"""Tensors of a network."""
MAX_DIRECTORY = 3 * 2**20
"""Bytes of a zip archive's table of contents, about 50 an entry."""
MAX_HEADER = 4 * 2**20
"""Bytes of a safetensors header, about 100 a tensor."""
MAX_NPY_HEADER = 16 * 2**10
"""Bytes of the header of an array in a .npz file."""
MAX_DIMENSIONS = 16
MAX_LENGTH = 2**48
"""Of one dimension, stride or offset."""
MAX_UNPACKED = 64 * 2**20
"""Bytes that a compressed entry may become however well it was compressed."""
MAX_RATIO = 200
"""How many times its size a compressed entry may become beyond `MAX_UNPACKED`."""
MAX_REUSE = 4
"""How many times the numbers in a file may be used in all: tied weights use some twice."""


def available_memory() -> int | None:
    """Bytes of memory that can be had without swapping; None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return None
    except (OSError, ValueError, IndexError):
        return _installed_memory()


def _installed_memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None
