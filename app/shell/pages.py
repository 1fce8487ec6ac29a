"""What a page is, and those that there are: one in each folder of `app/views/`, and those that plugins bring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.load import StudyView
from app.shell.selection import Selection
from pruning.registry import Registry

TICKETS, IMAGES, CONDITION = "tickets", "images", "condition"
"""What of the selection a page may use."""


def for_every_study(study: StudyView) -> bool:
    """A page that says something about any study."""
    return True


def suits_every_study(study: StudyView) -> str:
    """No reason why a page should have nothing to say of a study."""
    return ""


def needs_classifiers(study: StudyView) -> str:
    """Why a page that is about classifiers of images has nothing to say of a study, '' where it has."""
    if study.task.classifies_images:
        return ""
    return (
        f"This page is about networks that tell images apart by class; those of this study are trained for another "
        f"task ({study.task.label})."
    )


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
        unfit: why it has nothing to say of a study, in a sentence that stands in its place; '' where it has. The
            navigation does not offer it then.
        uses: what of the selection it uses; of the rest the line of what is selected says that it does not.
        unused: why not, in a word or three that end "this page is ...".
        in_report: whether it says something in a report, where nobody can click.
    """

    name: str
    title: str
    icon: str
    order: float
    show: Callable[[Selection], None]
    shown: Callable[[StudyView], bool] = for_every_study
    unfit: Callable[[StudyView], str] = suits_every_study
    uses: frozenset[str] = frozenset({TICKETS})
    unused: str = ""
    in_report: bool = True


PAGES = Registry("page", Page, "app.views", nested=True, module="page")
"""The `PAGE` of `page.py` in each folder of `app/views/`, by name."""


def in_order() -> list[Page]:
    """Every page, the start page first."""
    return sorted(PAGES.values(), key=lambda page: (page.order, page.name))
