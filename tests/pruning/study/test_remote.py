"""A study at a URL is the study there, brought up to date by what changed alone; what goes wrong is a sentence."""

from __future__ import annotations

import functools
import http.server
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from pruning.errors import UserError
from pruning.study import remote
from pruning.study.folder import Study
from pruning.study.opened import opened_folder, origin, public
from pruning.study.runner import run
from tests.samples import EVERY

SOURCE = min(EVERY, key=lambda folder: sum(path.stat().st_size for path in folder.rglob("*")))

PACK = "+000001-0123456789ab.parquet"


@pytest.fixture(autouse=True)
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A study is looked at again at once."""
    monkeypatch.setattr(remote, "RESTS", 0.0)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with a small study, code beside it, and what is no part of one."""
    folder = tmp_path / "theirs"
    (folder / "tickets").mkdir(parents=True)
    shutil.copy(SOURCE / "study.toml", folder)
    for path in sorted((SOURCE / "tickets").iterdir())[:3]:
        shutil.copy(path, folder / "tickets")
    (folder / "results" / "summary").mkdir(parents=True)
    for path in (
        sorted((SOURCE / "results" / "summary").iterdir())[:2] if (SOURCE / "results" / "summary").is_dir() else []
    ):
        shutil.copy(path, folder / "results" / "summary")
    (folder / "results" / "maps").mkdir()
    (folder / "results" / "maps" / PACK).write_bytes(b"of many tickets")
    (folder / "net.py").write_text("raise SystemExit")
    (folder / "cache").mkdir()
    (folder / "cache" / "x.safetensors").write_bytes(b"")
    return folder


@pytest.fixture
def served(elsewhere: Path) -> Iterator[tuple[str, list[str]]]:
    """The folder's URL on a plain web server, and the paths that were asked for with GET."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            super().do_GET()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(elsewhere.parent))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/theirs", asked
    server.shutdown()
    server.server_close()
    thread.join()


def same(url: str, folder: Path) -> Study:
    """The study at a URL, held against the one in the folder."""
    there, here = Study.open(folder), Study.open(url)
    assert [(each.recipe, each.digest) for each in here.entries()] == [
        (each.recipe, each.digest) for each in there.entries()
    ]
    files = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    mirrored = {path.relative_to(here.path): path.read_bytes() for path in here.path.rglob("*") if path.is_file()}
    assert mirrored == {name: each for name, each in files.items() if name.suffix != ".py" and name.parts[0] != "cache"}
    return here


def test_a_web_server_gives_the_study_and_only_what_changed_again(
    elsewhere: Path, served: tuple[str, list[str]]
) -> None:
    url, asked = served
    study = same(url, elsewhere)
    assert origin(study.path) == url
    assert Study.open(Path(url)).path == study.path  # of which a Path makes one slash
    assert Study.open(f"{url}/study.toml").path == study.path
    asked.clear()
    gone, *_, kept = sorted((elsewhere / "tickets").iterdir())
    gone.unlink()
    (elsewhere / "study.toml").write_text((elsewhere / "study.toml").read_text() + "# more\n")
    same(url, elsewhere)
    assert not [path for path in asked if kept.name in path]
    assert [path for path in asked if path.endswith("study.toml")] == ["/theirs/study.toml"]


def test_what_is_secret_in_a_url_is_nowhere_but_in_the_request(served: tuple[str, list[str]], tmp_path: Path) -> None:
    url = served[0].replace("http://", "HTTP://user:s3cret@")
    study = Study.open(url)
    again = Study.open(url)
    assert again.entries()
    assert origin(study.path) == served[0].rstrip("/")
    with pytest.raises(UserError) as refused:
        run(study)
    with pytest.raises(UserError) as nowhere:
        Study.open(f"{url.rstrip('/')}/nothing-here?token=s3cret")
    for text in (str(study.path), str(refused.value), str(nowhere.value)):
        assert "s3cret" not in text
    noted = [path for path in opened_folder().rglob("*") if path.is_file() and path.suffix != ".safetensors"]
    assert noted
    assert not [path for path in opened_folder().rglob("*") if "s3cret" in path.name]
    assert not [path for path in noted if b"s3cret" in path.read_bytes()]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("http://user:p@ss@host:80/a?token=x#y", "http://host:80/a"),
        ("404, url='https://u:p@h/s/study.toml?sig=x'", "404, url='https://h/s/study.toml"),
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("/a folder/with@?#", "/a folder/with@?#"),
    ],
)
def test_text_without_what_is_secret(text: str, told: str) -> None:
    assert public(text) == told


def test_a_store_in_memory_and_a_folder_by_its_url_are_read_too(elsewhere: Path) -> None:
    store = fsspec.filesystem("memory")
    store.put(str(elsewhere), "/shared/theirs", recursive=True)
    same("memory://shared/theirs", elsewhere)
    same(f"file://{elsewhere}", elsewhere)
    same(str(Path(f"file://{elsewhere}")), elsewhere)
    store.rm("/shared", recursive=True)
    with pytest.raises(UserError, match=r"no study at memory://shared/theirs: .* What was fetched before is in "):
        Study.open("memory://shared/theirs")


def test_nothing_is_found_or_written_there(elsewhere: Path) -> None:
    url = f"file://{elsewhere}"
    with pytest.raises(UserError, match=f"{url} is only read here; copy .* into a folder of your own"):
        run(Study.open(url))


def test_a_damaged_ticket_is_named_as_of_any_study(elsewhere: Path) -> None:
    bad = Study.open(elsewhere).entries()[0].path
    bad.write_bytes(bad.read_bytes()[:-9])
    entries, [problem] = Study.open(f"file://{elsewhere}").scan()
    assert bad.stem not in {entry.id for entry in entries}
    assert bad.name in problem


def test_what_goes_wrong_is_one_sentence(tmp_path: Path, served: tuple[str, list[str]]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for url, said in (
        (f"http://127.0.0.1:{port}/x", "cannot be reached or read"),
        (f"{served[0]}-not", "no study at"),
        (f"file://{tmp_path}/none", "no study at"),
        ("nonsense://x/y", "cannot be read"),
    ):
        with pytest.raises(UserError, match=said) as found:
            Study.open(url)
        assert url in str(found.value)
        assert "\n" not in str(found.value)


def test_a_fetch_that_breaks_off_goes_on_with_what_is_missing(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = fsspec.filesystem("memory")
    store.put(str(elsewhere), "/broken/theirs", recursive=True)
    fetched: list[str] = []
    fetch = type(store).get_file

    def breaks(self: object, path: str, target: str, **options: object) -> object:
        if len(fetched) == 2:
            raise OSError("the line went")
        fetched.append(path)
        return fetch(self, path, target, **options)

    monkeypatch.setattr(type(store), "get_file", breaks)
    with pytest.raises(UserError, match="cannot be reached or read: the line went"):
        Study.open("memory://broken/theirs")
    fetched.append("")
    same("memory://broken/theirs", elsewhere)
    assert len(fetched) == len(set(fetched))
    store.rm("/broken", recursive=True)


def test_names_that_lead_out_are_not_fetched() -> None:
    for name in (
        "../study.toml",
        "tickets/../../x.safetensors",
        "/study.toml",
        "tickets/.x.safetensors",
        "results/a.py",
    ):
        assert not (remote._PLAIN.fullmatch(name) and remote._PART.fullmatch(name)), name


@pytest.mark.parametrize(
    ("listed", "fetched"),
    [
        (f"results/maps/%2B{PACK[1:]}", f"results/maps/{PACK}"),
        (f"results/maps/{PACK}", f"results/maps/{PACK}"),
        ("results/%2e%2e/x.parquet", ""),
        ("results/..%2Fx.parquet", ""),
        ("%2e%2e/study.toml", ""),
        ("%2Fstudy.toml", ""),
        ("tickets/%252e%252e.safetensors", ""),
        ("tickets/%2ex.safetensors", ""),
        ("tickets/a%00.safetensors", ""),
    ],
)
def test_what_a_web_server_quotes_is_no_way_out(listed: str, fetched: str) -> None:
    class Web:
        def invalidate_cache(self) -> None:
            """Do nothing."""

        def find(self, root: str, detail: bool) -> dict[str, dict[str, str]]:
            return {f"{root}/{listed}": {"ETag": "a"}}

    found = dict(remote._there(Web(), "http://127.0.0.1/a%20study"))
    assert [*found] == ([fetched] if fetched else [])
    assert all(path.endswith(listed) for path, _ in found.values())
