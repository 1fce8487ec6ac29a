"""A job as its folder tells it; whatever is in the folder, that is a job or one sentence."""

from __future__ import annotations

import json
import os
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.jobs.command import LONGEST, MOST, Command
from pruning.errors import UserError

JOB, STATE, PROGRESS, LOG, CANCEL, ALIVE, UPLOADS = (
    "job.json", "state.json", "progress.json", "log.txt", "cancel", "alive.lock", "uploads",
)  # fmt: skip
GRACE = 60.0
"""Seconds that a job has to begin to live, after it was asked for."""
LARGEST = 1 << 20
"""Bytes of a file that is read."""

WAITING, RUNNING, DONE, FAILED, CANCELLED, KILLED = (
    "waiting", "running", "done", "failed", "cancelled", "killed",
)  # fmt: skip
Text = Annotated[str, Field(max_length=LONGEST)]
Time = Annotated[float, Field(ge=0, lt=1e11, allow_inf_nan=False)]


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Record(_Plain):
    """What a job is: its command, the folder it is run in, and the study it works on."""

    words: Annotated[list[Text], Field(max_length=MOST)]
    folder: Text
    study: Text


class State(_Plain):
    """How far a job is in its life: when it was asked for, began and ended (seconds since 1970), and how it ended.

    `turn` is its place among all that were asked for, whatever the clock says; 0 in files of earlier versions.
    `follows` is the id of a job without whose work it would be in vain; "" where there is none.
    """

    asked: Time
    turn: Annotated[int, Field(ge=0)] = 0
    began: Time | None = None
    ended: Time | None = None
    code: Annotated[int, Field(ge=-255, le=255)] | None = None
    cancelled: bool = False
    sentence: Text = ""
    follows: Annotated[str, Field(pattern=r"^(\d{14}-[0-9a-f]{8})?$")] = ""


class Told(_Plain):
    """What the command says of itself; `left` is in seconds."""

    fraction: Annotated[float, Field(ge=0, le=1)]
    text: Text
    left: Time | None
    at: Time


Status = Literal["waiting", "running", "done", "failed", "cancelled", "killed"]


@dataclass(frozen=True)
class Job:
    """A job at one moment. `study` is the folder of the study it works on, or makes."""

    home: Path
    command: Command
    folder: Path
    study: Path
    state: State
    status: Status

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.home.name

    @property
    def over(self) -> bool:
        """Whether nothing is done for it, or will be."""
        return self.status not in (WAITING, RUNNING)

    @property
    def turn(self) -> tuple[int, float, str]:
        """Its place in the queue."""
        return self.state.turn, self.state.asked, self.id

    def waits_for(self, other: Job) -> bool:
        """Whether another has to be over first: one on the same study that is at work, or was asked for earlier."""
        first = other.status == RUNNING or other.turn < self.turn
        return first and other.study == self.study and not other.over and other.home != self.home

    def told(self) -> Told | None:
        """How far its command says to be; None where it has not said so since it began."""
        try:
            told = _read(self.home / PROGRESS, Told)
        except UserError:
            return None
        return told if self.state.began is not None and told.at >= self.state.began else None

    def left(self) -> float | None:
        """Seconds still to go, as far as the command knows."""
        told = self.told()
        if told is None or told.left is None or self.status != RUNNING:
            return None
        return max(told.left - (time.time() - told.at), 0.0)

    def log(self, most: int = 20_000) -> str:
        """The last characters of what the command has said."""
        try:
            _regular(self.home / LOG)
            with open(self.home / LOG, "rb") as file:
                file.seek(max(os.fstat(file.fileno()).st_size - most, 0))
                return file.read(most).decode(errors="replace")
        except (OSError, UserError):
            return ""


def look(home: Path) -> Job:
    """The job in a folder.

    Raises:
        UserError: it is none.
    """
    record, state = _read(home / JOB, Record), _read(home / STATE, State)
    if home.is_symlink():
        raise UserError(f"The job in {home} is a link.")
    try:
        command = Command(tuple(record.words))
    except UserError as error:
        raise UserError(f"The job in {home} cannot be read: {error}") from None
    return Job(home, command, Path(record.folder), Path(record.study), *_status(home, state))


def _status(home: Path, state: State) -> tuple[State, Status]:
    """What a state comes to; with a later one, where the job's own word came between the two looks."""
    if state.ended is not None:
        return state, "cancelled" if state.cancelled else "done" if state.code == 0 else "failed"
    if is_alive(home) or (state.began is None and abs(time.time() - state.asked) < GRACE):
        return state, "waiting" if state.began is None else "running"
    again = _read(home / STATE, State)
    return (state, "killed") if again == state else _status(home, again)


def is_alive(home: Path) -> bool:
    """Whether a process lives for the job: it holds the job's lock."""
    lock = FileLock(home / ALIVE, timeout=0)
    try:
        if not (home / ALIVE).exists():
            return False
        _regular(home / ALIVE)
        lock.acquire()
    except Timeout:
        return True
    except (OSError, UserError):
        return False
    lock.release()
    return False


M = TypeVar("M", bound=BaseModel)


def _read(path: Path, model: type[M]) -> M:
    try:
        _regular(path)
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"The job in {path.parent} cannot be read: {path.name} is not there.") from None
    except OSError as error:
        raise UserError(f"The job in {path.parent} cannot be read: {path.name}, {error.strerror or error}.") from None
    except ValidationError as error:
        what = error.errors()[0]
        where = ".".join(map(str, what["loc"]))
        raise UserError(
            f"The job in {path.parent} cannot be read: {path.name} says what is not allowed"
            f"{f' at {where}' if where else ''} ({what['msg'].lower()})."
        ) from None


def _regular(path: Path) -> None:
    """Raise UserError for what is no file of a fair size: a link, a pipe that nobody writes to, ten gigabytes."""
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or (found.st_size > LARGEST and path.name != LOG):
        raise UserError(f"The job in {path.parent} cannot be read: {path.name} is no file of a job's.")


def remove_folder(home: Path) -> None:
    """Remove a folder with what is in it; of a link the link alone."""
    if home.is_symlink():
        home.unlink(missing_ok=True)
    else:
        shutil.rmtree(home, ignore_errors=True)


def write_state(home: Path, state: State) -> None:
    """Write the state so that it is there whole, at once. Raises OSError where that is not possible."""
    fresh = home / f"{STATE}.new"
    fresh.write_text(json.dumps(state.model_dump()), encoding="utf-8")
    fresh.replace(home / STATE)
