"""Worker processes: they end with their parent, leave Ctrl-C to it, die with a sentence, know what was registered."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from pruning.errors import UserError
from pruning.execution import Task, local_executor, run_tasks
from tests import ROOT
from tests.pruning.execution import work

pytestmark = pytest.mark.usefixtures("new_processes")


def test_a_dead_worker_is_a_sentence_that_names_what_was_in_work(tmp_path: Path) -> None:
    begun = str(tmp_path / "begun")
    tasks: list[Task[object]] = [
        Task("a", "the first", work.touch, (str(tmp_path / "a"),)),
        Task("b", "the second", work.die_beside, (begun,), after=("a",)),
        Task("c", "the third", work.leave_a_word, (begun,), after=("a",)),
    ]
    with local_executor(2) as executor:
        run = run_tasks(tasks, executor, kept="measured")
        assert next(run).task.key == "a"
        with pytest.raises(UserError, match=r"at work on the second, the third; .*what was measured is kept"):
            next(run)


def test_an_error_that_cannot_be_sent_comes_as_its_text() -> None:
    with local_executor(2) as executor, pytest.raises(RuntimeError, match="Odd: 1 and 2"):
        list(run_tasks([Task("a", "a", work.break_oddly)], executor))


def test_a_function_of_this_very_place_can_be_sent() -> None:
    with local_executor(2) as executor:
        assert executor.submit(lambda number: number + 1, 1).result() == 2


def test_nothing_goes_on_behind_a_pool_that_was_stopped() -> None:
    """At the end of Python a thread that still closes the pool's pipe would meet the interpreter that writes to it."""
    before = set(threading.enumerate())
    for _ in range(3):
        with local_executor(2) as executor:
            executor.submit(time.sleep, 100)
        assert set(threading.enumerate()) <= before


SCRIPT = """
import sys, time
from pathlib import Path
from pruning.execution import Task, local_executor, run_tasks

def slow(worker, folder, n):
    from tqdm import tqdm
    list(tqdm(range(2), disable=True))  # a bar's lock must not outlive the worker
    (folder / f"started {n}").touch()
    time.sleep(100)

folder = Path(sys.argv[1])
with local_executor(2) as executor:
    (folder / "begun").touch()
    try:
        list(run_tasks([Task(n, str(n), slow, (folder, n)) for n in range(2)], executor))
    except KeyboardInterrupt:
        print("stopped", flush=True)
"""


def start(folder: Path) -> "subprocess.Popen[str]":
    (folder / "script.py").write_text(textwrap.dedent(SCRIPT))
    return subprocess.Popen(
        [sys.executable, "-c", "import signal, runpy, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
         "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')", folder / "script.py", folder],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def wait_until(there: Path) -> None:
    deadline = time.monotonic() + 120
    while not there.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert there.exists()


def left_of(session: int) -> list[str]:
    """The workers of a session that are still there."""
    found = subprocess.run(["ps", "-ww", "-s", str(session), "-o", "stat=,args="], capture_output=True, text=True)
    return [line for line in found.stdout.splitlines() if "spawn_main" in line and not line.startswith("Z")]


@pytest.mark.skipif(os.name != "posix", reason="signals to a group of processes")
@pytest.mark.parametrize(("mark", "seconds"), [("begun", 0.3), ("started 1", 0.0)])
def test_an_interrupt_is_answered_by_the_parent_alone(mark: str, seconds: float, tmp_path: Path) -> None:
    """Also in the first moments, while workers import."""
    process = start(tmp_path)
    wait_until(tmp_path / mark)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    said, complained = process.communicate(timeout=60)
    assert said == "stopped\n"
    assert complained == ""
    assert process.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    process = start(tmp_path)
    wait_until(tmp_path / "started 1")
    assert len(left_of(process.pid)) == 2
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 30
    while left_of(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left_of(process.pid)
