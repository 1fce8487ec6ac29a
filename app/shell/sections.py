"""A page in sections, a file each in the page's folder: one is shown at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.shell import layout
from app.shell.selection import Selection
from pruning.registry import Registry


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        page: the name of the page that it is part of.
        key: what it is called in the URL.
        title: what the switch on the page calls it.
        order: its place in the switch; the lowest comes first and is shown when the URL asks for none.
        show: draws the section from what the page hands on, which is the selection on most pages.
        lead: the question that it answers, for the line under the page's title; of_scores: the same where networks do
            not classify images, as far as it is another.
        of_classifiers: whether only studies of networks that classify images have it.
        shown: whether there is anything of it in what is selected; without it the switch does not offer it.
    """

    page: str
    key: str
    title: str
    order: float
    show: Callable[..., None]
    lead: str = ""
    of_scores: str = ""
    of_classifiers: bool = False
    shown: Callable[[Selection], bool] = lambda selection: True

    @property
    def name(self) -> str:
        """The name among the sections of all pages."""
        return f"{self.page}/{self.key}"


SECTIONS = Registry("section", Section, "app.views", nested=True)
"""The `SECTION` of each file in the folders of `app/views/`, by page and key, such as `masks/pairs`."""


def of_page(page: str) -> dict[str, Section]:
    """Key -> section, in the order of the page's switch."""
    there = SECTIONS.in_folder(page).values()  # those of other pages stay unread
    own = sorted((section for section in there if section.page == page), key=lambda section: section.order)
    return {section.key: section for section in own}


def choose(selection: Selection, page: str, parameter: str, title: str = "") -> Section:
    """Draw the title with the section's lead, unless it is "", and the switch. Returns the section to show.

    Args:
        selection: holds what the URL asks for.
        page: the page's name.
        parameter: the name in the URL.
        title: the page's title.
    """
    classify = selection.study.task.classifies_images
    able = {key: section for key, section in of_page(page).items() if classify or not section.of_classifiers}
    own = {key: section for key, section in able.items() if section.shown(selection)}
    first = next(iter(own))
    if title:
        section = own.get(selection.option(parameter, first), own[first])
        layout.page_title(title, section.lead if classify else section.of_scores or section.lead)
    titles = {key: section.title for key, section in own.items()}
    return own[selection.pick(parameter, "View", titles, label_visibility="collapsed", width="content")]
