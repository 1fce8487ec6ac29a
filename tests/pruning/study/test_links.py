"""Nothing follows a link out of a study: not what reads, and not what writes, appends, locks or clears up."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.engine.journal import Journal
from analysis.engine.status import status
from analysis.results.files import Damaged
from analysis.results.store import Results
from analysis.results.tables import TABLES
from pruning.checkpoints.imported_weights import Imported, Start
from pruning.cli.tables import tickets_table
from pruning.errors import UserError
from pruning.files import alone_in, append_line, leads_out
from pruning.study.folder import Study
from pruning.study.runner import run


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder: when it changed, and what is in it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of somebody else's, with what a study would clear up, cut or add to."""
    folder = tmp_path / "outside"
    (folder / "summary").mkdir(parents=True)
    for name in (".x.tmp", ".lock", "log.jsonl", "a.arrows", "summary/.y.tmp", "study.toml"):
        (folder / name).write_text("precious")
    return folder


@pytest.mark.parametrize("name", ["tickets", "cache", "results", "imports", "cache/measured", "results/summary"])
def test_a_folder_that_leads_out_is_named_and_nothing_is_touched(name: str, study_copy: Path, outside: Path) -> None:
    before = state(outside)
    place = study_copy / name
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(outside)
    with pytest.raises(UserError, match="leads out of the study") as error:
        Study.open(study_copy)
    assert str(place) in str(error.value)
    assert state(outside) == before


@pytest.mark.parametrize("name", ["log.jsonl", "study.toml"])
def test_so_is_a_file(name: str, study_copy: Path, outside: Path) -> None:
    before = state(outside)
    (study_copy / name).unlink(missing_ok=True)
    (study_copy / name).symlink_to(outside / name)
    with pytest.raises(UserError, match="leads out of the study"):
        run(Study.open(study_copy))
    assert state(outside) == before


def test_a_ticket_that_lies_outside_costs_itself_alone(study_copy: Path, tmp_path: Path) -> None:
    ticket = sorted((study_copy / "tickets").iterdir())[0]
    ticket.symlink_to(ticket.rename(tmp_path / ticket.name))
    study = Study.open(study_copy)
    entries, (problem,) = study.scan()
    assert str(ticket) in problem
    assert len(entries) == len(list((study_copy / "tickets").iterdir())) - 1
    with pytest.raises(UserError, match="leads out"):
        study.load(ticket.stem)


def test_links_within_a_study_and_to_a_whole_study_are_followed(study_copy: Path, tmp_path: Path) -> None:
    (study_copy / "tickets").rename(study_copy / "elsewhere")
    (study_copy / "tickets").symlink_to("elsewhere")
    (tmp_path / "linked").symlink_to(study_copy)
    found, problems = Study.open(tmp_path / "linked").scan()
    assert found
    assert not problems


def test_a_link_to_itself_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("a")
    (tmp_path / "b").symlink_to("/nowhere/at/all")
    assert not leads_out(tmp_path / "a", tmp_path)
    assert leads_out(tmp_path / "b", tmp_path)


def test_a_result_that_lies_outside_is_damaged(tiny_study: Path, study_copy: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_study / "results", study_copy / "results")
    file = sorted((study_copy / "results" / "summary").iterdir())[0]
    file.symlink_to(file.rename(tmp_path / file.name))
    with pytest.raises(Damaged, match="leads out"):
        Results(study_copy).table("summary")
    forgiving = Results(study_copy, forgiving=True)
    assert file.stem not in set(forgiving.table("summary")["ticket_id"])
    assert str(file) in " ".join(forgiving.found_damaged())


def test_a_journal_that_lies_outside_is_neither_read_nor_removed(study_copy: Path, outside: Path) -> None:
    journal = Journal(study_copy)
    with journal.alone():
        (journal.path / "a.arrows").symlink_to(outside / "a.arrows")
        assert journal.merge(Results(study_copy), ticket_ids=[]) == []
    assert (outside / "a.arrows").read_text() == "precious"


def test_imported_weights_that_lie_outside_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("precious")
    (tmp_path / "study" / "imports").mkdir(parents=True)
    (tmp_path / "study" / "imports" / "0123456789ab.safetensors").symlink_to(tmp_path / "x")
    with pytest.raises(UserError, match="leads out"):
        Imported.load(tmp_path / "study", Start(weights="0123456789ab", mean=(0.5,), std=(0.5,)))


@pytest.mark.parametrize(
    "write", [lambda path: append_line(path, {"a": 1}), lambda path: _lock(path.parent)], ids=["log", "lock"]
)
def test_what_became_a_link_after_the_study_was_opened_is_not_written_through(
    write: Callable[[Path], None], tmp_path: Path, outside: Path
) -> None:
    (tmp_path / "log.jsonl").symlink_to(outside / "log.jsonl")
    (tmp_path / ".lock").symlink_to(outside / ".lock")
    before = state(outside)
    with pytest.raises(UserError, match="Cannot write"):
        write(tmp_path / "log.jsonl")
    assert state(outside) == before


def _lock(folder: Path) -> None:
    with alone_in(folder, "busy"):
        pass


def test_reading_writes_nothing(tiny_study: Path) -> None:
    before = state(tiny_study)
    study = Study.open(tiny_study)
    assert all(entry.digest for entry in study.entries())
    for entry in study.entries()[:2]:
        study.load(entry.id)
    for table in TABLES:
        Results(tiny_study).stored(table)
    assert status(study).rows
    assert tickets_table(study).row_count
    assert state(tiny_study) == before
