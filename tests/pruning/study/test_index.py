"""An index of tickets saves reading them, and nothing that is wrong with it changes what is said of them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pruning.study import folder, index
from pruning.study.folder import Entry, Study
from pruning.study.open_steps import open_steps
from pruning.study.opened import state_folder
from pruning.ticket import TicketInfo, read_header
from tests import ROOT

SOURCE = ROOT / "sample_checkpoints" / "digits-supernet"


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study with an index."""
    monkeypatch.setattr(index, "LEAST", 1)
    found = tmp_path / "copy"
    shutil.copytree(SOURCE, found, ignore=shutil.ignore_patterns("results"))
    Study.open(found).write_index()
    return found


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose headers are read."""
    found: list[Path] = []

    def counted(path: Path) -> object:
        found.append(path)
        return read_header(path)

    for module in (folder, index):
        monkeypatch.setattr(module, "read_header", counted)
    folder._header.cache_clear()
    return found


def plain(entry: Entry) -> tuple[object, ...]:
    info = entry.info
    everything = {name: getattr(info, name) for name in type(info).model_fields}
    return entry.id, entry.recipe, entry.recipe.method, entry.content, entry.kept, repr(everything)


def every(study: Study) -> list[Entry]:
    return [*study.entries(), *study.elsewhere()]


def without(path: Path) -> list[Entry]:
    """The entries when there is no index."""
    aside = path.with_name("aside")
    shutil.copytree(path, aside, ignore=shutil.ignore_patterns(index.FOLDER))
    return every(Study.open(aside))


def test_it_says_what_the_files_say_and_no_file_is_read(copy: Path, read: list[Path]) -> None:
    found = Study.open(copy)
    entries = every(found)
    assert entries
    assert open_steps(found)[0] == []
    assert [path for path in read if path.parent.name == "tickets"] == []
    expected = without(copy)
    assert [plain(entry) for entry in entries] == [plain(entry) for entry in expected]
    assert sorted(path.name for path in read if path.is_relative_to(copy)) == [
        each.path.name for each in sorted(entries, key=lambda entry: entry.path.name)
    ]  # for their histories


def test_a_file_that_changed_is_read_anew(copy: Path, read: list[Path]) -> None:
    first, second, third = sorted((copy / "tickets").iterdir())[:3]
    first.write_bytes(b"no ticket")
    second.unlink()
    os.utime(third)
    found = Study.open(copy)
    entries, problems = found.scan()
    assert {first.stem, second.stem}.isdisjoint(entry.id for entry in entries)
    assert len(problems) == 1
    assert str(first) in problems[0]
    assert set(read) == {first, third}


def test_one_of_the_same_size_and_time_is_read_anew(copy: Path) -> None:
    first, second = sorted((copy / "tickets").iterdir())[:2]
    stat = first.stat()
    content = second.read_bytes()
    first.write_bytes((content + b" " * stat.st_size)[: stat.st_size])
    os.utime(first, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (first.stat().st_size, first.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert first.stem not in {entry.id for entry in every(Study.open(copy))}


def told_otherwise(file: Path) -> None:
    """The first ticket's accuracy is another."""
    content = file.read_bytes()
    says = json.loads(content[index.SEAL :])
    next(iter(says["entries"].values()))["info"]["accuracy"] = 0.999
    file.write_bytes(content[: index.SEAL] + json.dumps(says).encode())


def sealed_by_another(file: Path) -> None:
    told_otherwise(file)
    text = file.read_bytes()[index.SEAL :]
    file.write_bytes(index._seal(b"k" * index.SEAL, text) + text)


def a_link(file: Path) -> None:
    elsewhere = file.parents[2] / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "flipped": lambda file: file.write_bytes(file.read_bytes()[:-5] + b"x" + file.read_bytes()[-4:]),
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:200]),
    "empty": lambda file: file.write_bytes(b""),
    "told otherwise": told_otherwise,
    "sealed by another": sealed_by_another,
    "gone": lambda file: file.unlink(),
    "of another key": lambda file: (state_folder() / index.KEY).write_bytes(b"k" * index.SEAL),
    "without a key": lambda file: (state_folder() / index.KEY).unlink(),
    "a link": a_link,
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_bad_one_is_not_believed(copy: Path, read: list[Path], what: str) -> None:
    DAMAGE[what](index.file(copy, index.TICKETS))
    found = every(Study.open(copy))
    assert len(read) == len(found)
    assert [plain(entry) for entry in found] == [plain(entry) for entry in without(copy)]


def test_what_is_sealed_and_makes_no_sense_is_not_believed(copy: Path, read: list[Path]) -> None:
    nonsense: list[dict[str, object]] = [
        {"x.safetensors": 3},
        {each.name: {} for each in (copy / "tickets").iterdir()},
    ]
    for entries in nonsense:
        index.write(copy, index.TICKETS, entries)
        assert len(every(Study.open(copy))) == len(list((copy / "tickets").iterdir()))
    rows = {
        path.name: {"seen": index.seen(path), "content": "", "info": {"shape": "x"}}
        for path in (copy / "tickets").iterdir()
    }
    index.write(copy, index.TICKETS, rows)
    assert [plain(entry) for entry in every(Study.open(copy))] == [plain(entry) for entry in without(copy)]


def test_reading_writes_nothing(copy: Path) -> None:
    def state() -> list[tuple[str, int]]:
        return [(str(path), path.stat().st_mtime_ns) for path in sorted(copy.rglob("*"))]

    shutil.rmtree(copy / index.FOLDER)
    before = state()
    found = Study.open(copy)
    found.scan()
    found.elsewhere()
    open_steps(found)
    assert state() == before
    assert not index.tickets(copy)


def test_a_small_study_has_none(tmp_path: Path) -> None:
    found = tmp_path / "copy"
    shutil.copytree(SOURCE, found, ignore=shutil.ignore_patterns("results"))
    Study.open(found).write_index()
    assert not (found / index.FOLDER).exists()


def test_it_is_written_anew_when_a_file_changed_alone(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    write = index.write_tickets

    def noted(place: Path, rows: Mapping[str, tuple[index.Seen, str, TicketInfo]]) -> None:
        written.append(len(rows))
        write(place, rows)

    monkeypatch.setattr(index, "write_tickets", noted)
    Study.open(copy).write_index()
    assert written == []
    victim, *others = every(Study.open(copy))
    os.utime(victim.path, ns=(1, 1))
    Study.open(copy).write_index()
    assert written == [1 + len(others)]
    victim.path.unlink()
    Study.open(copy).write_index()
    assert written == [1 + len(others), len(others)]
    Study.open(copy).write_index()
    assert len(written) == 2
