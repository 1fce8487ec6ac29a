"""`python -m app`, opened as a person does who has a browser."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests import ROOT


def test_only_what_is_ours_is_said_and_offered(tmp_path: Path) -> None:
    """Streamlit's welcome is what its offer to install files of its own, over the page, hangs on too."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    begun = {**os.environ, "HOME": str(tmp_path), "BROWSER": "true", "PYTHONUNBUFFERED": "1"}  # `true` opens nothing
    words = [sys.executable, "-m", "app", "--port", str(port)]
    with subprocess.Popen(
        words, cwd=ROOT, env=begun, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as app:
        until = time.monotonic() + 60
        while time.monotonic() < until and app.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health") as answer:
                assert answer.status == 200
                break
            time.sleep(0.2)
        app.send_signal(signal.SIGINT)
        said, _ = app.communicate(timeout=60)
    assert f"The dashboard is on http://127.0.0.1:{port}" in said
    assert "Streamlit app" not in said
