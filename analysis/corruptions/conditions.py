"""Conditions: the clean images, and a corruption at a severity; which there are, and in what order they come."""

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

from analysis.corruptions.checks import check_severity
from analysis.corruptions.corruption import SEVERITIES, UNCORRUPTED
from analysis.corruptions.families import NAMES
from analysis.corruptions.registry import FAMILIES, severities_of
from pruning.errors import UserError

Condition = tuple[str, int]

CLEAN: Condition = (UNCORRUPTED, 0)
"""The condition of the images as they are."""


def all_conditions(corruptions: Sequence[str] = NAMES, severities: Sequence[int] = SEVERITIES) -> tuple[Condition, ...]:
    """The clean images first, then each corruption at each of the severities that it has.

    A corruption with but one severity comes at that one. Raises UserError for an unknown name, and for a severity that
    is no whole number from 1 to 5, or that none of the corruptions has.
    """
    for severity in severities:
        check_severity(severity)
        _check_had(severity, [name for name in corruptions if len(severities_of(name)) > 1])
    return (CLEAN, *((name, severity) for name in corruptions for severity in _cut(name, severities)))


def as_conditions(given: Any) -> list[Condition]:
    """Return conditions as pairs. Raises UserError where one is none, such as the name of a corruption alone."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise UserError(f"Give conditions as a list, such as [('fog', 3)], and not as {given!r}.")
    return [_pair(each) for each in given]


def _pair(given: Any) -> Condition:
    match given:
        case [str(name), Integral() as severity] if not isinstance(severity, bool):
            return name, int(severity)
    raise UserError(f"A condition is a corruption and a severity, such as ('fog', 3), and not {given!r}.")


def in_order(conditions: Iterable[Condition]) -> list[Condition]:
    """The clean images, then the families one after the other, then what belongs to none; the mildest first."""
    members = [member for family in FAMILIES.values() for member in family.members]
    places = {member: place for place, member in enumerate(members)}

    def place(condition: Condition) -> tuple[int, str, int]:
        name, severity = condition
        return -1 if condition == CLEAN else places.get(name, len(places)), name, severity

    return sorted(set(conditions), key=place)


def _check_had(severity: int, corruptions: Sequence[str]) -> None:
    """Raise UserError where there are corruptions of several severities, and none has this one."""
    if corruptions and not any(severity in severities_of(name) for name in corruptions):
        check_severity(severity, corruptions[0])


def _cut(name: str, severities: Sequence[int]) -> Sequence[int]:
    own = severities_of(name)
    return own if len(own) == 1 else [severity for severity in severities if severity in own]
