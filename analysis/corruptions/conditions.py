"""Conditions: the clean images, and a corruption at a severity; which there are, and in what order they come."""

from collections.abc import Iterable, Sequence

from analysis.corruptions.corruption import SEVERITIES, UNCORRUPTED
from analysis.corruptions.families import NAMES
from analysis.corruptions.registry import FAMILIES, severities_of

Condition = tuple[str, int]

CLEAN: Condition = (UNCORRUPTED, 0)
"""The condition of the images as they are."""


def all_conditions(corruptions: Sequence[str] = NAMES, severities: Sequence[int] = SEVERITIES) -> tuple[Condition, ...]:
    """The clean images first, then each corruption at each of the severities that it has.

    A corruption with but one severity comes at that one. Raises UserError for an unknown name.
    """
    return (CLEAN, *((name, severity) for name in corruptions for severity in _cut(name, severities)))


def in_order(conditions: Iterable[Condition]) -> list[Condition]:
    """The clean images, then the families one after the other, then what belongs to none; the mildest first."""
    members = [member for family in FAMILIES.values() for member in family.members]
    places = {member: place for place, member in enumerate(members)}

    def place(condition: Condition) -> tuple[int, str, int]:
        name, severity = condition
        return -1 if condition == CLEAN else places.get(name, len(places)), name, severity

    return sorted(set(conditions), key=place)


def _cut(name: str, severities: Sequence[int]) -> Sequence[int]:
    own = severities_of(name)
    return own if len(own) == 1 else [severity for severity in severities if severity in own]
