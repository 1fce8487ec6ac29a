"""The queue of jobs as a list: how far each is, its command and log, and what can be done about it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import streamlit as st

from app import choice
from app.allowed import Untrusted
from app.jobs import queue
from app.jobs.command import IMPORT
from app.jobs.job import CANCELLED, DONE, FAILED, KILLED, RUNNING, WAITING, Job
from app.names import shown
from app.shell import layout, work
from app.shell.host import is_private
from app.shell.url import change, mirror
from pruning.errors import UserError
from pruning.progress import duration

ICONS = {
    WAITING: ":material/hourglass_top:",
    RUNNING: ":material/progress_activity:",
    DONE: ":material/check_circle:",
    FAILED: ":material/error:",
    CANCELLED: ":material/cancel:",
    KILLED: ":material/warning:",
}
SEEN = "jobs seen"
"""In the session: id -> the status that was shown last."""
WATCHED = "job watched"
"""In the session: the folder of the job that the form for imports shows, which does not close when that ends."""
ENDED = "jobs ended"
"""In the session: ids of the jobs that ended while it looked on, until the list was looked at."""
Scope = Literal["app", "fragment"]
EVERY, SELDOM = 1.0, 5.0
"""Seconds between two looks, while something is at work and while nothing is."""
_ASIDE = re.compile(r"Next:| *\d+ %  ")
"""Lines of an import's log that are none of what it found."""
ENDED_WITHOUT_A_WORD = "It ended without a word: it was killed, or the disk is full. Resume it to go on from there."


def show(undone: bool = False) -> None:
    """Draw the list, which keeps itself up to date; of what is not done alone if asked."""
    if not is_private():
        st.info("Jobs are off, as others can open this app. Its commands are there to copy.", icon=":material/lock:")
        return
    there, _ = queue.jobs()
    notice(there)
    st.session_state.pop(ENDED, None)
    st.fragment(_list, run_every=EVERY if any(not job.over for job in there) else SELDOM)(undone)


def show_where_any() -> None:
    """The same where there is no page: what is not done, if there is any."""
    if is_private() and any(job.status != DONE for job in queue.jobs()[0]):
        st.markdown("**Jobs**")
        show(undone=True)


def notice(there: Sequence[Job]) -> bool:
    """Whether jobs have ended since this session looked last, which it notes. At the first look none has."""
    before: dict[str, str] = st.session_state.get(SEEN, {})
    ended = [job for job in there if job.over and before.get(job.id) in (WAITING, RUNNING)]
    fresh = [job.id for job in ended if job.home != st.session_state.get(WATCHED)]
    st.session_state[SEEN] = {job.id: job.status for job in there}
    st.session_state[ENDED] = [*st.session_state.get(ENDED, []), *fresh]
    return bool(fresh)


def _list(undone: bool) -> None:
    there, problems = queue.jobs()
    if notice(there):
        st.rerun()  # what was found or measured is on every page
    there = [job for job in there if job.status != DONE or not undone]
    for job in [job for job in there if not job.over] + [job for job in reversed(there) if job.over]:
        with st.container(border=True, key=f"job-{job.id}"):
            row(job)
    for home, sentence in problems.items():
        with st.container(border=True, key=f"job-{home.name}"):
            st.markdown(f":material/warning: {layout.plain(shown(sentence))}")
            _button("Remove", ":material/delete:", f"remove {home.name}", partial(queue.remove, home), "app")
    if not there and not problems:
        st.caption("Nothing was asked for yet.")


def row(job: Job, scope: Scope = "app") -> None:
    """Draw one job; `scope` is what is drawn anew after a click."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{ICONS[job.status]} **{layout.plain(shown(job.command.title()))}**", width="stretch")
        st.markdown(f":gray[{layout.plain(words(job))}]", width="content")
        if not job.over:
            _button("Cancel", ":material/close:", f"cancel {job.id}", lambda: queue.cancel(job), scope,
                    "What it has done until now is kept.")  # fmt: skip
        else:
            if job.status != DONE:
                _resume(job, scope)
            _open(job, scope)
            if scope == "app":
                _button("", ":material/delete:", f"remove {job.id}", lambda: queue.remove(job.home), scope,
                        "Take it out of this list.")  # fmt: skip
    told = job.told()
    if job.status == RUNNING:
        text = layout.plain(shown(told.text)) if told and told.text else "getting ready"
        st.progress(told.fraction if told else 0.0, text=text)
    if sentence := ENDED_WITHOUT_A_WORD if job.status == KILLED else job.state.sentence:
        st.markdown(layout.plain(shown(sentence)))
    st.code(job.command.line, language="bash", wrap_lines=True)
    log = job.log()
    if job.status == DONE and job.command.kind == IMPORT:
        found = [f"- {layout.plain(shown(line))}" for line in log.splitlines() if not _ASIDE.match(line)]
        with st.expander("What it found", icon=":material/notes:", expanded=scope == "fragment"):
            st.markdown("\n".join(found))
    elif log:
        with st.expander("Log", icon=":material/notes:"):
            st.code(log, language=None, wrap_lines=True, height=240 if log.count("\n") > 9 else "content")


def _resume(job: Job, scope: Scope) -> None:
    try:
        work.check(job.command)
    except Untrusted as error:
        work.allow(error)
    except UserError:
        return
    else:
        _button("Resume", ":material/replay:", f"resume {job.id}", lambda: queue.resume(job), scope,
                "The same command goes on from where it was.")  # fmt: skip


def _open(job: Job, scope: Scope) -> None:
    name = next((name for name, path in choice.studies().items() if path == job.study), None)
    if name is None or (job.command.kind != IMPORT and mirror().get("study", name) == name):
        return
    if st.button("Open the study", icon=":material/arrow_forward:", key=f"open {job.id}",
                 type="tertiary" if scope == "app" else "primary"):  # fmt: skip
        change({**dict.fromkeys(mirror()), "study": name})
        st.rerun()


def _button(label: str, icon: str, key: str, act: Callable[[], None], scope: Scope, help: str = "") -> None:
    if not st.button(label, icon=icon, key=key, type="tertiary", help=help or None):
        return
    try:
        act()
    except UserError as error:
        st.session_state[work.REFUSED] = str(error)
    st.rerun(scope=scope)


def words(job: Job) -> str:
    """How far a job is, or how it ended, in a few words."""
    if job.status == WAITING:
        return "waits" if _others(job) else "begins"
    if job.status == RUNNING:
        told, left = job.told(), job.left()
        if told is None:
            return "running"
        return f"{100 * told.fraction:.0f} %" + ("" if left is None else f", about {duration(left)} left")
    if job.status == KILLED or job.state.ended is None:
        return "killed"
    took = "" if job.state.began is None else f" after {duration(job.state.ended - job.state.began)}"
    return f"{job.status}{took}, {time.strftime('%H:%M', time.localtime(job.state.ended))}"


def _others(job: Job) -> bool:
    return any(map(job.waits_for, queue.jobs()[0]))
