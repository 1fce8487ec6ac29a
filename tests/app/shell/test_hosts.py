"""Who may speak to the app: a page elsewhere whose name was made to lead here may not, whatever it claims to be."""

import base64
import shutil
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests import ROOT
from tests.browser.conftest import run_streamlit


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server that reads the project's own settings."""
    folder = tmp_path_factory.mktemp("hosts")
    script = folder / "script.py"
    script.write_text("")
    shutil.copytree(ROOT / "app" / ".streamlit", folder / ".streamlit")
    for url in run_streamlit(script, folder):
        yield urlsplit(url).port or 0


def handshake(port: int, host: str, origin: str) -> int:
    """The status of the answer to a browser that asks for the websocket, which is all that a page needs."""
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host}",
        f"Origin: {origin}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}",
        "Sec-WebSocket-Version: 13",
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return int(connection.recv(64).split()[1])


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_page_of_this_machine_is_let_in(port: int, name: str) -> None:
    assert handshake(port, f"{name}:{port}", f"http://{name}:{port}") == 101


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "a@evil.example"])
def test_a_name_that_was_made_to_lead_here_is_not(port: int, name: str) -> None:
    assert handshake(port, f"{name}:{port}", f"http://{name}:{port}") == 403
    assert handshake(port, f"{name}:{port}", f"http://localhost:{port}") == 403


def test_a_page_elsewhere_is_not(port: int) -> None:
    assert handshake(port, f"localhost:{port}", "http://evil.example") == 403
