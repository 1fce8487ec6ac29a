"""The process of a job: waits for its turn, runs the command, keeps its log without secrets, writes how it ended.

It imports nothing slow, as it may wait for hours.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from app import outside
from app.jobs.job import ALIVE, CANCEL, DONE, LOG, PROGRESS, UPLOADS, Job, State, look, remove_folder, write_state
from pruning.errors import UserError

SOME_FAILED = 1  # the exit status of a command that did its work but for some
LOOK = 0.3  # seconds between two looks at the files
PATIENCE = (20.0, 10.0)
"""Seconds that a command has to end by itself after Ctrl-C, and after it was told to terminate."""
LARGEST_LOG = 1_000_000
SECRET = re.compile(r"TOKEN|SECRET|PASSW|API_?KEY|CREDENTIAL|PRIVATE", re.IGNORECASE)
_IN_URL = re.compile(r"(\w+://)[^\s/@:]+:[^\s/@]+@")


def live(home: Path) -> None:
    """Be the process of the job in a folder, from now until it ends."""
    lock = FileLock(home / ALIVE, timeout=5)
    try:
        lock.acquire()
    except (Timeout, OSError):  # another process lives for it, or the folder is gone
        return
    with lock:
        job = look(home)
        try:
            while not _asked_to_end(home) and _others_first(job):
                time.sleep(LOOK)
            state = job.state.model_copy(update={"began": time.time()})
            vain = _in_vain(job)
            if vain or _asked_to_end(home):
                _write(home, _ended(state, None, cancelled=True, sentence=vain))
                return
            _write(home, state)
            _write(home, _run(job, state))
        except UserError as error:
            _write(home, _ended(job.state, 2, sentence=str(error)))


def _write(home: Path, state: State) -> None:
    # what cannot be written is seen from the lock that this process lets go of
    with suppress(OSError):
        write_state(home, state)


def _asked_to_end(home: Path) -> bool:
    return (home / CANCEL).exists()


def _others_first(job: Job) -> bool:
    """Whether an earlier job works on the same study, or waits to."""
    for home in job.home.parent.iterdir():
        if home == job.home or not home.is_dir():
            continue
        try:
            other = look(home)
        except UserError:
            continue
        if job.waits_for(other):
            return True
    return False


def _in_vain(job: Job) -> str:
    """The sentence where the job that this one follows is over and not done; "" where it is, or is not known.

    One that ended by itself with some of its tasks failed has done the others, with which there is work.
    """
    if not job.state.follows:
        return ""
    try:
        first = look(job.home.parent / job.state.follows)
    except UserError:
        return ""
    if first.status == DONE or not first.over or (first.state.code == SOME_FAILED and not first.state.cancelled):
        return ""
    return (
        f"“{first.command.title()}”, which it follows, did not do all of its work ({first.status}): resume that first."
    )


def _run(job: Job, state: State) -> State:
    (job.home / PROGRESS).unlink(missing_ok=True)
    try:
        process = subprocess.Popen(
            job.command.arguments,
            cwd=job.folder,
            env=outside(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=_end_with(os.getpid()) if sys.platform == "linux" else None,
        )
    except OSError as error:
        return _ended(state, 2, sentence=f"The command cannot be run in {job.folder}: {error.strerror or error}.")
    log = Log(job.home / LOG)
    assert process.stdout is not None
    reader = threading.Thread(target=log.take, args=(process.stdout,), daemon=True)
    reader.start()
    cancelled = _wait(process, job.home)
    reader.join(5)
    code = process.returncode
    cancelled = cancelled and code != 0
    if code == 0:
        remove_folder(job.home / UPLOADS)
    return _ended(state, code, cancelled=cancelled, sentence="" if code == 0 or cancelled else _why(code, log))


def _wait(process: subprocess.Popen[bytes], home: Path) -> bool:
    """Wait for the end. Returns whether the command was asked to end before."""
    signals = [(0.0, signal.SIGINT), (PATIENCE[0], signal.SIGTERM), (sum(PATIENCE), signal.SIGKILL)]
    asked: float | None = None
    while True:
        try:
            process.wait(LOOK)
        except subprocess.TimeoutExpired:
            if asked is None and _asked_to_end(home):
                asked = time.monotonic()
            if asked is not None and signals and time.monotonic() - asked >= signals[0][0]:
                process.send_signal(signals.pop(0)[1])
        else:
            return asked is not None


def _end_with(parent: int) -> Callable[[], None]:
    """For the command's process: be terminated when this one is killed, so that nothing goes on unseen.

    It hears Ctrl-C, too, which a shell has its background processes ignore, and with them all that these start.
    """
    library = ctypes.CDLL(None)

    def ask() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        library.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)

    return ask


def _ended(state: State, code: int | None, cancelled: bool = False, sentence: str = "") -> State:
    said = {"ended": time.time(), "code": code, "cancelled": cancelled, "sentence": sentence[:2000]}
    return state.model_copy(update=said)


def _why(code: int, log: Log) -> str:
    """One sentence on a command that did not do all it was to do."""
    if log.error:
        return log.error
    if code < 0:
        return (
            f"It was killed by signal {-code}, as the system does where memory runs out; resume it to go on from there."
        )
    return "Not all of it could be done; its log says why."


class Log:
    """Writes what a command says, without secrets, up to a size; where the disk is full it is read all the same.

    Attributes:
        error: the last line that begins with "Error: ", without that.
    """

    def __init__(self, place: Path) -> None:
        self.error = ""
        self._place = place
        self._secrets = secrets(os.environ)

    def take(self, lines: IO[bytes]) -> None:
        """Read until the command ends."""
        file = self._opened()
        size = 0
        for raw in iter(lambda: lines.readline(LARGEST_LOG), b""):
            line = without_secrets(raw.decode(errors="replace"), self._secrets)
            if line.startswith("Error: "):
                self.error = line.removeprefix("Error: ").strip()
            if file is not None and size < LARGEST_LOG:
                size += len(line)
                with suppress(OSError):
                    file.write(line)
                    file.flush()
        if file is not None:
            with suppress(OSError):
                file.close()

    def _opened(self) -> IO[str] | None:
        try:
            return open(self._place, "w", encoding="utf-8")
        except OSError:
            return None


def secrets(environment: os._Environ[str] | dict[str, str]) -> list[str]:
    """Values of the environment that are somebody's secrets by their names, the longest first."""
    found = {value for name, value in environment.items() if SECRET.search(name) and len(value) >= 6}
    return sorted(found, key=len, reverse=True)


def without_secrets(text: str, known: list[str]) -> str:
    """Text with *** in the place of these, and of names and passwords in addresses."""
    for secret in known:
        text = text.replace(secret, "***")
    return _IN_URL.sub(r"\1***@", text)
