"""Brings the many small result files of a study into few, as `analysis.results.packs` does it table by table."""

from __future__ import annotations

from analysis.engine.journal import Journal
from analysis.engine.settings import settings
from analysis.engine.status import plan_of
from analysis.engine.subjects import readable
from analysis.results.store import Results
from pruning.study.folder import Study
from pruning.study.index import LEAST

MANY = 300
"""A run brings a table's small files together when there are so many."""


def compact(study: Study) -> dict[str, int]:
    """Bring a study's small result files together; how many of each table were.

    Raises:
        UserError: a run is measuring the study.
        WriteError: the disk will not take it; nothing is lost then.
    """
    results = Results(study.path)
    with Journal(study.path).alone():
        results.remove_leftovers()
        found = results.compact()
        write_index(study)
        return found


def write_index(study: Study) -> None:
    """Write the study's index, where it has so many tickets that one pays; whose results are looked through for it."""
    study.write_index()
    entries = readable(study.entries(), [])
    if len(entries) >= LEAST:
        plan_of(study, settings(study), entries).write_index()
