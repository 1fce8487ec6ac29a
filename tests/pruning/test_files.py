"""Files are whole or not there, and locks are let go of by who dies."""

import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from safetensors import SafetensorError

from pruning import Ticket, export
from pruning.errors import UserError, WriteError
from pruning.files import alone_in, append_line, digest_of_named, remove_leftovers, write_atomically
from pruning.study.folder import Study
from pruning.study.runner import RunOptions, run
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


def test_a_line_is_not_glued_to_one_that_was_cut_off(tmp_path: Path) -> None:
    target = tmp_path / "log.jsonl"
    for number in range(2):
        append_line(target, {"a": number})
    assert target.read_text() == '{"a":0}\n{"a":1}\n'
    target.write_text('{"a":0}\n{"a"')
    append_line(target, {"b": "ä"})
    assert target.read_text() == '{"a":0}\n{"a"\n{"b":"\\u00e4"}\n'


def test_a_line_that_does_not_fit_on_the_disk_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "log.jsonl"
    append_line(target, {"a": 0})
    with _full(12), pytest.raises(WriteError, match="the disk is full; nothing was changed"):
        append_line(target, {"a": 1})
    assert target.read_text() == '{"a":0}\n'


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


@contextmanager
def _full(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes meanwhile; the system says so as it says that a disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


ONNX = pytest.mark.skipif(find_spec("onnxscript") is None or find_spec("onnxruntime") is None, reason="optional")


@pytest.mark.parametrize(
    "to", [None, *(pytest.param(to, marks=ONNX if to is export.Format.onnx else ()) for to in export.Format)]
)
def test_a_ticket_or_export_that_does_not_fit_on_the_disk_is_one_sentence(
    to: export.Format | None, found_study: Path, tmp_path: Path
) -> None:
    path = sorted((found_study / "tickets").iterdir())[0]
    ticket, out = Ticket.load(path), tmp_path / "x"
    target = out / "model.safetensors" if to is export.Format.huggingface else out
    target.parent.mkdir(exist_ok=True)
    target.write_text("as it was")
    with pytest.raises(WriteError, match="too large; nothing was changed"), _full(2000):
        ticket.save(target) if to is None else export.export(path, to, out)
    assert target.read_text() == "as it was"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [target]


def test_safetensors_names_a_full_disk_as_the_system_does(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    with pytest.raises(WriteError, match="the disk is full"):
        write_atomically(tmp_path / "x", write)


@pytest.mark.parametrize(
    ("name", "why"),
    [("a\\u0000b", "embedded null byte"), ("x" * 300, "it is too long"), ("~nobody-here/x", "home directory")],
)
def test_a_name_that_no_file_can_have_is_a_sentence_wherever_a_study_says_it(
    name: str, why: str, tmp_path: Path
) -> None:
    model, data = 'model = "lenet300"', 'data = "digits"'
    for said in (
        f'model = "{name}.py:net"\n{data}',
        f'task = "{name}.py:Task"\n{model}\n{data}',
        f'data = "folder:{name}"\n{model}',
        f'data = "file:{name}/x.0.safetensors"\n{model}',
        f'{model}\n{data}\n[[method]]\nfinder = "federated"\nsplit = "column:{name}:writer"',
    ):
        (tmp_path / "study.toml").write_text(f'title = "t"\nsparsities = [0.5]\n{said}\n')
        with pytest.raises(UserError, match="No file or folder can be called") as refused:
            run(Study.open(tmp_path), RunOptions(jobs=1))
        assert why in str(refused.value)
        assert len(str(refused.value)) < 250
    assert digest_of_named(name.replace("\\u0000", "\0")) == ""
