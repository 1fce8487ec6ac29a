"""Runs a reproduction: finds and measures its study, puts the findings to the test, keeps what came out."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from analysis.cli.display import Display
from analysis.engine import measure
from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, Number
from analysis.reproductions.study_results import Lab
from pruning.cli.run_display import RunDisplay
from pruning.errors import UserError
from pruning.files import write_atomically
from pruning.study.folder import TICKETS, TOML, Study
from pruning.study.runner import Options
from pruning.study.runner import run as find

ROOT = Path("studies") / "reproductions"
OUTCOME = "outcome.json"


@dataclass(frozen=True)
class Outcome:
    """What a reproduction came out as: its claims, the processors' time it took in all (seconds; None where a run was
    interrupted, so that nobody knows), and the day."""

    claims: list[Claim]
    seconds: float | None
    tickets: int
    day: str


def run(reproduction: Reproduction, root: Path = ROOT, jobs: int = 0) -> Outcome:
    """Do what is still to be done of a reproduction below the folder `root`. What was done before is not done again.

    Raises:
        UserError: a ticket could not be found or measured.
    """
    folder = root / reproduction.name
    began, before = _processor_time(), _seconds_before(folder)
    study = _study(reproduction, folder)
    with RunDisplay(study) as display:
        found = find(study, Options(jobs=jobs), display.tell, display)
    if found.failed:
        raise UserError(f"In {folder}, {len(found.failed)} tickets failed: {next(iter(found.failed.values()))}")
    made = _measure(study, reproduction, jobs)
    outcome = Outcome(
        reproduction.claims(Lab(study)),
        None if before is None else before + (_processor_time() - began if found.found or made else 0.0),
        len(study.entries()),
        datetime.now(UTC).date().isoformat(),
    )
    write_atomically(folder / OUTCOME, json.dumps(asdict(outcome), indent=1))
    return outcome


def kept(reproduction: Reproduction, root: Path = ROOT) -> Outcome | None:
    """What the last run came out as, None when there was none (or an earlier version made it)."""
    try:
        plain = json.loads((root / reproduction.name / OUTCOME).read_text(encoding="utf-8"))
        found = [Claim(**{**claim, "number": Number(**claim["number"])}) for claim in plain.pop("claims")]
        return Outcome(claims=found, **plain)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _study(reproduction: Reproduction, folder: Path) -> Study:
    """The study in its folder, its study.toml as it is shipped."""
    text = reproduction.file.read_bytes()
    own = folder / TOML
    if not own.exists() or own.read_bytes() != text:
        write_atomically(own, text)
    return Study.open(folder)


def _measure(study: Study, reproduction: Reproduction, jobs: int) -> bool:
    if not reproduction.tables:
        return False
    with Display(f"measuring {study.config.title}") as display:
        outcome = measure.run(study, display.tell, only=reproduction.tables, jobs=jobs)
    if outcome.problems:
        raise UserError(outcome.problems[0])
    return bool(outcome.written)


def _processor_time() -> float:
    """Seconds that processors gave this process and those it has waited for, whatever else the machine does."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _seconds_before(folder: Path) -> float | None:
    """The time of the runs before, 0 when there were none, None when one did not come to its end."""
    try:
        return float(json.loads((folder / OUTCOME).read_text(encoding="utf-8"))["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None if (folder / TICKETS).is_dir() else 0.0
