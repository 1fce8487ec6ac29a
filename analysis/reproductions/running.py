"""Runs a reproduction: finds and measures its study, puts the findings to the test, keeps what came out."""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.engine import measure
from analysis.reproductions.base import Reproduction
from analysis.reproductions.claims import Claim, Number
from analysis.reproductions.study_results import StudyResults
from pruning.errors import UserError
from pruning.execution import PROCESSES, is_ray
from pruning.files import write_atomically
from pruning.progress import Progress, quiet
from pruning.study import runner
from pruning.study.folder import TICKETS, TOML, Study

ROOT = Path("studies") / "reproductions"
OUTCOME = "outcome.json"


@dataclass(frozen=True)
class ReproductionResult:
    """What a reproduction came out as.

    Attributes:
        claims: its findings, put to the test.
        seconds: of processors' time that it took in all; None where a run was interrupted, so that nobody knows.
        tickets: how many were found.
        day: of the last run, as 2026-01-31.
    """

    claims: list[Claim]
    seconds: float | None
    tickets: int
    day: str


class Show:
    """What is shown of a run; this one shows nothing."""

    def finding(self, study: Study) -> AbstractContextManager[tuple[Progress, runner.Watcher]]:
        """Enter the finding of tickets: how far it is, and each ticket, are told to what is entered."""
        return nullcontext((quiet, runner.Watcher()))

    def measuring(self, study: Study) -> AbstractContextManager[Progress]:
        """Enter the measuring: how far it is is told to what is entered."""
        return nullcontext(quiet)


def run(
    reproduction: Reproduction, root: Path = ROOT, jobs: int = 0, show: Show | None = None, on: str = PROCESSES
) -> ReproductionResult:
    """Do what is still to be done of a reproduction below the folder `root`. What was done before is not done again.

    Args:
        reproduction: what to run.
        root: the folder of all reproductions' studies.
        jobs: processes; as many as there are cores when 0.
        show: told how far it is.
        on: where, as for `pruning.execution.executor_on`; what other machines work is in no one's seconds.

    Raises:
        UserError: a ticket could not be found or measured.
    """
    folder = root / reproduction.name
    began, before = _processor_time(), _seconds_before(folder)
    study = _study(reproduction, folder)
    show = show or Show()
    with show.finding(study) as (progress, watcher):
        found = runner.run(study, runner.RunOptions(jobs=jobs, on=on), progress, watcher)
    if found.failed:
        raise UserError(f"In {folder}, {len(found.failed)} tickets failed: {next(iter(found.failed.values()))}")
    made = bool(reproduction.tables) and _measure(study, reproduction, jobs, show, on)
    outcome = ReproductionResult(
        reproduction.claims(StudyResults(study)),
        None if before is None or is_ray(on) else before + (_processor_time() - began if found.found or made else 0.0),
        len(study.entries()),
        datetime.now(UTC).date().isoformat(),
    )
    write_atomically(folder / OUTCOME, json.dumps(asdict(outcome), indent=1))
    return outcome


def kept(reproduction: Reproduction, root: Path = ROOT) -> ReproductionResult | None:
    """What the last run came out as, None when there was none (or an earlier version made it)."""
    try:
        plain = json.loads((root / reproduction.name / OUTCOME).read_text(encoding="utf-8"))
        return ReproductionResult(claims=[_claim(each) for each in plain.pop("claims")], **plain)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _claim(plain: dict[str, Any]) -> Claim:
    number = plain["number"]
    return Claim(**{**plain, "number": Number(**{**number, "values": tuple(number["values"])})})


def _study(reproduction: Reproduction, folder: Path) -> Study:
    """The study in its folder, its study.toml as it is shipped."""
    text = reproduction.file.read_bytes()
    own = folder / TOML
    if not own.exists() or own.read_bytes() != text:
        write_atomically(own, text)
    return Study.open(folder)


def _measure(study: Study, reproduction: Reproduction, jobs: int, show: Show, on: str) -> bool:
    with show.measuring(study) as progress:
        outcome = measure.run(study, progress, only=reproduction.tables, jobs=jobs, on=on)
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
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None if (folder / TICKETS).is_dir() else 0.0
