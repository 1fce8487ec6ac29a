"""Reproductions: the headline findings of the lottery-ticket papers, put to the test at a scale of minutes.

A reproduction is a study.toml in `pruning/studies/NAME/` and a module NAME here with a `REPRODUCTION` that says which
of its numbers are which of the paper's.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, Number
from analysis.reproductions.study_results import Lab
from pruning.errors import unknown

__all__ = ["Claim", "Lab", "Number", "Reproduction", "get_reproduction", "reproductions"]


@cache
def reproductions() -> dict[str, Reproduction]:
    """All of them by name, in the order of the papers' years."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = [module.REPRODUCTION for module in modules if hasattr(module, "REPRODUCTION")]
    return {each.name: each for each in sorted(found, key=lambda each: (each.year, each.name))}


def get_reproduction(name: str) -> Reproduction:
    """The reproduction of that name; UserError with the nearest one when there is none."""
    found = reproductions()
    if name not in found:
        raise unknown("reproduction", name, found)
    return found[name]
