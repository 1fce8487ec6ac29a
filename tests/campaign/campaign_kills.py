"""Runs that are killed at any moment, whole or one process of theirs: the next run ends with the same, to the bit."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.results.store import Results
from pruning.cli.progress_file import VARIABLE
from pruning.study.folder import Study
from tests import ROOT
from tests.campaign.studies import QUICK, asked, measured
from tests.campaign.tally import LOST, SILENT, TRACEBACK, Tally

LONGEST, AT_WORK = 6.0, 2.0
"""Seconds within which a run is killed, from its start, or every second time from when it has begun to work: on a busy
machine the first seconds are all imports. One that is done before was not killed, and counts as tried too."""

CORES = os.cpu_count() or 1

Tries = deque[int]
"""The numbers of those that are left, for all threads."""


def run(count: int, seed: int, tally: Tally) -> None:
    """Find and measure a study under kills, again and again, each time from nothing, and one on each core."""
    rngs, tries = np.random.default_rng(seed).spawn(CORES), Tries(reversed(range(count)))
    with tempfile.TemporaryDirectory() as made, ThreadPoolExecutor(CORES) as pool:
        place = Path(made)
        again = partial(_again_and_again, measured(place / "whole"), tries=tries, tally=tally)
        try:
            list(pool.map(again, [place / f"killed-{number}" for number in range(CORES)], rngs))
        finally:
            tally.tried = count - len(tries)
            tries.clear()  # after an interrupt the threads end too


def _again_and_again(whole: Path, place: Path, rng: np.random.Generator, tries: Tries, tally: Tally) -> None:
    """Kill as long as there are tries, and compare each study that was found and measured in spite of it."""
    while tries:
        study = asked(place / "tiny")
        for command in (("pruning", "run"), ("analysis", "run")):
            while _one_of(tries, tally) and not _killed(command, study, rng, tally):
                _readable(study, tally)
            _finish(command, study, tally)
        same(whole, study, tally)
        shutil.rmtree(study)


def _one_of(tries: Tries, tally: Tally) -> bool:
    """Whether there was one left."""
    try:
        tally.tried = max(tally.tried, tries.pop() + 1)
    except IndexError:
        return False
    return True


def _words(command: tuple[str, str], study: Path, jobs: int) -> list[str]:
    only = [word for table in QUICK for word in ("--only", table)] if command[0] == "analysis" else []
    return [sys.executable, "-m", *command, str(study), "--jobs", str(jobs), *only]


def _killed(command: tuple[str, str], study: Path, rng: np.random.Generator, tally: Tally) -> bool:
    """Run, and kill after a while; whether the run came to its end before."""
    words, told = _words(command, study, int(rng.integers(1, 3))), study.parent / "progress"
    told.unlink(missing_ok=True)
    running = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {VARIABLE: str(told)},
    )  # fmt: skip
    with suppress(subprocess.TimeoutExpired):
        if rng.random() < 0.5:
            while running.poll() is None and not told.exists():
                time.sleep(0.02)
            running.wait(float(rng.uniform(0.0, AT_WORK)))
        else:
            running.wait(float(rng.uniform(0.5, LONGEST)))
        _quiet(running, tally)
        return running.returncode == 0
    workers = _children(running.pid)
    if workers and rng.random() < 0.5:
        with suppress(ProcessLookupError):
            os.kill(int(rng.choice(workers)), signal.SIGKILL)
        time.sleep(0.3)
        _end(running)  # it may go on, or end in a sentence on the process that died
    else:
        _end(running)
    _quiet(running, tally)
    return False


def _end(running: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def _children(parent: int) -> list[int]:
    """Processes that a process has started, where the system tells."""
    try:
        return [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except OSError:
        return []


def _quiet(running: subprocess.Popen[str], tally: Tally) -> None:
    assert running.stderr is not None
    said = running.stderr.read()
    running.stderr.close()
    if "Traceback" in said:
        tally.count(TRACEBACK, said[-300:])


def _readable(study: Path, tally: Tally) -> None:
    """What a kill leaves can be read: every ticket, every table."""
    with tally.sentences_only("after a kill"):
        opened = Study.open(study)
        for entry in opened.entries():
            opened.load(entry.id)
        if opened.scan()[1] or Results(study, forgiving=True).found_damaged():
            tally.count(LOST, "a kill left a damaged file")


def _finish(command: tuple[str, str], study: Path, tally: Tally) -> None:
    done = subprocess.run(_words(command, study, 2), cwd=ROOT, capture_output=True, text=True)
    if done.returncode or "Traceback" in done.stderr:
        tally.count(TRACEBACK if "Traceback" in done.stderr else LOST, (done.stderr or done.stdout)[-300:])


def same(whole: Path, study: Path, tally: Tally) -> None:
    """Count what a study lacks of a whole one, or has otherwise."""
    expected, found = ({entry.id: entry.digest for entry in Study.open(each).entries()} for each in (whole, study))
    for ticket_id in expected.keys() - found.keys():
        tally.count(LOST, f"ticket {ticket_id}")
    for ticket_id in expected.keys() & found.keys():
        if expected[ticket_id] != found[ticket_id]:
            tally.count(SILENT, f"ticket {ticket_id} has other weights")
    for table in QUICK:
        one, other = (Results(each).table(table).drop(columns="seconds", errors="ignore") for each in (whole, study))
        if len(one) != len(other):
            tally.count(LOST, f"rows of {table}")
            continue
        try:
            pd.testing.assert_frame_equal(one, other, check_exact=True)
        except AssertionError as error:
            tally.count(SILENT, f"{table}: {str(error).splitlines()[0]}")
