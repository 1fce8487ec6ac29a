"""What pages take on one thread and on several: beside another program, beside one on each core, and alone.

The study is that of `bench_thousands`, which is made before, once.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app import THREADS
from pruning.execution.processes import cores
from tests.bench.made_study import QUICK, Size, made
from tests.bench.rows import Row
from tests.bench.served import Session, served

VIEWS: list[tuple[str, dict[str, str]]] = [
    ("overview", {}),
    ("geometry", {"geometry": "features"}),
    ("geometry", {"geometry": "similarity"}),
    ("geometry", {"geometry": "correlates"}),
    ("robustness", {"section": "redundancy"}),
]
GROUP = "Five pages of a study of thousands, by the clock: threads that share a calculation against one"


def run(quick: bool) -> list[Row]:
    """Of each, with so many programs beside."""
    study, several = made(QUICK if quick else Size()), max(2, cores())
    rows = []
    for what, count, target in (
        ("beside one program", 1, 2),
        ("beside one on each core", several, 1.2),
        ("alone", 0, 0.8),
    ):
        with others(count):
            times = pages(study, several), pages(study, 1)
        rows.append(Row(what, *times, target=target, note=f"{several} threads against 1", group=GROUP))
    return rows


def pages(study: Path, threads: int) -> float:
    """Seconds until all were there, each with empty caches."""
    took = 0.0
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), study, more={THREADS: str(threads)}) as server:
        for page, parameters in VIEWS:
            asked = {"study": study.name, **parameters}
            with Session(server) as session:
                session.draw(page, asked)
                session.clear()
            with Session(server) as session:
                took += session.draw(page, asked).wall
    return took


@contextmanager
def others(count: int) -> Iterator[None]:
    """So many programs at work until the block ends; in sessions of their own, so that none counts as in the back."""
    programs = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True) for _ in range(count)
    ]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()
