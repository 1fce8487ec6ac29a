"""The small study that campaigns find, measure and harm."""

from pathlib import Path

from analysis.engine import measure
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
from tests.conftest import TINY

QUICK = ["summary", "layers", "weights", "samples", "conditions", "reliability", "corrupted"]


def asked(place: Path) -> Path:
    """The study's folder with its study.toml alone."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "study.toml").write_text(TINY)
    return place


def measured(place: Path) -> Path:
    """The same, found and measured."""
    folder = asked(place / "tiny")
    assert not run(Study.open(folder), RunOptions(jobs=2)).failed
    assert not measure.run(Study.open(folder), only=QUICK, jobs=2).problems
    return folder
