"""A run that is killed loses at most the conditions in work, and it does not matter how many processes measure."""

import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.corruptions.conditions import Condition
from analysis.engine import evaluation, groups, measure
from analysis.engine.journal import SUFFIX, Journal
from analysis.engine.showing import show
from analysis.results.store import Results
from pruning.errors import UserError
from pruning.study.folder import Study
from tests import ROOT

QUICK = ["summary", "layers", "weights", "samples", "conditions", "reliability", "corrupted"]
DEAR = ["lost", "representations", "alignment"]
CONDITIONS = 7
TICKETS = 18

# Kills itself at the so-and-so-many-th call of a function: while a condition is measured, after it was measured but
# before the journal has the file, and while the journal is brought into the results.
DRIVER = """
import importlib, os, signal, sys
from analysis.engine import groups, measure
from pruning.study.folder import Study
groups.GROUP = 6
folder, place, owner, name, last, *tables = sys.argv[1:]
holder = importlib.import_module(place)
for part in owner.split("."):
    holder = getattr(holder, part) if part else holder
original, calls = getattr(holder, name), []
def counted(*arguments, **named):
    calls.append(1)
    if len(calls) == int(last):
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **named)
setattr(holder, name, counted)
measure.run(Study.open(folder), only=tables)
"""
KILLS = {
    "measuring": ("analysis.engine.evaluation", "", "show", 5),
    "writing": ("analysis.engine.journal", "", "_written", 11),
    "merging": ("analysis.engine.journal", "", "_store", 4),
}


def drive(study: Path, kill: str) -> None:
    words = [str(word) for word in (study, *KILLS[kill], *QUICK)]
    ended = subprocess.run([sys.executable, "-c", DRIVER, *words], cwd=ROOT, check=False)
    assert ended.returncode == -9


def stop(study: Path) -> None:
    """What Ctrl-C does, after four conditions of all tickets."""
    original, calls = show, []

    def counted(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        original(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "show", counted)
        with pytest.raises(KeyboardInterrupt):
            measure.run(Study.open(study), only=QUICK)


def files(study: Path) -> list[Path]:
    return sorted(Journal(study).path.glob(f"*{SUFFIX}"))


def journaled(study: Path) -> set[tuple[str, str, int]]:
    """(ticket, corruption, severity) that are in the journal, read with Results after a merge into an empty folder."""
    place = study.parent / "aside"
    shutil.copytree(study / "cache", place / "cache")
    Journal(place).merge(Results(place))
    return stored(place)


def stored(study: Path) -> set[tuple[str, str, int]]:
    rows = Results(study).table("conditions")[["ticket_id", "corruption", "severity"]]
    return set(rows.itertuples(index=False, name=None))


def same(study: Path, other: Path, tables: list[str] = QUICK) -> None:
    for table in tables:
        pd.testing.assert_frame_equal(
            Results(study).table(table), Results(other).table(table), check_exact=True, check_dtype=True
        )


@pytest.fixture(scope="module")
def undisturbed(found_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, measured at one go but for its maps."""
    folder = tmp_path_factory.mktemp("undisturbed") / "tiny"
    shutil.copytree(found_study, folder)
    measure.run(Study.open(folder), only=QUICK)
    return folder


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str, int]]:
    """What is measured in this process: (ticket, corruption, severity)."""
    found: set[tuple[str, str, int]] = set()
    original = show

    def spy(networks: Any, images: Any, condition: Condition, viewers: dict[str, Any], progress: Any) -> None:
        found.update((name, *condition) for name in viewers)
        original(networks, images, condition, viewers, progress)

    monkeypatch.setattr(evaluation, "show", spy)
    return found


@pytest.mark.parametrize("kill", KILLS)
def test_a_kill_loses_at_most_the_condition_in_work(
    kill: str, study_copy: Path, undisturbed: Path, shown: set[tuple[str, str, int]]
) -> None:
    drive(study_copy, kill)
    kept = journaled(study_copy) | stored(study_copy)
    # 6 tickets to a group: all conditions that were measured are there, but for the one in work
    assert len(kept) == 6 * {"measuring": 4, "writing": 10, "merging": CONDITIONS}[kill]
    outcome = measure.run(Study.open(study_copy), only=QUICK)
    assert not outcome.problems
    assert shown.isdisjoint(kept)
    assert len(shown) == TICKETS * CONDITIONS - len(kept)
    same(study_copy, undisturbed)
    assert [file.name for file in Journal(study_copy).path.iterdir()] == [".lock"]


def test_leftovers_are_merged_even_when_nothing_else_is_to_do(study_copy: Path) -> None:
    stop(study_copy)
    kept = journaled(study_copy)
    assert len(kept) == 4 * TICKETS
    assert not stored(study_copy)
    study = Study.open(study_copy)
    gone = study.entries()[0]
    gone.path.unlink()  # what belongs to no ticket any more is forgotten
    measure.run(study, only=["layers"])
    assert stored(study_copy) == {row for row in kept if row[0] != gone.id}
    assert not files(study_copy)


def test_another_run_is_waited_for(study_copy: Path) -> None:
    with (
        Journal(study_copy).alone(),
        pytest.raises(UserError, match=r"Another run is measuring .*; wait for it or stop it first"),
    ):
        measure.run(Study.open(study_copy))


def test_a_damaged_journal_is_passed_over(study_copy: Path, undisturbed: Path) -> None:
    stop(study_copy)
    file = files(study_copy)[0]
    file.write_bytes(file.read_bytes()[:-100])
    measure.run(Study.open(study_copy), only=QUICK)
    same(study_copy, undisturbed)


def test_several_processes_measure_the_same(
    study_copy: Path, tiny_study: Path, monkeypatch: pytest.MonkeyPatch, shown: set[tuple[str, str, int]]
) -> None:
    monkeypatch.setattr(groups, "GROUP", 5)
    told: list[tuple[float, str]] = []
    outcome = measure.run(Study.open(study_copy), lambda *words: told.append(words), only=[*QUICK, *DEAR], jobs=2)
    assert not outcome.problems
    assert outcome.written == dict.fromkeys([*QUICK, *DEAR], TICKETS) | {"corrupted": 9}
    assert not shown  # not in this process
    same(study_copy, tiny_study, [*QUICK, *DEAR])
    done = [words[0] for words in told]
    assert done == sorted(done)
    assert done[-1] == 1
    assert not files(study_copy)


def test_a_worker_that_dies_ends_in_a_sentence_and_loses_nothing(
    study_copy: Path, undisturbed: Path, shown: set[tuple[str, str, int]]
) -> None:
    killed: list[int] = []

    def kill(fraction: float, _: str) -> None:
        if not killed and len(files(study_copy)) >= 2:
            worker = multiprocessing.active_children()[0]
            assert worker.pid is not None
            os.kill(worker.pid, 9)
            killed.append(worker.pid)

    study = Study.open(study_copy)
    with pytest.raises(UserError, match=r"A worker process was killed, .* what was measured is kept") as raised:
        measure.run(study, kill, only=QUICK, jobs=2)
    assert "\n" not in str(raised.value)
    wait_for_none()
    kept = journaled(study_copy) | stored(study_copy)
    assert len(kept) >= 2 * TICKETS
    measure.run(study, only=QUICK)
    assert shown.isdisjoint(kept)
    same(study_copy, undisturbed)


def wait_for_none() -> None:
    deadline = time.monotonic() + 30
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.01)
