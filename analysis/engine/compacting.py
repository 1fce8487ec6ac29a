"""Brings the many small result files of a study into few, as `analysis.results.packs` does it table by table."""

from __future__ import annotations

from analysis.engine.journal import Journal
from analysis.results.store import Results
from pruning.study.folder import Study

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
        return results.compact()
