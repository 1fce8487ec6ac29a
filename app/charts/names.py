"""Corruptions by name, for people, and in which order they stand."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.comparisons.outcomes import MEAN
from analysis.corruptions import FAMILIES, label_of
from analysis.metrics.corruption_error import COUNTED, EXTRA


def name(corruption: str) -> str:
    """A corruption for people: `Gaussian noise`, `JPEG compression`; the mean is called that."""
    return "Mean" if corruption == MEAN else label_of(corruption)


def ordered(corruptions: Iterable[str]) -> tuple[list[str], list[str]]:
    """Those that the mean of CIFAR-10-C counts, in its order, and the others.

    The others are its extra ones, the other families', and any that no family knows.
    """
    present = set(corruptions)
    known = [*EXTRA, *(name for family in FAMILIES.values() for name in family.members if name not in COUNTED + EXTRA)]
    others = [corruption for corruption in known if corruption in present]
    others += sorted(present - set(COUNTED) - set(known) - {"clean"})
    return [corruption for corruption in COUNTED if corruption in present], others
