"""How much memory is free, which decides what is refused and how much runs side by side, and never a result."""

from pathlib import Path

import torch

_LIMITS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)
"""Files of control groups, of versions 2 and 1: the limit, what is used, and of that the files that may be dropped."""


def free_bytes(device: torch.device) -> int | None:
    """Bytes that may still be taken on a device; None where the system does not say.

    On the CPU that is what the system has, or the container where that is less.
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    found = [_available(), *(_left(*names) for names in _LIMITS)] if device.type == "cpu" else []
    return min((each for each in found if each is not None), default=None)


def _available(file: Path = Path("/proc/meminfo")) -> int | None:
    """What Linux says is available, the files that it may drop included."""
    return _noted(file, "MemAvailable:", 1024)


def _left(limit: str, used: str, files: str, root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What a control group leaves; None where it has no limit."""
    try:
        most, taken = ((root / name).read_text().strip() for name in (limit, used))
        droppable = _noted((root / used).parent / "memory.stat", files) or 0
        return max(0, int(most) - int(taken) + droppable)
    except (OSError, ValueError):  # "max" is no number
        return None


def _noted(file: Path, name: str, unit: int = 1) -> int | None:
    """The number that stands behind a name in a file of such lines."""
    try:
        lines = [line.split() for line in file.read_text().splitlines()]
    except OSError:
        return None
    return next((int(words[1]) * unit for words in lines if words and words[0] == name), None)
