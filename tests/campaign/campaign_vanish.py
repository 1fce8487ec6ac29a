"""Tickets that go, or are cut short, while they are measured: they alone are left out, in a sentence."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.engine import measure
from analysis.results.store import Results
from pruning.errors import UserError
from pruning.study.folder import Entry, Study
from tests.campaign.studies import measured
from tests.campaign.tally import LOST, SILENT, TRACEBACK, Tally

PAIRED = ("alignment",)  # held against other tickets, and built on their rows
TABLES = ("summary", "weights", "samples", "conditions", *PAIRED)
HARMS = ("delete", "cut", "empty", "other")
SHARE = 0.05
MOMENTS = 40  # words of progress within which the harm is done


def run(count: int, seed: int, tally: Tally) -> None:
    """Measure a study again and again, and harm a ticket on the way."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as place:
        whole = measured(Path(place) / "whole")
        measure.run(Study.open(whole), only=TABLES, jobs=2)
        for _ in range(count):
            study = Path(shutil.copytree(whole, Path(place) / "harmed", ignore=shutil.ignore_patterns("results")))
            harm_one(study, whole, str(rng.choice(HARMS)), rng, tally)
            shutil.rmtree(study)


def harm_one(place: Path, whole: Path, harm: str, rng: np.random.Generator, tally: Tally, jobs: int = 0) -> None:
    """Measure a study, of whose tickets one is harmed at some moment, and hold the others to what they should be."""
    entries = Study.open(place).entries()
    victim, other = (entries[place] for place in rng.choice(len(entries), 2, replace=False))
    jobs, left = jobs or int(rng.integers(1, 3)), int(rng.integers(MOMENTS))
    words = f"{harm} {victim.recipe.label} after {left} words, {jobs} processes"

    def tell(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == -1:
            _harm(victim.path, other.path, harm)

    tally.tried += 1
    try:
        problems = measure.run(Study.open(place), tell, only=TABLES, jobs=jobs).problems
    except UserError as error:  # the others' measurement ended with it
        tally.count(LOST, f"{words}: {error}")
        return
    except Exception as error:  # whatever it is, it is what is looked for
        tally.count(TRACEBACK, f"{words}: {type(error).__name__}: {error}")
        return
    _others_are_whole(place, whole, victim, bool(problems), words, tally)


def _harm(path: Path, other: Path, harm: str) -> None:
    content = path.read_bytes()
    if harm == "delete":
        path.unlink()
    else:
        path.write_bytes({"cut": content[: len(content) // 2], "empty": b"", "other": other.read_bytes()}[harm])


def _others_are_whole(place: Path, whole: Path, victim: Entry, told: bool, words: str, tally: Tally) -> None:
    for table in TABLES:
        # rows of tickets that were held against the one that is gone go with it
        if table in PAIRED:
            continue
        expected, found = (_rows(each, table) for each in (whole, place))
        missing = set(expected["ticket_id"]) - set(found["ticket_id"])
        if missing - {victim.id} or (missing and not told):
            tally.count(LOST, f"{words}: {table} of {sorted(missing)}")
            continue
        one, two = (rows[rows["ticket_id"] != victim.id].reset_index(drop=True) for rows in (expected, found))
        try:
            pd.testing.assert_frame_equal(one, two, check_exact=True)
        except AssertionError as error:
            tally.count(SILENT, f"{words}: {table}: {str(error).splitlines()[0]}")


def _rows(study: Path, table: str) -> pd.DataFrame:
    return Results(study).table(table).drop(columns="seconds", errors="ignore")
