"""What is known to be complete is not looked at again, and what is not known is, whatever the index says."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from analysis.engine import plan as planning
from analysis.engine.plan import Plan, Wanted
from analysis.engine.settings import settings
from analysis.engine.settled import INDEX, Settled, places
from analysis.results import store
from analysis.results.held import held
from analysis.results.provenance import to_text
from analysis.results.store import Results
from analysis.results.tables import TABLES, Table
from pruning.study import index
from pruning.study.folder import Study
from tests.samples import CORRUPTED

SOURCE = min(CORRUPTED, key=lambda folder: len(list((folder / "tickets").iterdir())))
LOOKED_AT = ("summary", "conditions", "alignment", "maps")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study whose index says what is complete."""
    monkeypatch.setattr(planning, "LEAST", 1)
    found = tmp_path / "copy"
    shutil.copytree(
        SOURCE, found, ignore=lambda place, names: {*names} - {*LOOKED_AT} if place.endswith("results") else ()
    )
    plan_of(found).write_index()
    return found


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of result files that are looked into for what they hold."""
    found: list[str] = []

    def counted(table: Table, path: Path) -> object:
        found.append(path.stem)
        return held(table, path)

    monkeypatch.setattr(store, "held", counted)
    return found


def plan_of(path: Path, **changes: object) -> Plan:
    study = Study.open(path)
    config = settings(study).model_copy(update=changes)
    return Plan.of(Wanted(study, config, study.entries(), None), Results(path), LOOKED_AT)


def states(plan: Plan) -> object:
    return {
        table: {
            key: (state.complete, state.right, set(state.missing), dict(state.stale)) for key, state in each.items()
        }
        for table, each in plan.states.items()
    }


def without(path: Path, **changes: object) -> object:
    """The states when there is no index."""
    shutil.rmtree(path / index.FOLDER, ignore_errors=True)
    return states(plan_of(path, **changes))


def test_nothing_is_looked_at_again(copy: Path, looked: list[str]) -> None:
    found = states(plan_of(copy))
    assert looked == []
    assert found == without(copy)
    assert looked != []


def test_a_file_that_changed_or_went_is_looked_at(copy: Path, looked: list[str]) -> None:
    results = Results(copy)
    first, second, third = results.ids("conditions")[:3]
    rows, made = results.table("conditions", ids=[first]), results.made("conditions", first)
    looked.clear()
    kept = dict(list(made.items())[:-2])
    part = TABLES["conditions"].part_of(rows)
    results.write("conditions", first, rows[part.isin(kept)], kept)
    (results.path / "conditions" / f"{second}.parquet").unlink()
    (results.path / "conditions" / f"{third}.parquet").write_bytes(b"PAR1")
    plan = plan_of(copy)
    found = plan.states["conditions"]
    assert (len(found[first].missing), found[second].right, found[third].right) == (2, False, False)
    assert plan.stored["conditions"].damaged == [third]
    assert looked == [first]
    assert states(plan) == without(copy)


def test_who_asks_for_something_else_looks(copy: Path) -> None:
    for changes in ({"severities": (1,)}, {"families": ("cifar_c", "c_bar")}, {"map_samples": 17}):
        assert states(plan_of(copy, **changes)) == without(copy, **changes), changes
        plan_of(copy).write_index()


def test_a_ticket_that_is_another_is_noticed(copy: Path, looked: list[str]) -> None:
    study = Study.open(copy)
    config, entries = settings(study), study.entries()
    dense = next(entry for entry in entries if entry.recipe.is_dense)
    others = [dataclasses.replace(entry, content="0" * 16) if entry is dense else entry for entry in entries]
    plan = Plan.of(Wanted(study, config, others, None), Results(copy), LOOKED_AT)
    assert plan.states["summary"][dense.id].stale
    held_against = [key for key, state in plan.states["alignment"].items() if state.stale]
    assert held_against  # those of the tickets held against it
    assert set(held_against) <= set(looked)


def test_what_another_sealed_is_not_believed(copy: Path) -> None:
    results = Results(copy)
    ticket = results.ids("summary")[0]
    results.write("summary", ticket, results.table("summary", ids=[ticket]).iloc[:0], {})
    digest = Settled(copy).of("summary", places(Results(copy), "summary"))
    assert ticket not in digest
    told = index.read(copy, INDEX)
    told["summary"][f"{ticket}.parquet"]["seen"] = index.seen(results.path / "summary" / f"{ticket}.parquet")
    index.write(copy, INDEX, told)
    assert ticket in Settled(copy).of("summary", places(Results(copy), "summary"))  # this user's own: believed
    file = index.file(copy, INDEX)
    text = file.read_bytes()[index.SEAL :]
    file.write_bytes(index._seal(b"k" * index.SEAL, text) + text)
    assert Settled(copy).of("summary", places(Results(copy), "summary")) == {}
    assert to_text({}) == "[]"


@pytest.mark.parametrize("entries", [{"summary": 3}, {"summary": {"x": 1}}, {"summary": {"x.parquet": {"seen": 0}}}])
def test_nonsense_costs_nothing_but_time(copy: Path, entries: dict[str, object]) -> None:
    index.write(copy, INDEX, entries)
    assert states(plan_of(copy)) == without(copy)
