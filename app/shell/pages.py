"""What a page is, and those that there are: one in each folder of `app/views/`, and those that plugins bring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.load import StudyView
from app.shell.selection import Selection
from pruning.registry import Registry


def for_every_study(study: StudyView) -> bool:
    """A page that says something about any study."""
    return True


@dataclass(frozen=True)
class Page:
    """A page of the app.

    Attributes:
        name: its place in the URL.
        title: what the navigation calls it.
        icon: a Material symbol, `:material/NAME:`.
        order: its place in the navigation; the lowest comes first and is the start page.
        show: draws the page, beside a sidebar that is drawn already. What it raises is shown as a sentence.
        shown: whether the navigation offers it for a study. It is still drawn when a link asks for it.
    """

    name: str
    title: str
    icon: str
    order: float
    show: Callable[[Selection], None]
    shown: Callable[[StudyView], bool] = for_every_study


PAGES = Registry("page", Page, "app.views", nested=True)
"""The `PAGE` in each folder of `app/views/`, by name."""


def in_order() -> list[Page]:
    """Every page, the start page first."""
    return sorted(PAGES.values(), key=lambda page: (page.order, page.name))
