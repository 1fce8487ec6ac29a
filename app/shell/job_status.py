"""The queue of jobs in a line of the sidebar: what is at work, or that something could be; a way to the page Jobs."""

from __future__ import annotations

import streamlit as st

from app.jobs import queue
from app.jobs.job import DONE, RUNNING, Job
from app.names import shown
from app.shell import layout, links, work
from app.shell.host import is_private
from app.shell.job_list import ENDED, EVERY, ICONS, notice, words

PAGE, ICON = "jobs", ":material/manufacturing:"
"""The page that it leads to, and its sign."""
LONGEST = 24  # characters of what a job is called


def show() -> None:
    """Draw the line, which keeps itself up to date while something is at work."""
    if refused := st.session_state.pop(work.REFUSED, ""):
        st.warning(layout.plain(shown(refused)), icon=":material/info:")
    if not is_private():
        return
    there, _ = queue.jobs()
    notice(there)
    st.fragment(_line, run_every=2 * EVERY if any(not job.over for job in there) else None)()


def _line() -> None:
    there, _ = queue.jobs()
    if notice(there):
        st.rerun()
    busy = [job for job in there if not job.over]
    ended = [job for job in there if job.id in st.session_state.get(ENDED, [])]
    job = next(iter([*(job for job in busy if job.status == RUNNING), *busy, *reversed(ended)]), None)
    if st.button(
        _text(job, len(busy)),
        icon=ICONS[job.status] if job else ICON,
        type="tertiary",
        key="jobs-line",
        help="Shows the jobs, and what this study could be asked for.",
    ):
        links.leave_for(PAGE)
    told = job.told() if job is not None and job.status == RUNNING else None
    if told is not None:
        st.progress(told.fraction)


def _text(job: Job | None, busy: int) -> str:
    if job is None:
        return "Prune, measure …"
    said = "done" if job.status == DONE else words(job).replace("about ", "")
    title = job.command.title()
    title = title if len(title) <= LONGEST else title[: LONGEST - 1] + "…"
    more = f", {busy - 1} more" if busy > 1 else ""
    return f"{layout.plain(shown(title))} :gray[{said}{more}]"
