"""Files are whole or not there, and locks are let go of by who dies."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pruning.errors import UserError, WriteError
from pruning.files import alone_in, remove_leftovers, write_atomically
from tests import ROOT

WRITER = """
import os, sys, time
from pathlib import Path
from pruning.files import write_atomically

def write(temporary):
    temporary.write_text("half")
    print(temporary, flush=True)
    sys.stdin.readline()

write_atomically(Path(sys.argv[1]), write)
"""


def save(path: Path) -> None:
    """Write as safetensors does, into a file of its own that nobody else may read."""
    path.unlink()
    path.write_text("näme", encoding="utf-8")
    path.chmod(0o600)


@pytest.mark.parametrize("content", ["näme", "näme".encode(), save])
def test_what_is_written_is_there_alone_and_readable(content: str, tmp_path: Path) -> None:
    target = tmp_path / "new" / "x"
    write_atomically(target, content)
    assert target.read_bytes() == "näme".encode()
    assert os.listdir(target.parent) == ["x"]
    (tmp_path / "plain").touch()
    assert target.stat().st_mode == (tmp_path / "plain").stat().st_mode, "as readable as any file of the user"


def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.write_text("old")

    def full(temporary: Path) -> None:
        temporary.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(WriteError, match="the disk is full; nothing was changed"):
        write_atomically(target, full)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match="Cannot write"):
        write_atomically(tmp_path / "file" / "x", "")
    with pytest.raises(WriteError, match="Cannot write"), alone_in(tmp_path / "file" / "folder", "busy"):
        pass


def test_leftovers_go_and_what_is_being_written_stays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "x")]
    writer = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdin is not None
    assert writer.stdout is not None
    temporary = Path(writer.stdout.readline().strip())
    remove_leftovers(tmp_path)
    assert temporary.exists(), "it is in use"
    writer.kill()
    writer.communicate()
    assert temporary.exists()
    remove_leftovers(tmp_path)
    assert not os.listdir(tmp_path)


def test_only_one_is_alone_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    with (
        alone_in(folder, "Another run is at work."),
        pytest.raises(UserError, match="Another run"),
        alone_in(folder, "Another run is at work."),
    ):
        pass
    with alone_in(folder, "busy"):
        pass


def test_a_killed_process_lets_go_of_its_lock(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pruning.files import alone_in\n"
        "with alone_in(Path(sys.argv[1]), ''): print(flush=True); sys.stdin.readline()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(UserError, match="busy"), alone_in(tmp_path, "busy"):
        pass
    holder.kill()
    holder.communicate()
    with alone_in(tmp_path, "busy"):
        pass


@pytest.mark.parametrize("package", ["pruning", "analysis", "app"])
def test_no_file_imports_what_only_unix_has(package: str) -> None:
    only_unix = re.compile(r"^\s*(import|from) (fcntl|resource|pwd|grp|termios|posix|pty)\b", re.MULTILINE)
    for path in (ROOT / package).rglob("*.py"):
        assert not only_unix.search(path.read_text(encoding="utf-8")), path
