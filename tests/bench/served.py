"""The app in a process of its own, and sessions that talk to it as a browser does, for what a page costs the server."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from pruning.errors import UserError
from tests import ROOT
from tests.browser.conftest import start_streamlit

SORRY = ("could not be drawn", "Files of this study changed")


@dataclass(frozen=True)
class Drawn:
    """One run of a page: seconds that processors worked for the server, seconds until it was there, bytes sent.

    `texts` is what was written, joined; `broken` whether the page apologised.
    """

    cpu: float
    wall: float
    size: int
    texts: str

    @property
    def broken(self) -> bool:
        """Whether the page could not be drawn."""
        return any(sorry in self.texts for sorry in SORRY)


@dataclass(frozen=True)
class Server:
    """The running app."""

    url: str
    process: subprocess.Popen[bytes]

    def cpu(self) -> float:
        """Seconds that processors have worked for it, in all its threads."""
        return time.clock_gettime((~self.process.pid << 3) | 2)  # the clock of another process, see clock_getres(2)

    def memory(self, key: str = "VmRSS") -> float:
        """Megabytes resident; `VmHWM`: at most so far."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(key)) / 1024


@contextmanager
def served(folder: Path, *studies: Path, more: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start the app on studies, with its log in `folder` and `more` in its environment, until the block ends.

    Raises:
        UserError: the system has no /proc.
    """
    if not Path("/proc/self/status").exists():
        raise UserError("What a page costs the server is read from /proc, which only Linux has.")
    environment = {"PRUNING_STUDIES": os.pathsep.join(map(str, studies))} | dict(more or {})
    with contextmanager(start_streamlit)(ROOT / "app" / "main.py", folder, environment) as (url, process):
        yield Server(url, process)


class Session:
    """What a browser's tab is to the server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        address = server.url.replace("http", "ws") + "/_stcore/stream"
        self.socket = connect(
            address,
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
            proxy=None,
            compression=None,
            ping_interval=None,
            open_timeout=120,
        )

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *failure: object) -> None:
        self.socket.close()

    def clear(self) -> None:
        """Make the server forget what it has cached."""
        message = BackMsg()
        message.clear_cache = True
        self.socket.send(message.SerializeToString())

    def draw(self, page: str, parameters: Mapping[str, str], patience: float = 300) -> Drawn:
        """Ask for a page, and wait until it was sent whole."""
        message = BackMsg()
        message.rerun_script.query_string = urlencode(parameters)
        message.rerun_script.page_name = page
        before, began, size, texts = self.server.cpu(), time.perf_counter(), 0, []
        self.socket.send(message.SerializeToString())
        while True:
            data = self.socket.recv(patience)
            assert isinstance(data, bytes)
            size += len(data)
            answer = ForwardMsg.FromString(data)
            texts.append(_text(answer))
            if answer.WhichOneof("type") == "script_finished":
                break
        wall = time.perf_counter() - began
        time.sleep(0.02)  # what is tidied up after the run is a cost of it too
        return Drawn(self.server.cpu() - before, wall, size, "\n".join(filter(None, texts)))


def _text(message: ForwardMsg) -> str:
    element = message.delta.new_element
    kind = element.WhichOneof("type")
    if not kind:
        return ""
    shown = getattr(element, kind)
    return str(getattr(shown, "body", "") or getattr(shown, "label", ""))
