"""Commands that the app runs when asked: a button beside each, where nobody else can open the app."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import streamlit as st

from app import allowed, choice
from app.allowed import Untrusted
from app.jobs import queue
from app.jobs.command import IMPORT, MEASURE, PRUNE, Command, commands_in
from app.jobs.job import Job
from app.names import listed
from app.shell.host import is_private
from pruning.errors import UserError
from pruning.study.known import is_shipped

REFUSED = "job refused"
"""In the session: why a job could not be put into the queue, for the sidebar to say once."""
VERBS = {PRUNE: "Prune", MEASURE: "Measure", IMPORT: "Import"}


def offer(text: str) -> None:
    """Draw a button for what a text says to run on a study of the user's own; nothing where others see the app.

    What is in the queue already says so in its place, and code that was not allowed yet asks first.
    """
    commands = commands_in(text) if " -m " in text and is_private() else []
    known = {path for path in choice.studies().values() if not is_shipped(path)} if commands else set()
    commands = [each for each in commands if each.kind != IMPORT and queue.study_of(each) in known]
    if not commands:
        return
    waiting = [job for job in map(in_queue, commands) if job is not None]
    if len(waiting) == len(commands):
        states = {job.status for job in waiting}
        st.caption(f":material/hourglass_top: It is {'at work' if 'running' in states else 'in the queue'}.")
        return
    try:
        for command in commands:
            check(command)
    except Untrusted as error:
        st.caption(
            f"{error.file.name} is code of the study's own: only allow what you know, it can do whatever you can."
        )
        allow(error)
        return
    digest = hashlib.blake2b("\n".join(each.line for each in commands).encode(), digest_size=6).hexdigest()
    st.button(
        label(commands), key=f"work {digest}", icon=":material/play_arrow:", on_click=start, args=(commands,),
        help="Does what the command says, in the background. It goes on when this page or the app is closed.",
    )  # fmt: skip


def label(commands: Sequence[Command]) -> str:
    """What commands do, as the text of a button."""
    verbs = list(dict.fromkeys(VERBS[each.kind] for each in commands))
    again = any("--stale" in each.words or "--force" in each.words for each in commands)
    return listed([verbs[0], *(verb.lower() for verb in verbs[1:])]) + (" again" if again else "")


def start(commands: Sequence[Command]) -> None:
    """Put commands into the queue, for use in a callback; why it was not done is said in the sidebar.

    Each follows the one before it, and is not run where that cannot be done.
    """
    try:
        for command in commands:
            check(command)
        job: Job | None = None
        for command in commands:
            job = queue.submit(command, after=job)
    except UserError as error:
        st.session_state[REFUSED] = str(error)


def check(command: Command) -> None:
    """Raise UserError where a command may not run: others can open the app, or it would run code nobody allowed."""
    if not is_private():
        raise UserError("Jobs are off, as others can open this app: it is not on an address of this machine alone.")
    names = allowed.code_of(queue.study_of(command))
    allowed.check_names([*names, *command.values("--model"), *command.values("--task")], is_private())


def in_queue(command: Command) -> Job | None:
    """The job of this command that waits or runs."""
    return next((job for job in queue.jobs()[0] if job.command == command and not job.over), None)


def allow(error: Untrusted) -> None:
    """Draw the button that allows a file of code."""
    st.button(
        f"Run {error.file.name}",
        key=f"trust {error.digest}",
        icon=":material/terminal:",
        on_click=allowed.remember,
        args=(error.digest,),
        help="Remembered for this file as it is; when it changes, it asks again.",
    )
