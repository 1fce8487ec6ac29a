"""Jobs whose process is a thread of the test's, and whose command is a few lines of Python."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.jobs import queue, runner
from app.jobs.command import Command
from app.jobs.job import Job, State, look, write_state

Standing = Callable[[str], None]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Standing:
    """Have every command be these lines, whose `sys.argv[1:]` are its words."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "LOOK", 0.02)

    def started(home: Path) -> None:
        write_state(home, State(asked=time.time()))
        for name in ("cancel", "log.txt", "progress.json"):
            (home / name).unlink(missing_ok=True)
        threading.Thread(target=runner.live, args=(home,), daemon=True).start()

    monkeypatch.setattr(queue, "_start", started)

    def use(lines: str) -> None:
        arguments = property(lambda self: [sys.executable, "-Sc", lines, *self.words])
        monkeypatch.setattr(Command, "arguments", arguments)

    return use


def ended(job: Job, within: float = 60) -> Job:
    """The job when it is over."""
    return until(job, lambda now: now.over, within)


def until(job: Job, holds: Callable[[Job], bool], within: float = 60) -> Job:
    """The job when that holds."""
    end = time.monotonic() + within
    while not holds(now := look(job.home)):
        assert time.monotonic() < end, now
        time.sleep(0.02)
    return now


def prune(study: str = "mine", *more: str) -> Command:
    """A command on a study."""
    return Command(("pruning", "run", study, *more))
