"""A study on a cluster of which a node is lost at any moment, or whose driver is: the next run ends with the same."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from unittest.mock import patch

from analysis.engine import measure
from pruning.execution import ray_executor
from pruning.study.folder import Study
from pruning.study.runner import RunOptions
from pruning.study.runner import run as find
from tests import ROOT
from tests.campaign.campaign_kills import same
from tests.campaign.studies import QUICK, asked, measured
from tests.campaign.tally import LOST, TRACEBACK, Tally
from tests.cluster.nodes import Nodes, nodes

SHARE = 0.02
"""Each run takes about a minute."""
GIVES_UP = 70.0
"""Seconds after which Ray has given up a head that is lost."""
LONGEST = 12.0
"""Seconds within which a node is lost."""


def run(count: int, seed: int, tally: Tally) -> None:
    """Lose a node while tickets are found, and one while they are measured; every third time the driver as well."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as place, nodes(3) as cluster:
        whole = measured(Path(place) / "whole")
        for number in range(count):
            study = asked(Path(place) / "lost" / "tiny")
            with _seen(number % 2 == 0), tally.sentences_only("a run on a cluster"):
                if number % 3 == 2:
                    _driver_killed(cluster, study, rng, tally)
                with _losing(cluster, rng):
                    if find(Study.open(study), RunOptions(on=cluster.on)).failed:
                        tally.count(LOST, "a ticket failed")
                with _losing(cluster, rng):
                    if problems := measure.run(Study.open(study), only=QUICK, on=cluster.on).problems:
                        tally.count(LOST, problems[0])
            tally.tried += 1
            same(whole, study, tally)
            shutil.rmtree(study)
        cluster.lose_head()
        time.sleep(GIVES_UP)  # left to itself Ray ends this process, and all that a notebook holds with it


@contextmanager
def _losing(cluster: Nodes, rng: random.Random) -> Iterator[None]:
    """Lose a node at some moment of what is done within, and have another come."""
    lost = threading.Event()

    def lose() -> None:
        if not lost.wait(rng.uniform(0.0, LONGEST)):
            cluster.lose_one(rng)

    waiting = threading.Thread(target=lose)
    waiting.start()
    try:
        yield
    finally:
        lost.set()
        waiting.join()
        while len(cluster.nodes) < 2:  # beside the head
            cluster.one_more()


@contextmanager
def _seen(seen: bool) -> Iterator[None]:
    """Let workers see the study, or take its folder for another."""

    @contextmanager
    def unseen(folders: tuple[str, ...]) -> Iterator[dict[str, str]]:
        yield {f"{folder}/.seen elsewhere": "word" for folder in folders}

    with nullcontext() if seen else patch.object(ray_executor, "marked", unseen):
        yield


def _driver_killed(cluster: Nodes, study: Path, rng: random.Random, tally: Tally) -> None:
    """Kill a run, or interrupt it."""
    words = [sys.executable, "-m", "pruning", "run", str(study), "--on", cluster.on]
    running = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with suppress(subprocess.TimeoutExpired):
        running.wait(rng.uniform(5.0, 30.0))
    with suppress(ProcessLookupError):
        os.killpg(running.pid, rng.choice([signal.SIGKILL, signal.SIGINT]))
    _, said = running.communicate(timeout=120)
    if "Traceback" in said:
        tally.count(TRACEBACK, said[-300:])
    time.sleep(1.0)
