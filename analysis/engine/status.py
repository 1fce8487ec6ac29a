"""What of a study has been measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analysis.engine.coverage import PAIRED, Coverage, Wanted
from analysis.engine.images import given_images
from analysis.engine.settings import settings
from analysis.engine.stability_pairs import partners
from analysis.results.store import Results
from analysis.results.tables import TABLES
from pruning.data import Dataset, available, load_data
from pruning.study.folder import Study


@dataclass(frozen=True)
class Row:
    """One table: of `tickets` that are to have it, how many have all of it, and how many only a part."""

    table: str
    meaning: str
    tickets: int
    complete: int
    partial: int

    @property
    def missing(self) -> int:
        """Tickets that have nothing of it."""
        return self.tickets - self.complete - self.partial


@dataclass(frozen=True)
class Status:
    """A row a table, and a sentence for whatever is amiss."""

    rows: list[Row]
    sentences: list[str]


def status(study: Study, root: str | Path | None = None) -> Status:
    """Compare what is stored with what the study's settings ask for; measures nothing, changes nothing.

    Where the data set is not at hand (`root` as for `pruning.data.load_data`), the samples that a ticket's summary
    counts are taken for all of them, and a folder of arrays is not looked into. Raises UserError when the settings name
    what is not known.
    """
    config = settings(study)
    entries, sentences = study.scan()
    results = Results(study.path)
    coverage = Coverage.read(results)
    data = load_data(study.config.data, root) if available(study.config.data, root) else None
    given = given_images(study, config, data) if data is not None else None
    wanted = Wanted.of(config, _samples(data, config.samples, coverage), given)
    held_against = partners(entries)
    tables = {e.id: wanted.for_ticket(e.recipe.seed == study.detail_seed, held_against.get(e.id)) for e in entries}
    rows = []
    for table in TABLES:
        asked = [key for key, own in tables.items() if table in own]
        if table not in wanted.tables or (table in PAIRED and not asked):
            continue
        complete = [key for key in asked if coverage.complete(table, key, wanted)]
        partial = [key for key in asked if key in coverage.stored[table] and key not in complete]
        rows.append(Row(table, TABLES[table].meaning, len(asked), len(complete), len(partial)))
    if not entries:
        sentences.append(f"There are no tickets yet; `python -m pruning run {study.source}` finds them.")
    sentences += coverage.sentences(results, now=False)
    return Status(rows, sentences)


def _samples(data: Dataset | None, limit: int | None, coverage: Coverage) -> int:
    if data is not None:
        n = len(data.test.labels)
    else:
        n = max((parts.get("", 0) for parts in coverage.stored["summary"].values()), default=0)
    return n if limit is None else min(n, limit)
