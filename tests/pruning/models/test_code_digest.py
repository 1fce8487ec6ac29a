"""The digest of a user's code: every change of what may be imported shows, and what stays is read once."""

import hashlib
import importlib.util
import os
import sys
import time
from importlib.machinery import EXTENSION_SUFFIXES
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


def test_sources_are_digested_by_their_paths_and_bytes(code: Path) -> None:
    """So that what was allowed and noted stays so."""
    files = [code.parent / name for name in ("helper.py", "net.py", "parts/deep.py")]
    hashes = [hashlib.sha256(file.read_bytes()) for file in files]
    lines = [str(code), *(f"{file}\n{found.hexdigest()}" for file, found in zip(files, hashes, strict=True))]
    assert digest_of_code(code) == hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    code.write_text("import helper\n")
    text = b"".join(
        name.encode() + b"\n" + hashlib.sha256((code.parent / name).read_bytes()).digest()
        for name in ("net.py", "helper.py")
    )
    assert digest_of_imports(code) == hashlib.sha256(text).hexdigest()[:16]


@pytest.mark.parametrize("ending", [".pyc", "/__init__.pyc", "/__pycache__/deep.pyc", *EXTENSION_SUFFIXES])
def test_compiled_code_is_code(code: Path, ending: str) -> None:
    """Python imports bytecode without a source, and extension modules."""
    code.write_text("import other\n")
    compiled = code.parent / f"other{ending}"
    compiled.parent.mkdir(parents=True, exist_ok=True)
    found = {digest_of_code(code)}, {digest_of_imports(code)}
    for content in (b"1", b"2"):
        compiled.write_bytes(content)
        for digests, digest in zip(found, (digest_of_code, digest_of_imports), strict=True):
            digests.add(digest(code))
    assert [len(digests) for digests in found] == [3, 3]
    assert compiled in code_digest.code_files(code)


def test_what_python_keeps_of_sources_is_no_code(code: Path) -> None:
    before = digest_of_code(code)
    kept = Path(importlib.util.cache_from_source(str(code.parent / "helper.py")))
    kept.parent.mkdir()
    kept.write_bytes(b"1")
    assert digest_of_code(code) == before


def test_a_folder_whose_name_is_no_text_has_a_digest(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"st\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip(f"{sys.platform} has no such names")
    (folder / "net.py").touch()
    assert len(digest_of_code(folder / "net.py")) == 64
    assert len(digest_of_imports(folder / "net.py")) == 16


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
