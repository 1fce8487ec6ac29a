"""What is removed as one piece: single weights, N of M neighbours, filters, tiles, residual blocks."""

from pruning.errors import unknown
from pruning.granularity import block, pattern
from pruning.granularity.base import Structure
from pruning.granularity.filter import FILTER
from pruning.granularity.layer import LAYER

__all__ = ["NAMES", "STRUCTURES", "Structure", "get_structure"]

WEIGHT = Structure("weight")


def get_structure(name: str) -> Structure:
    """The structure of that name: one of `STRUCTURES`, any `N:M`, any `block:RxC`.

    Raises:
        UserError: there is none; the sentence names the nearest.
    """
    found = STRUCTURES.get(name) or pattern.parse(name) or block.parse(name)
    if found is None:
        raise unknown("structure", name, NAMES)
    return found


def _named(*structures: Structure | None) -> dict[str, Structure]:
    return {structure.name: structure for structure in structures if structure is not None}


STRUCTURES = _named(WEIGHT, pattern.parse("2:4"), pattern.parse("1:4"), FILTER, block.parse("block"), LAYER)
NAMES: tuple[str, ...] = (*STRUCTURES, "N:M", "block:RxC")
"""What messages list; the last two stand for many."""
