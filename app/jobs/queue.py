"""The queue: what is asked for, ended, gone on with and cleared away. Each is a change of files."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from app import allowed, outside
from app.jobs.command import IMPORT, Command
from app.jobs.job import (
    CANCEL,
    JOB,
    LOG,
    PROGRESS,
    STATE,
    UPLOADS,
    Job,
    Record,
    State,
    look,
    remove_folder,
    write_state,
)
from pruning.cli.progress_file import VARIABLE
from pruning.errors import UserError, WriteError
from pruning.files import cannot_write, write_atomically
from pruning.models.user_file import ALLOWED
from pruning.study.folder import TOML, new_home
from pruning.study.opened import state_folder

PACKAGES = Path(__file__).resolve().parents[2]
"""The folder that the packages lie in."""
KEPT = 30
"""Jobs that are over of which the folders are kept."""
_NAME = re.compile(r"\d{14}-[0-9a-f]{8}")


def place() -> Path:
    """The folder of all jobs."""
    return state_folder() / "jobs"


def jobs() -> tuple[list[Job], dict[Path, str]]:
    """Every job, in the order of their turns; and a sentence for each folder that should be one and is none."""
    found, problems = [], {}
    for home in homes():
        try:
            found.append(look(home))
        except UserError as error:
            problems[home] = str(error)
    return sorted(found, key=lambda job: job.turn), problems


def homes() -> list[Path]:
    """The folders of jobs, whatever is in them."""
    try:
        return sorted(home for home in place().iterdir() if _NAME.fullmatch(home.name))
    except OSError:
        return []


def study_of(command: Command) -> Path:
    """The folder of the study that a command works on, or makes.

    Raises:
        UserError: the name of a new study makes no folder.
    """
    if command.kind == IMPORT and not command.values("--into"):
        return new_home((command.values("--name") or [Path(command.subject).stem])[-1]).resolve()
    path = Path(command.values("--into")[-1] if command.kind == IMPORT else command.subject).expanduser()
    return (path.parent if path.name == TOML else path).resolve()


def submit(command: Command, uploads: Mapping[str, bytes | memoryview] | None = None, after: Job | None = None) -> Job:
    """Put a command into the queue. The same command that waits or runs already is not put there twice.

    Args:
        command: what to run, in the folder of this process; `{NAME}` among its words stands for an upload.
        uploads: name -> content of files that the command reads and that are kept with the job until it is done.
        after: a job on the same study without whose work this one would be in vain: it ends where that is not done.

    Raises:
        UserError: the command is none, or the queue is at a standstill.
        WriteError: the disk is full, or the state folder cannot be written.
    """
    with _alone():
        there, _ = jobs()
        for job in there:
            if job.command == command and job.folder == Path.cwd() and not job.over and not uploads:
                return job
        _forget_old(there)
        home = place() / f"{time.time_ns() // 1_000_000:014d}-{secrets.token_hex(4)}"
        try:
            return _begun(home, _with_uploads(home, command, uploads or {}), after)
        except WriteError:
            remove_folder(home)
            raise


def _with_uploads(home: Path, command: Command, uploads: Mapping[str, bytes | memoryview]) -> Command:
    words = list(command.words)
    for number, (name, content) in enumerate(uploads.items()):
        file = home / UPLOADS / str(number) / (Path(name).name.lstrip("-.") or "checkpoint")
        write_atomically(file, bytes(content))
        words = [str(file) if word == f"{{{name}}}" else word for word in words]
    return Command(tuple(words))


def _begun(home: Path, command: Command, after: Job | None) -> Job:
    record = Record(words=list(command.words), folder=str(Path.cwd()), study=str(study_of(command)))
    write_atomically(home / JOB, record.model_dump_json())
    home.chmod(0o700)
    _start(home, after.id if after is not None and str(after.study) == record.study else "")
    return look(home)


def resume(job: Job) -> None:
    """Run a job that is over once more; commands go on from where they were. A job that is not over is left alone.

    Raises:
        UserError, WriteError: as `submit`.
    """
    with _alone():
        now = look(job.home)
        if now.over:
            ahead = [each.id for each in jobs()[0] if not each.over]
            _start(job.home, now.state.follows if now.state.follows in ahead else "")


def cancel(job: Job) -> None:
    """Have a job end. What its command has done is kept. Raises WriteError where that cannot be written down."""
    write_atomically(job.home / CANCEL, "")


def remove(home: Path) -> None:
    """Take a job that is over, or what is none, out of the list. A link is removed, not what it leads to.

    Raises:
        UserError: the job is at work.
    """
    if home.parent != place() or not _NAME.fullmatch(home.name):
        raise UserError(f"{home} is no job's folder.")
    with _alone():
        try:
            over = look(home).over
        except UserError:
            over = True
        if not over:
            raise UserError("The job is at work; cancel it first.")
        remove_folder(home)


def _forget_old(there: Sequence[Job]) -> None:
    for job in [job for job in there if job.over][:-KEPT]:
        remove_folder(job.home)


def _start(home: Path, follows: str = "") -> None:
    """Start the job's process, which outlives this one."""
    try:
        for name in (CANCEL, LOG, PROGRESS):
            (home / name).unlink(missing_ok=True)
        write_state(home, _last(follows))
        process = subprocess.Popen(
            [sys.executable, "-m", "app.jobs", str(home)],
            cwd=PACKAGES,
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise cannot_write(home / STATE, error) from error
    threading.Thread(target=process.wait, daemon=True).start()  # the system keeps what nobody waited for


def _last(follows: str) -> State:
    """The state of a job that is asked for now, behind all others; the queue is held meanwhile."""
    turn = 1 + max((job.state.turn for job in jobs()[0]), default=0)
    return State(asked=time.time(), turn=turn, follows=follows)


def _environment(home: Path) -> dict[str, str]:
    """This process's, with the packages to be found, where to say how far it is, and what code may run."""
    paths = [str(PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **outside(os.environ),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",  # a folder `pruning` of whoever made the working folder is not what is run
        VARIABLE: str(home / PROGRESS),
        ALLOWED: str(allowed.place()),
    }


@contextmanager
def _alone() -> Iterator[None]:
    """Change the queue while nobody else does."""
    try:
        place().mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(place() / ".lock", timeout=10)
        lock.acquire()
    except Timeout:
        raise UserError("Another app is changing the queue of jobs; try again.") from None
    except OSError as error:
        raise cannot_write(place(), error) from error
    try:
        yield
    finally:
        lock.release()
