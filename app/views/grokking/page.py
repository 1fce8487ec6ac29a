"""Grokking: networks that know their examples long before they know the rule, and tickets that hardly wait."""

from __future__ import annotations

from app.load import StudyView
from app.shell.pages import Page
from app.shell.sections import choose
from app.shell.selection import Selection


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    choose(selection, "grokking", "grokking", "Grokking").show(selection)


def unfit(study: StudyView) -> str:
    """Why there is nothing to say of a study, '' where there is."""
    if "t_gen" in study.task.milestones:
        return ""
    return (
        "This page is about networks that learn a rule from examples, such as addition modulo p; those of this study "
        f"are trained for another task ({study.task.label})."
    )


PAGE = Page("grokking", "Grokking", ":material/lightbulb:", 35, show, unfit=unfit, unused="of numbers")
