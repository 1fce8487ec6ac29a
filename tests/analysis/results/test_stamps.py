"""Stamps of a study's files change with what they are of, and with nothing else."""

import os
import shutil
import time
from pathlib import Path

import pytest

from analysis.results import stamps
from analysis.results.stamps import Files, files


@pytest.fixture
def copy(tiny_study: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_study, tmp_path / "copy"))


def summary_of(study: Path, ticket: str) -> Path:
    return study / "results" / "summary" / f"{ticket}.parquet"


def replaced(file: Path) -> None:
    """As the results are written: a new file takes the place of the old one."""
    other = file.with_suffix(".tmp")
    shutil.copy(file, other)
    os.utime(other, ns=(1, 1))
    os.replace(other, file)


def test_a_new_result_changes_the_stamps_of_its_table_and_its_ticket_alone(copy: Path) -> None:
    before = files(copy)
    first, second = sorted(before.results["summary"])[:2]
    replaced(summary_of(copy, first))
    after = files(copy)

    def changed(stamp: str, **what: object) -> bool:
        return getattr(before, stamp)(**what) != getattr(after, stamp)(**what)

    assert before.whole != after.whole
    assert changed("of", tables=["summary"])
    assert changed("of", tables=["summary", "layers"], ids=[second, first])
    assert changed("of_tickets", ids=[first])
    assert not changed("of", tables=["layers"])
    assert not changed("of", tables=["summary"], ids=[second])
    assert not changed("of_tickets", ids=[second])


def test_a_ticket_that_goes_leaves_the_others_as_they_were(copy: Path) -> None:
    before = files(copy)
    gone, *others = sorted(before.tickets)
    next((copy / "tickets").glob(f"{gone}*")).unlink()
    after = files(copy)
    assert before.whole != after.whole
    assert before.of_tickets([gone]) != after.of_tickets([gone])
    assert before.of_tickets(others) == after.of_tickets(others)


def test_nothing_is_looked_through_again_while_folders_stay(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path] = []
    plain = stamps._numbers

    def noting(folder: Path) -> dict[str, int]:
        looked.append(folder)
        return plain(folder)

    monkeypatch.setattr(stamps, "_numbers", noting)
    monkeypatch.setattr(stamps, "RESTS", 1e9)
    first = files(copy)
    count = len(looked)
    assert files(copy) is first
    assert len(looked) == count
    assert files(copy, fresh=True) is first  # nothing changed, and what hangs on it stays
    assert len(looked) == 2 * count


def test_what_is_written_in_place_is_noticed_at_once_when_asked_and_soon_otherwise(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "RESTS", 1e9)
    before = files(copy).whole
    file = summary_of(copy, sorted(files(copy).results["summary"])[0])
    file.write_bytes(file.read_bytes()[:-1])
    assert files(copy).whole == before
    assert files(copy, fresh=True).whole != before
    monkeypatch.setattr(stamps, "RESTS", 0)
    files(copy, fresh=True)
    now = files(copy).whole
    file.write_bytes(file.read_bytes()[:-1])
    time.sleep(0.01)
    assert files(copy).whole != now


def test_a_folder_without_a_study_has_no_files(tmp_path: Path) -> None:
    assert files(tmp_path) == Files("", {}, {name: {} for name in files(tmp_path).results})
    assert files(tmp_path).of(["summary"]) == files(tmp_path).of(["summary"], ids=[])
