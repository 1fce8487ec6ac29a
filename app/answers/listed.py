"""Names in a row, as a sentence has them."""

from __future__ import annotations

from collections.abc import Sequence

MOST_NAMED = 3
"""Names that a sentence has at most."""


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`, or how many more there are."""
    names = list(names)
    if len(names) > MOST_NAMED + 1:
        names = [*names[:MOST_NAMED], f"{len(names) - MOST_NAMED} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
