"""What a reproduction is: a paper, a study that puts its finding to the test, and what to look at in the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pruning
from analysis.reproductions.claims import Claim
from analysis.reproductions.study_results import Lab

STUDIES = Path(pruning.__file__).parent / "studies"


@dataclass(frozen=True)
class Reproduction:
    """A paper's headline finding at our scale.

    Attributes:
        name: of the folder in `pruning/studies/` whose study.toml is run.
        title, paper, year: whose finding it is.
        scale: how what is done here differs from the paper, in a sentence or two.
        claims: the findings and what they come out as, from the finished study.
        tables: of the results, that `claims` needs.
    """

    name: str
    title: str
    paper: str
    year: int
    scale: str
    claims: Callable[[Lab], list[Claim]]
    tables: tuple[str, ...] = ()

    @property
    def file(self) -> Path:
        """The study.toml that is shipped."""
        return STUDIES / self.name / "study.toml"
