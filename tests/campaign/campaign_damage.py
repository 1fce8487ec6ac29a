"""Checkpoints that are cut, overwritten, zeroed, shuffled or hostile: a sentence, nothing run, nothing written."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pruning.checkpoints import read
from tests.campaign.tally import EXECUTED, OUTSIDE, SILENT, Tally
from tests.pruning.checkpoints import corpus
from tests.pruning.checkpoints.formats import formats

Harm = Callable[[bytearray, np.random.Generator], None]


def _place(content: bytearray, rng: np.random.Generator) -> slice:
    first = int(rng.integers(len(content)))
    return slice(first, min(len(content), first + int(rng.geometric(0.05))))


def _flip(content: bytearray, rng: np.random.Generator) -> None:
    for place in rng.integers(len(content), size=rng.integers(1, 9)):
        content[place] ^= 1 << int(rng.integers(8))


def _cut(content: bytearray, rng: np.random.Generator) -> None:
    del content[int(rng.integers(len(content))) :]


def _drop(content: bytearray, rng: np.random.Generator) -> None:
    del content[_place(content, rng)]


def _zero(content: bytearray, rng: np.random.Generator) -> None:
    where = _place(content, rng)
    content[where] = bytes(where.stop - where.start)


def _overwrite(content: bytearray, rng: np.random.Generator) -> None:
    where = _place(content, rng)
    content[where] = rng.bytes(where.stop - where.start)


def _repeat(content: bytearray, rng: np.random.Generator) -> None:
    where = _place(content, rng)
    content[where.start : where.start] = content[where]


HARMS: tuple[Harm, ...] = (_flip, _cut, _drop, _zero, _overwrite, _repeat)


def run(count: int, seed: int, tally: Tally) -> None:
    """Harm a file that is drawn from all formats and from those made to do harm, once to three times."""
    rng = np.random.default_rng(seed)
    files = [*formats().items(), *corpus.hostile()]
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as outer:
        place = Path(outer) / "inner"
        place.mkdir()
        os.chdir(place)  # where hostile content would leave its mark
        try:
            for number in range(count):
                name, content = files[rng.integers(len(files))]
                harmed = bytearray(content)
                for _ in range(rng.integers(1, 4)):
                    if harmed:
                        HARMS[rng.integers(len(HARMS))](harmed, rng)
                _look(place / f"{number}-{name}", bytes(harmed), tally)
        finally:
            os.chdir(before)


def _look(path: Path, content: bytes, tally: Tally) -> None:
    path.write_bytes(content)
    tally.tried += 1
    with tally.sentences_only(path.name):
        if not all(bool(value.isfinite().all()) for value in read(path).state.values()):
            tally.count(SILENT, f"{path.name} gives values that are not finite")
    path.unlink()
    for left in path.parent.parent.rglob("*"):
        if left != path.parent:
            tally.count(EXECUTED if left.name == corpus.MARKER else OUTSIDE, f"{path.name} left {left.name}")
            left.rmdir() if left.is_dir() else left.unlink()
