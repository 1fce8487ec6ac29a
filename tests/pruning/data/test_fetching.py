"""Downloads in a process of their own: what they say, that they leave the whole or nothing, and how they end."""

import hashlib
import http.server
import io
import pickle
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torchvision

from pruning.data import DATASETS, available, downloadable, fetching, load_data
from pruning.data.base import PARTIAL
from pruning.data.fetching import Offer
from pruning.errors import UserError

START = "import sys, time, pathlib; name, root, folder = sys.argv[1:]; folder = pathlib.Path(folder); "


def stands_in(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let this script be the process that downloads."""
    monkeypatch.setattr(
        fetching, "command", lambda o, f: [sys.executable, "-c", START + script, o.name, str(o.root), str(f)]
    )


def finish(offer: Offer) -> fetching.Fetching:
    """Wait for the end of the download that was started."""
    running = fetching.start(offer)
    running.process.wait(60)
    assert not running.check()
    return running


@pytest.fixture
def offer(tmp_path: Path) -> Iterator[Offer]:
    offer = Offer("cifar10", ("http://127.0.0.1/x.tar.gz",), 2.0, 3.0, tmp_path / "data")
    yield offer
    running = fetching.started(offer)
    if running is not None:
        running.cancel()
    fetching.forget(offer)


def left(offer: Offer) -> list[str]:
    return sorted(path.name for path in offer.root.iterdir())


@pytest.mark.parametrize("name", [name for name in DATASETS if downloadable(name)])
def test_an_offer_says_what_torchvision_says(name: str, tmp_path: Path) -> None:
    offer = Offer.of(name, tmp_path)
    assert all(address.startswith("http") for address in offer.addresses)
    assert 5 < offer.megabytes <= offer.unpacked < 300
    assert offer.root == tmp_path
    if name == "cifar10":
        assert offer.addresses == ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",)


def test_progress_counts_what_is_there(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "(folder / 'x').write_bytes(bytes(500_000)); print('there', flush=True); sys.stdin.read()"
    stands_in(monkeypatch, script)
    running = fetching.start(offer)
    assert running.process.stdout is not None
    assert running.process.stdout.readline() == "there\n"
    assert running.check()
    done = running.progress()
    assert done.megabytes == 0.5
    assert done.share == 0.25
    assert done.seconds_left is not None
    assert done.seconds_left > 0
    assert fetching.start(offer) is running  # a second click starts no second one
    running.cancel()
    assert not running.check()
    assert running.error == ""
    assert left(offer) == []
    running.cancel()  # and once more is no error


def test_a_failure_ends_in_its_sentence(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    stands_in(monkeypatch, "(folder / 'half').touch(); print('noise'); print('It failed.'); sys.exit(1)")
    assert finish(offer).error == "It failed."
    assert left(offer) == []
    stands_in(monkeypatch, "import os; os._exit(9)")
    assert "could not be downloaded" in finish(offer).error


def test_what_a_killed_process_left_is_removed(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    old = offer.root / f"{PARTIAL}old"
    old.mkdir(parents=True)
    (old / "half").touch()
    stands_in(monkeypatch, "pass")
    finish(offer)
    assert left(offer) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="Cannot write"):
        fetching.start(Offer("cifar10", (), 1, 1, tmp_path / "file" / "data"))


def test_offline_is_one_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Unreachable(torchvision.datasets.CIFAR10):
        url = "http://127.0.0.1:9/cifar-10-python.tar.gz"  # a port where nobody listens

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", Unreachable)
    with pytest.raises(UserError, match=r"'cifar10' could not be downloaded to .* \(.*refused.*\); check the network"):
        load_data("cifar10", tmp_path, download=True)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def archive() -> bytes:
    """An archive in CIFAR-10's form, with two training images and one test image."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, count in (("one", 2), ("test", 1), ("meta", 0)):
            content = {"data": np.zeros((count, 3072), np.uint8), "labels": [1] * count, "label_names": list("ab")}
            data = pickle.dumps(content)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def served(content: bytes) -> Iterator[str]:
    """The address of a server on this machine that gives this content to everybody."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/cifar-10-python.tar.gz"
    server.shutdown()
    server.server_close()


def test_a_download_is_fetched_checked_unpacked_and_moved(
    archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        sums = {
            Path(member.name).name: hashlib.md5(tar.extractfile(member).read()).hexdigest()  # type: ignore[union-attr]
            for member in tar.getmembers()
        }
    address = served(archive)

    class Small(torchvision.datasets.CIFAR10):
        url = next(address)
        tgz_md5 = hashlib.md5(archive).hexdigest()
        train_list = [["one", sums["one"]]]  # noqa: RUF012
        test_list = [["test", sums["test"]]]  # noqa: RUF012
        meta = {"filename": "meta", "key": "label_names", "md5": sums["meta"]}  # noqa: RUF012

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", Small)
    root = tmp_path / "data"
    assert len(load_data("cifar10", root, download=True).train.labels) == 2
    assert next(address, None) is None
    assert available("cifar10", root)
    assert [path.name for path in root.iterdir()] == ["cifar-10-batches-py"]  # the archive is not kept
