"""Reproductions: the headline findings of the lottery-ticket papers, put to the test at a scale of minutes.

A reproduction is a module NAME here with a `REPRODUCTION` that says which of its numbers are which of the paper's, and
a study in `studies/NAME/study.toml`.
"""

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, Number
from analysis.reproductions.study_results import StudyResults
from pruning.registry import Registry

__all__ = ["REPRODUCTIONS", "Claim", "Number", "Reproduction", "StudyResults", "by_year"]

REPRODUCTIONS: Registry[Reproduction] = Registry("reproduction", Reproduction, __name__)
"""All of them by name."""


def by_year() -> list[Reproduction]:
    """All of them in the order of the papers' years."""
    return sorted(REPRODUCTIONS.values(), key=lambda each: (each.year, each.name))
