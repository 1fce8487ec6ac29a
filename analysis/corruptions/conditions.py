"""Conditions: the clean images, and a corruption at a severity; which there are, and in what order they come."""

from collections.abc import Iterable, Sequence

from analysis.corruptions import AVAILABLE, FAMILIES, SEVERITIES, family_of, severities_of

Condition = tuple[str, int]

CLEAN: Condition = ("clean", 0)
"""The condition of the images as they are."""

_FAMILIES = {name: place for place, name in enumerate(FAMILIES)}
_MEMBERS = {member: place for family in FAMILIES.values() for place, member in enumerate(family.members)}


def all_conditions(
    corruptions: Sequence[str] = AVAILABLE, severities: Sequence[int] = SEVERITIES
) -> tuple[Condition, ...]:
    """The clean images first, then each corruption at each of the severities that it has.

    A corruption with but one severity comes at that one. Raises UserError for an unknown name.
    """
    return (CLEAN, *((name, severity) for name in corruptions for severity in _cut(name, severities)))


def in_order(conditions: Iterable[Condition]) -> list[Condition]:
    """The clean images, then the families one after the other, then what belongs to none; the mildest first."""
    return sorted(set(conditions), key=_place)


def _cut(name: str, severities: Sequence[int]) -> Sequence[int]:
    own = severities_of(name)
    return own if len(own) == 1 else [severity for severity in severities if severity in own]


def _place(condition: Condition) -> tuple[int, int, str, int]:
    name, severity = condition
    if condition == CLEAN:
        return -1, 0, "", 0
    return _FAMILIES.get(family_of(name), len(FAMILIES)), _MEMBERS.get(name, 0), name, severity
