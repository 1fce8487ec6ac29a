"""A study of 2,000 tickets, 95 conditions and 10,000 images: what its grid, its commands and its pages cost.

It is made before, once, which takes a quarter of an hour and 4 GB in the user's cache folder (`made_study`); with
`--quick` one of 92 tickets and 1,000 images.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pruning.study.config import StudyConfig, expand
from tests import ROOT
from tests.bench.bench_pages import GOALS, measured
from tests.bench.made_study import QUICK, Size, made
from tests.bench.rows import Figures, seconds
from tests.bench.served import served

PAGES = GOALS | {"cold": 2000.0}
COMMANDS = {"cold": 5000.0, "warm": 5000.0, "KB": 1000.0, "MB": 1500.0}
"""Of commands: milliseconds of a first and a second run, of which 3,000 are what Python needs to start torch."""
GRID = 20_000


def run(quick: bool) -> list[Figures]:
    """Figures of the grid, of the commands, and of each view."""
    study = made(QUICK if quick else Size())
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), study) as server:
        pages = [Figures(each.what, each.values, PAGES, each.note) for each in measured(server, study)]
    return [grid(), *commands(study), *pages]


def grid() -> Figures:
    """How long 20,000 recipes take: of 20 methods, 20 sparsities and 50 seeds."""
    methods = [{"criterion": "magnitude", "name": f"cut {n}", "training": {"epochs": n + 1}} for n in range(10)]
    methods += [{"finder": "random_reinit", "of": f"cut {n}", "name": f"again {n}"} for n in range(10)]
    plain = {"title": "", "model": "lenet5", "data": "mnist5k", "seeds": [*range(GRID // 400)], "method": methods}
    config = StudyConfig.model_validate(plain | {"sparsities": [round(0.05 * n, 2) for n in range(20)]})
    first, second = (1000 * seconds(lambda: expand(config, "the grid"), cpu=True) for _ in range(2))
    values = {"cold": first, "warm": second, "KB": 0.0, "MB": 0.0}
    return Figures(f"a grid of {GRID:,} recipes", values, PAGES | {"cold": 1000.0, "warm": 1000.0})


def commands(study: Path) -> list[Figures]:
    """What `list` and a run that finds nothing to do cost, of tickets and of results."""
    found = []
    for words in (("pruning", "list"), ("pruning", "run"), ("analysis", "list"), ("analysis", "run")):
        (first, peak), (second, _) = (command([*words, str(study)]) for _ in range(2))
        values = {"cold": 1000 * first, "warm": 1000 * second, "KB": 0.0, "MB": peak}
        found.append(Figures(f"python -m {' '.join(words)}", values, COMMANDS))
    return found


def command(words: Sequence[str]) -> tuple[float, float]:
    """Seconds that processors worked for a command and those that it started, and megabytes of the largest."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.DEVNULL, env=environment, cwd=ROOT)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert not process.returncode, words
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
