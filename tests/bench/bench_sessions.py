"""Twenty sessions at once, each with a selection of its own, and memory over many draws."""

from __future__ import annotations

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import numpy as np

from app.shell.codec import encode_samples
from tests.bench.bench_pages import views
from tests.bench.rows import Figures
from tests.bench.served import Drawn, Server, Session, served
from tests.samples import CORRUPTED

SESSIONS, DRAWS = 20, 500
GOALS = {"median s": 2.0, "wrong": 0.0, "MB before": 1500.0, "MB after": 1500.0}
"""Seconds of a draw; draws that showed another session's selection; megabytes resident after one tour and after all."""


def run(quick: bool) -> list[Figures]:
    """Figures of the sessions together, and of one tour after another."""
    study, sessions, draws = CORRUPTED[0], 3 if quick else SESSIONS, 5 if quick else DRAWS
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as server:
        tour(server, study, 0)
        before = server.memory()
        with ThreadPoolExecutor(sessions) as pool:
            found = list(pool.map(lambda number: marked(server, study, number), range(1, sessions + 1)))
        wrong = sum(not re.search(rf"\b{number} images?\b", drawn.texts) for number, drawn in enumerate(found, 1))
        together = {"median s": median(drawn.wall for drawn in found), "wrong": float(wrong)}
        first = Figures(
            f"{sessions} sessions at once", {**together, "MB before": before, "MB after": server.memory()}, GOALS
        )
        before, walls = server.memory(), tour(server, study, draws)
        alone = {"median s": median(walls), "wrong": 0.0, "MB before": before, "MB after": server.memory()}
        return [first, Figures(f"{draws} draws, one after another", alone, GOALS)]


def marked(server: Server, study: Path, number: int) -> Drawn:
    """A page as the session of that number sees it, which has selected so many images."""
    parameters = {"study": study.name, "samples": encode_samples(np.arange(number))}
    with Session(server) as session:
        session.draw("robustness", parameters)
        return session.draw("robustness", parameters)


def tour(server: Server, study: Path, draws: int) -> list[float]:
    """Draw one view after another, each once at least; seconds of each draw."""
    every = views(study)
    walls: list[float] = []
    while len(walls) < max(draws, len(every)):
        view = every[len(walls) % len(every)]
        with Session(server) as session:
            walls.append(session.draw(view.page, {"study": study.name, **view.parameters}).wall)
    return walls
