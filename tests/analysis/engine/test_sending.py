"""What a task is sent is all that it needs on a machine that does not see the study."""

import shutil
from pathlib import Path

import pytest

from analysis.engine.evaluation import Source, measure_ticket
from analysis.engine.parts import cut
from analysis.engine.plan import Plan, Wanted
from analysis.engine.sending import Sending
from analysis.engine.settings import settings
from analysis.engine.subjects import images_of, subjects
from analysis.results.store import Results
from pruning.execution import Needs, Task, Worker
from pruning.study.folder import Study


@pytest.mark.parametrize("packed", [False, True])
def test_parts_that_are_made_elsewhere_lose_none_that_are_there(tiny_study: Path, tmp_path: Path, packed: bool) -> None:
    folder = Path(shutil.copytree(tiny_study, tmp_path / "home" / "study"))
    study, results = Study.open(folder), Results(folder)
    [chosen, other, *_] = results.ids("maps")
    before = results.table("maps", ids=[chosen])
    for ticket_id in (chosen, other):
        cut(results, "maps", ticket_id, ["umap", "umap_joint"])
    if packed:
        assert results.compact()
    entries, _, data = subjects(study, None, False)
    wanted = Wanted(study, settings(study), entries, images_of(study, settings(study), data))
    job = next(job for job in Plan.of(wanted, results, ["maps"]).jobs() if job.entry.id == chosen)
    assert [*job.missing["maps"]] == ["pca"]

    task = Task("a", "a", measure_ticket, (Source(study, (), None), job))
    away = tmp_path / "away"
    shutil.copytree(folder, away, ignore=lambda *_: {"tickets", "results", "cache"})
    for file in Sending(Source(study, (), None), wanted).packed(task, Needs()).needs.files:
        if file.is_relative_to(folder) and file.exists():
            (away / file.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, away / file.relative_to(folder))
    done = measure_ticket(Worker(), Source(Study.open(away), (), None), job)
    assert not done.problems
    shutil.copy2(away / "results" / "maps" / f"{chosen}.parquet", folder / "results" / "maps")
    assert results.table("maps", ids=[chosen])["kind"].tolist() == before["kind"].tolist()
    assert set(before["kind"]) == {"pca", "umap", "umap_joint"}


def test_what_a_task_before_writes_is_sent_with_the_next(tiny_study: Path, tmp_path: Path) -> None:
    """Tasks are made ready before those that they come after are done: a file that is not there yet is named."""
    folder = Path(shutil.copytree(tiny_study, tmp_path / "study"))
    study, results = Study.open(folder), Results(folder)
    results.compact()
    [chosen, *_] = results.ids("maps")
    cut(results, "maps", chosen, [])
    results.remove(chosen)
    entries, _, data = subjects(study, None, False)
    wanted = Wanted(study, settings(study), entries, images_of(study, settings(study), data))
    job = next(job for job in Plan.of(wanted, results, ["maps"]).jobs() if job.entry.id == chosen)
    source = Source(study, (), None)
    sent = Sending(source, wanted).packed(Task("a", "a", measure_ticket, (source, job)), Needs())
    assert folder / "results" / "maps" / f"{chosen}.parquet" in sent.needs.files
