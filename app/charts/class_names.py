"""What groups of classes are called."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SHORT = 16
"""Letters of a name where there is little room."""


def group_name(members: np.ndarray, classes: Sequence[str]) -> str:
    """A class by its name, a cluster by its first two members and how many there are more."""
    names = [_short(classes[int(member)], len(members) > 1) for member in members[:2]]
    more = f" +{len(members) - 2}" if len(members) > 2 else ""
    return ", ".join(names) + more


def _short(name: str, narrow: bool) -> str:
    return name if not narrow or len(name) <= SHORT else name[: SHORT - 1] + "…"
