"""The digest of a user's code: every change of what may be imported shows, and what stays is read once."""

import os
import time
from pathlib import Path

import pytest

from pruning.models import code_digest
from pruning.models.code_digest import digest_of_code, digest_of_imports, is_beside

AGES = 10**10
"""Nanoseconds: the files of a test are of now, and are to count as long there."""


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file, a module beside it and one in a folder below."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + AGES)
    folder = tmp_path / "own"
    (folder / "parts").mkdir(parents=True)
    for name in ("net.py", "helper.py", "parts/deep.py"):
        (folder / name).write_text("A = 1\n")
    return folder / "net.py"


def test_every_change_of_what_may_be_imported_shows(code: Path) -> None:
    """Also of a file as long as before with its old time put back, and below links, which came or led elsewhere."""
    digests = [digest_of_code(code)]

    def changed() -> bool:
        digests.append(digest_of_code(code))
        return len({*digests}) == len(digests)

    deep = code.parent / "parts" / "deep.py"
    before = deep.stat()
    deep.write_text("A = 2\n")
    os.utime(deep, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert deep.stat().st_size == before.st_size
    assert changed()
    (code.parent / "parts" / "more").mkdir()
    assert digest_of_code(code) == digests[-1]  # nothing in it yet
    (code.parent / "parts" / "more" / "new.py").write_text("")
    assert changed()
    elsewhere = code.parent.parent / "elsewhere"
    (code.parent / "linked").symlink_to(elsewhere)
    assert digest_of_code(code) == digests[-1]  # a link to nothing
    elsewhere.mkdir()
    (elsewhere / "far.py").write_text("A = 1\n")
    assert changed()
    (elsewhere / "far.py").write_text("A = 3\n")
    assert changed()
    (code.parent / "helper.py").unlink()
    assert changed()


def test_links_in_a_circle_come_to_an_end(code: Path) -> None:
    (code.parent / "parts" / "up").symlink_to(code.parent)
    (code.parent / "parts" / "here").symlink_to("here")
    digest_of_code(code)


def test_what_no_import_finds_is_not_walked(code: Path) -> None:
    before = digest_of_code(code)
    for name in (".cache", "env/lib/python3.11/site-packages/torch"):
        folder = code.parent / name
        folder.mkdir(parents=True)
        (folder / "code.py").write_text("A = 1\n")
        assert not is_beside(folder / "code.py", code.parent)
    assert digest_of_code(code) == before
    assert is_beside(code.parent / "parts" / "deep.py", code.parent)
    (code.parent / "env" / "code.py").write_text("A = 1\n")  # `import env.code` finds it
    assert digest_of_code(code) != before


def test_what_stays_is_read_once(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = digest_of_code(code)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} is read again"))
    monkeypatch.setattr(os, "scandir", lambda path: pytest.fail(f"{path} is listed again"))
    assert digest_of_code(code) == digest


def test_what_has_just_changed_is_read_again(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second change within a tick of the file system's clock leaves no trace in its times."""
    monkeypatch.undo()
    digest_of_code(code)
    assert not [path for path in (*code_digest._files, *code_digest._folders) if path.startswith(str(code.parent))]


def test_a_file_that_is_gone_is_an_error(code: Path) -> None:
    code.unlink()
    with pytest.raises(OSError, match=r"net\.py"):
        digest_of_code(code)


def test_a_digest_of_what_is_imported(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    (folder / "parts").mkdir(parents=True)
    code = folder / "net.py"
    code.write_text("import torch\nfrom layers import wide\nfrom . import nothing\n")
    (folder / "layers.py").write_text("import net\nimport parts.deep\n")
    (folder / "parts" / "deep.py").write_text("a = 1\n")
    (folder / "other.py").write_text("a = 1\n")
    whole = digest_of_imports(code)
    assert len(whole) == 16
    (folder / "other.py").write_text("a = 2\n")
    assert digest_of_imports(code) == whole  # nothing imports it
    assert digest_of_imports(folder.rename(tmp_path / "there") / "net.py") == whole
    folder, code = tmp_path / "there", tmp_path / "there" / "net.py"
    found = {whole}
    for file, text in (
        ("parts/deep.py", "a = 2\n"),
        ("layers.py", "import parts.deep\n"),
        ("net.py", "import layers,"),
    ):
        (folder / file).write_text(text)
        found.add(digest_of_imports(code))
    assert len(found) == 4
    code.unlink()
    with pytest.raises(OSError, match=r"net\.py"):
        digest_of_imports(code)


@pytest.mark.parametrize("text", ["-" * 100_000 + "1", "(" * 5000, "\0", "import"])
def test_code_that_nobody_can_read_has_a_digest(tmp_path: Path, text: str) -> None:
    code = tmp_path / "net.py"
    code.write_text(text)
    assert len(digest_of_imports(code)) == 16
