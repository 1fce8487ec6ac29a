"""A study of an earlier version is brought up to date: checked by measuring a sample again, rewritten once."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from analysis.engine import adopt as module
from analysis.engine import measure
from analysis.engine.adopt import adopt, differences
from analysis.engine.base import Measure, measures
from analysis.engine.status import status
from analysis.results.provenance import UNKNOWN
from analysis.results.store import Results
from pruning.errors import UserError
from pruning.study.commands import typed
from pruning.study.folder import Study

TICKETS = 4


@pytest.fixture
def old(tiny_study: Path, tmp_path: Path) -> Study:
    """A measured study as an earlier version left it: nothing says what made it, nothing has a digest."""
    study = Study.open(shutil.copytree(tiny_study, tmp_path / "old"))
    for entry in study.entries()[TICKETS:]:
        entry.path.unlink()
        Results(study.path).remove(entry.id)
    for entry in study.entries():
        if entry.recipe.is_dense:  # the other seed that it was held against is gone
            (study.path / "results" / "alignment" / f"{entry.id}.parquet").unlink()
    for file in (study.path / "results").rglob("*.parquet"):
        pq.write_table(pq.read_table(file).replace_schema_metadata(), file, store_schema=False)
    for entry in study.entries():
        with safe_open(entry.path, "pt") as opened:
            metadata = {key: value for key, value in opened.metadata().items() if key not in ("content", "digest")}
        save_file(load_file(entry.path), entry.path, metadata=metadata)
    return study


def contents(study: Study) -> dict[str, pd.DataFrame]:
    return {table: Results(study.path).table(table) for table in measures()}


def stamps(study: Study) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in study.path.rglob("*") if file.suffix}


def there(study: Study) -> list[Measure]:
    """The measures that the study has; in it nothing was trained again."""
    return [each for each in measures().values() if Results(study.path).ids(each.name)]


def files(study: Study) -> int:
    return sum(len(Results(study.path).ids(each.name)) for each in there(study))


def test_what_fits_is_kept_and_says_what_made_it(old: Study) -> None:
    assert all(entry.content == "" for entry in old.entries())
    before, accuracies = contents(old), {entry.id: entry.info.accuracy for entry in old.entries()}
    with pytest.raises(UserError, match=re.escape(typed("analysis", "adopt"))):
        measure.run(old)
    done = adopt(old, tickets=2, conditions=2)
    assert not done.problems
    assert not done.differing
    # two parts of two tickets in each table of conditions or maps, one in each of the others
    alone = there(old)
    assert done.checked == 2 * sum(2 if each.keys and each.pairs is None else 1 for each in alone)
    assert (done.tickets, done.results) == (TICKETS, files(old))
    for table, rows in contents(old).items():
        pd.testing.assert_frame_equal(rows, before[table], check_exact=True)
    assert all(entry.content for entry in old.entries())
    assert {entry.id: entry.info.accuracy for entry in old.entries()} == accuracies
    assert not measure.run(old).written
    assert not status(old).sentences
    untouched = stamps(old)
    again = adopt(old)
    assert (again.checked, again.tickets, again.results) == (0, 0, 0)
    assert stamps(old) == untouched


def test_what_differs_is_named_and_nothing_is_rewritten(old: Study) -> None:
    shutil.rmtree(old.path / "results" / "maps")
    results = Results(old.path)
    for key in results.ids("summary"):
        file = old.path / "results" / "summary" / f"{key}.parquet"
        rows = results.table("summary", ids=[key])
        rows["mean_margin"] *= 1.01
        results.write("summary", key, rows)
        pq.write_table(pq.read_table(file).replace_schema_metadata(), file)
    before = stamps(old)
    done = adopt(old, tickets=1, conditions=1)
    [sentence] = done.differing
    assert sentence.endswith("`summary`: mean_margin differs in 100 % of its values.")
    assert (done.tickets, done.results) == (0, 0)
    assert stamps(old) == before


def test_without_the_data_only_on_trust(old: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(module, "available", lambda *_: False)
        with pytest.raises(UserError, match=r"'digits' of .* is not at hand, .* say with --root .* or with --trust"):
            adopt(old)
        done = adopt(old, trust=True)
    assert (done.checked, done.tickets, done.results) == (0, TICKETS, files(old))
    made = Results(old.path).made("conditions", old.entries()[0].id)
    assert {provenance.images for provenance in made.values()} == {UNKNOWN}
    assert not status(old).sentences
    assert not measure.run(old).written


def test_how_far_apart_is_apart() -> None:
    samples = measures()["samples"]
    rows = pd.DataFrame({name: range(1, 201) for name in samples.columns})
    assert differences(samples, rows, rows) == []
    assert differences(samples, rows, rows.assign(angle=rows["angle"] * 1.001)) == []
    [sentence] = differences(samples, rows, rows.assign(angle=rows["angle"] * 1.02))
    assert sentence == "angle differs in 94 % of its values"  # the smallest are within what is always allowed
    assert differences(samples, rows, rows.assign(prediction=rows["prediction"].where(rows.index > 1, 0))) == []
    assert differences(samples, rows, rows.assign(prediction=rows["prediction"].where(rows.index > 20, 0)))
    assert differences(samples, rows, rows[1:]) == ["200 rows are stored, 199 were measured"]


def test_json_of_provenance_is_small(tiny_study: Path) -> None:
    """A part a condition is not named where all were made by the same."""
    file = min((tiny_study / "results" / "conditions").iterdir())
    [group, last] = json.loads(pq.read_metadata(file).metadata[b"made_by"])
    assert group["parts"] == ["clean 0"]
    assert "parts" not in last
    assert len(pq.read_metadata(file).metadata[b"made_by"]) < 300
