"""A study as the app sees it, made of numbers alone; and jobs of which process and command are the test's own."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from streamlit import config
from streamlit.components.v2 import manifest_scanner

from analysis.comparisons.of_study import COLUMNS
from app.jobs import queue, runner
from app.jobs.command import Command
from app.jobs.job import Job, look, write_state
from app.load import StudyView
from app.shell import folds
from pruning.study.config import StudyConfig


@pytest.fixture(scope="session", autouse=True)
def packages_are_looked_through_once() -> Iterator[None]:
    """For each page that it draws, `AppTest` reads what all installed packages say of themselves: a quarter of it."""
    with pytest.MonkeyPatch.context() as patch:
        scan = manifest_scanner.scan_component_manifests
        patch.setattr(manifest_scanner, scan.__name__, cache(scan))
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_is_collected_after_a_page() -> None:
    """As in the app, whose settings Streamlit does not read here; the heap of a test process is larger still."""
    config.set_option("runner.postScriptGC", False)


@pytest.fixture(scope="session", autouse=True)
def what_is_folded_is_drawn() -> Iterator[None]:
    """Pages are looked at as a whole; that what is folded is not drawn has a test of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folds, folds.whole.__name__, lambda: True)
        yield


LABELS = {"dense": "Dense", "snip": "SNIP", "imp": "IMP", "shuffled": "IMP shuffled"}


def make_tickets(sparsities: tuple[float, ...] = (0.5, 0.9), seeds: tuple[int, ...] = (0, 1)) -> pd.DataFrame:
    """Rows of `StudyView.tickets`: dense, SNIP, IMP and a control."""
    rows = []
    for seed in seeds:
        for method, label in LABELS.items():
            for level in (0.0,) if method == "dense" else sparsities:
                key = method if method == "dense" else f"{method}-{100 * level:g}"
                rows.append(
                    {
                        "ticket_id": f"{key}.{seed}",
                        "key": key,
                        "method": method,
                        "method_label": label,
                        "label": label if method == "dense" else f"{label} {100 * level:g} %",
                        "sparsity": level,
                        "seed": seed,
                        "kept": round(1000 * (1 - level)),
                        "total": 1000,
                        "seconds": 1.5,
                    }
                )
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.fixture
def view() -> StudyView:
    """A study with two seeds of seven families."""
    config = StudyConfig(title="Made up", model="lenet300", data="digits", seeds=[0, 1])
    return StudyView("made-up", Path("nowhere"), config, 0, make_tickets(), (), "stamp")


Standing = Callable[[str], None]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Standing:
    """Have every command be these lines, whose `sys.argv[1:]` are its words."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "LOOK", 0.02)

    def started(home: Path, follows: str = "") -> None:
        write_state(home, queue._last(follows))
        for name in ("cancel", "log.txt", "progress.json"):
            (home / name).unlink(missing_ok=True)
        threading.Thread(target=runner.live, args=(home,), daemon=True).start()

    monkeypatch.setattr(queue, "_start", started)

    def use(lines: str) -> None:
        arguments = property(lambda self: [sys.executable, "-Sc", lines, *self.words])
        monkeypatch.setattr(Command, "arguments", arguments)

    return use


def ended(job: Job, within: float = 150) -> Job:
    """The job when it is over."""
    return until(job, lambda now: now.over, within)


def until(job: Job, holds: Callable[[Job], bool], within: float = 150) -> Job:
    """The job when that holds."""
    end = time.monotonic() + within
    while not holds(now := look(job.home)):
        assert time.monotonic() < end, now
        time.sleep(0.02)
    return now


def prune(study: str = "mine", *more: str) -> Command:
    """A command on a study."""
    return Command(("pruning", "run", study, *more))
