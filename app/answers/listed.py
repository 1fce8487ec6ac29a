"""Names in a row, as an answer has them."""

from __future__ import annotations

from collections.abc import Sequence

from app import names as texts

MOST_NAMED = 3
"""Names that a sentence has at most."""


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`, or how many more there are."""
    return texts.listed(names, MOST_NAMED)
