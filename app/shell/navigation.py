"""How a run of the app goes: the sidebar first, then the page that the URL asks for, neither ever as a traceback."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app import load
from app.shell import elsewhere, job_list, layout, pages, sidebar
from app.shell.guard import guard
from app.shell.links import ENTRIES
from app.shell.pages import Page
from app.shell.selection import Selection
from pruning.errors import UserError

MOST = 8  # entries that the bar has room for

Beside = Callable[[Page, Selection], None]
"""Draws what stands beside every page."""


def run(beside: Beside | None = None) -> None:
    """Draw the sidebar and the page, and `beside` it what stands there on every page.

    Raises:
        UserError: a plugin that may bring pages cannot be run.
    """
    pages.in_order()  # a plugin that cannot be run is named once, and nothing else is drawn
    selection = select()
    there = entries(selection, beside)
    st.session_state[ENTRIES] = {entry.url_path: entry for entry in there}
    st.navigation(arranged(there), position="top").run()


def select() -> Selection | None:
    """Draw the sidebar. Returns what is selected; None when there is nothing to select from, which it then says."""
    return guard(sidebar.show)


def entries(selection: Selection | None, beside: Beside | None = None) -> list[st.Page]:
    """The pages for `st.navigation`."""
    start, *others = pages.in_order()
    absent = unknown([start, *others])
    # The start page lives at "/" alone, whatever its path; so that its name leads there too, a hidden twin has it.
    return [
        _entry(start, selection, "start", beside, default=True),
        *(_entry(page, selection, page.name, beside) for page in others),
        _entry(start, selection, start.name, beside, hidden=True),
        *([_entry(absent, selection, absent.name, beside, hidden=True)] if absent else []),
    ]


def arranged(pages: Sequence[st.Page]) -> dict[str, list[st.Page]]:
    """The same as a bar of at most `MOST` entries: what does not find a place is below the last one."""
    visible = [page for page in pages if page.visibility == "visible"]
    rest = visible[MOST - 1 :] if len(visible) > MOST else []
    return {"": [page for page in pages if page not in rest]} | ({"More": rest} if rest else {})


def offered(page: Page, selection: Selection | None) -> bool:
    """Whether the navigation shows a page; without a study it shows all, and those whose study cannot be asked."""
    try:
        return selection is None or (page.shown(selection.study) and not page.unfit(selection.study))
    except UserError:
        return True


def show(page: Page, selection: Selection | None, beside: Beside | None = None) -> None:
    """Draw a page, what stands beside it, and below it the notes on the selection; jobs where nothing is selected."""
    if selection is None:
        guard(job_list.show_where_any)
    else:
        guard(_draw, page, selection)
        if beside is not None:
            guard(beside, page, selection)
        sidebar.show_notes(selection)


def _draw(page: Page, selection: Selection) -> None:
    reason = page.unfit(selection.study)
    if reason:
        layout.page_title(page.title)
        st.info(reason)
        elsewhere.offer(lambda study: page.shown(study) and not page.unfit(study), page.name)
        return
    try:
        page.show(selection)
    except UserError:
        raise
    except Exception:
        if load.stamp(selection.study.path, fresh=True) == selection.study.stamp:
            raise
        raise UserError("Files of this study changed while the page was drawn; load the page again.") from None


def _entry(
    page: Page,
    selection: Selection | None,
    path: str,
    beside: Beside | None,
    default: bool = False,
    hidden: bool = False,
) -> st.Page:
    visible = offered(page, selection) and not hidden
    return st.Page(
        _script(page, selection, beside), title=page.title, icon=page.icon, url_path=path, default=default,
        visibility="visible" if visible else "hidden",
    )  # fmt: skip


def unknown(known: Sequence[Page]) -> Page | None:
    """A page in the place of one that a link asks for and that does not exist; Streamlit would show the first one."""
    context = get_script_run_ctx(suppress_warning=True)
    asked = getattr(getattr(context, "pages_manager", None), "intended_page_name", None) or ""
    if not asked or "/" in asked or asked in {"start", *(page.name for page in known)}:
        return None

    def say(selection: Selection) -> None:
        layout.page_title("No such page")
        there = ", ".join(page.title for page in known if offered(page, selection))
        layout.empty(f"There is no page “{layout.plain(asked[:40])}”.", f"There are: {there}.")

    return Page(asked, "No such page", ":material/help:", 0, say)


def _script(page: Page, selection: Selection | None, beside: Beside | None) -> Callable[[], None]:
    def script() -> None:
        show(page, selection, beside)

    return script
