"""What a reproduction is: a paper, a study that puts its finding to the test, and what to look at in the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from analysis.reproductions.claims import Claim
from analysis.reproductions.study_results import StudyResults

STUDIES = Path(__file__).parent / "studies"


@dataclass(frozen=True)
class Reproduction:
    """A paper's headline finding at our scale.

    Attributes:
        name: what it is asked for by, and the folder in `studies/` whose study.toml is run.
        title: the finding, or the paper's title.
        paper: whose it is.
        year: of the paper.
        scale: how what is done here differs from the paper, in a sentence or two.
        claims: the findings and what they come out as, from the finished study.
        tables: of the results, that `claims` needs.
        study: the study.toml, where it does not ship with the project.
    """

    name: str
    title: str
    paper: str
    year: int
    scale: str
    claims: Callable[[StudyResults], list[Claim]]
    tables: tuple[str, ...] = ()
    study: Path | None = None

    @property
    def file(self) -> Path:
        """The study.toml that is run."""
        return self.study or STUDIES / self.name / "study.toml"
