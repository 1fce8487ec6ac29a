"""Studies are found whatever the working folder."""

import os
import shutil
import sys
from pathlib import Path
from threading import Thread

import pytest

from pruning.files import write_atomically
from pruning.study import known, opened
from tests import ROOT


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder that has nothing to do with the project."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(known, "PROJECT", ROOT)
    return folder


def write_study(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text("title = 'A study'\n")
    return folder


def test_shipped_studies_are_known_in_any_folder(elsewhere: Path) -> None:
    shipped = {path.parent for path in (ROOT / "sample_checkpoints").glob("*/study.toml")}
    assert shipped
    assert set(known.study_folders()) == shipped


def test_in_the_project_they_are_named_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert Path("sample_checkpoints/mnist5k-lenet5") in known.study_folders()


def test_a_study_is_remembered_once_and_forgotten_when_it_is_gone(elsewhere: Path, tmp_path: Path) -> None:
    own = write_study(tmp_path / "experiments" / "own")
    assert own not in known.study_folders()
    known.remember(own)
    known.remember(tmp_path / "experiments" / ".." / "experiments" / "own")
    assert known.study_folders().count(own) == 1
    shutil.rmtree(own)
    assert own not in known.study_folders()


def test_one_in_the_working_folder_is_listed_once_and_elsewhere_too(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = write_study(elsewhere / "studies" / "mine")
    known.remember(own)
    assert [path for path in known.study_folders() if path.resolve() == own] == [Path("studies/mine")]
    monkeypatch.chdir(tmp_path)
    assert own in known.study_folders()


@pytest.mark.parametrize(
    "name", [b"st\xe9", b"two\nlines", b"a\rb", b'"quoted"', "n\u0085\u2028\u00e9".encode(), b" blank "]
)
def test_a_folder_of_any_name_is_remembered(elsewhere: Path, tmp_path: Path, name: bytes) -> None:
    """Beside one that an earlier version noted, a line each."""
    try:
        own, older = write_study(tmp_path / os.fsdecode(name)), write_study(tmp_path / "older")
    except OSError:
        pytest.skip(f"{sys.platform} has no such names")
    place = opened.state_folder() / "studies.txt"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"{older}\n")
    known.remember(own)
    known.remember(write_study(tmp_path / "newer"))
    assert known.remembered() == [older, own, tmp_path / "newer"]


def test_two_that_note_at_once_lose_neither(elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes between the reading of the other and its writing waits."""
    first, second = write_study(tmp_path / "first"), write_study(tmp_path / "second")
    threads: list[Thread] = []

    def write(path: Path, content: bytes) -> None:
        if not threads:
            threads.append(Thread(target=known.remember, args=(second,)))
            threads[0].start()
            threads[0].join(0.2)
        write_atomically(path, content)

    monkeypatch.setattr(known, "write_atomically", write)
    known.remember(first)
    threads[0].join()
    assert known.remembered() == [first, second]


def test_shipped_ones_are_not_remembered(elsewhere: Path) -> None:
    known.remember(ROOT / "sample_checkpoints" / "digits-lottery")
    assert known.remembered() == []


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"\n\n", b"/there/is/no/such/folder\n", b'"\n"3\n\0\n', b'"\\u0000"\n']
)
def test_a_damaged_list_is_no_list(elsewhere: Path, content: bytes) -> None:
    place = opened.state_folder() / "studies.txt"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    assert known.remembered() == []


def test_a_state_folder_that_cannot_be_written_to_is_no_reason_to_fail(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    known.remember(write_study(tmp_path / "own"))
    assert known.remembered() == []
