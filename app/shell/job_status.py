"""The queue of jobs in a line of the sidebar, where there is anything to say; a click leads to the page Jobs."""

from __future__ import annotations

import streamlit as st

from app.jobs import queue
from app.jobs.job import DONE, RUNNING
from app.names import shown
from app.shell import layout, links, work
from app.shell.host import is_private
from app.shell.job_list import ENDED, EVERY, ICONS, notice, words

PAGE = "jobs"
"""The page that it leads to."""


def show() -> None:
    """Draw the line, which keeps itself up to date while something is at work."""
    if refused := st.session_state.pop(work.REFUSED, ""):
        st.warning(layout.plain(shown(refused)), icon=":material/info:")
    if not is_private():
        return
    there, _ = queue.jobs()
    notice(there)
    if any(not job.over for job in there) or st.session_state.get(ENDED):
        st.fragment(_line, run_every=2 * EVERY if any(not job.over for job in there) else None)()


def _line() -> None:
    there, _ = queue.jobs()
    if notice(there):
        st.rerun()
    busy = [job for job in there if not job.over]
    ended = [job for job in there if job.id in st.session_state.get(ENDED, [])]
    first = [*(job for job in busy if job.status == RUNNING), *busy, *reversed(ended)]
    if not first:
        return
    job = first[0]
    said = "done" if job.status == DONE else words(job)
    more = f", {len(busy) - 1} more" if len(busy) > 1 else ""
    text = f"{layout.plain(shown(job.command.title()))} :gray[{said}{more}]"
    if st.button(text, icon=ICONS[job.status], type="tertiary", key="jobs-line", help="Show the jobs."):
        links.leave_for(PAGE)
    told = job.told()
    if job.status == RUNNING and told is not None:
        st.progress(told.fraction)
