"""Ctrl-C in the first seconds of a command: one sentence and exit status 130."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from tests import ROOT


def python(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", code]
    said = {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    return subprocess.run(words, capture_output=True, text=True, env=os.environ | said, check=False)


def test_ctrl_c_while_a_command_is_imported_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(9)\n")
    done = python(tmp_path, "from pruning.cli.early import run\nrun('slow')")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Stopped before anything was begun.\n")


def test_once_it_is_imported_ctrl_c_is_the_command_s(tmp_path: Path) -> None:
    (tmp_path / "quick.py").write_text("import os, signal\napp = lambda: os.kill(os.getpid(), signal.SIGINT)\n")
    done = python(tmp_path, "from pruning.cli.early import run\nrun('quick')")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Stopped.\n")


COMMAND = """import os, signal, sys, typer
from pruning.cli.console import main, stoppable
app = typer.Typer(pretty_exceptions_enable=False)
@app.command()
def command(way: str):
    try:
        if way == "answered":
            with stoppable("found"):
                os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        if way == "another":
            raise ImportError("numpy.core.multiarray failed to import")
        raise
main(app)
"""
SAID = {
    "answered": "Stopped. What was found is kept; the same command goes on from here.\n",
    "plain": "Stopped.\n",
    "another": "Stopped.\n",
}


@pytest.mark.parametrize("way", SAID)
def test_ctrl_c_in_any_command_is_a_word(way: str, tmp_path: Path) -> None:
    """Also where it comes out of an import as another exception."""
    words = [sys.executable, "-c", COMMAND, way]
    done = subprocess.run(
        words, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False
    )
    assert (done.returncode, done.stderr) == (130, SAID[way])


def test_the_app_says_where_it_is_and_stops_with_a_word(tmp_path: Path) -> None:
    """And no more: Streamlit's welcome is what its offer to install files of its own, over the page, hangs on too."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    words = [sys.executable, "-m", "app", "--port", address.rpartition(":")[2]]
    begun = os.environ | {"HOME": str(tmp_path), "BROWSER": "true"}  # the program `true` opens nothing
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=begun)
    until = time.monotonic() + 60
    while time.monotonic() < until and running.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
            break
        time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said.split() == [*f"The dashboard is on {address}".split(), "Stopped."]


@pytest.mark.parametrize("package", ["pruning", "analysis", "app"])
def test_nothing_slow_is_imported_before(package: str, tmp_path: Path) -> None:
    code = f"import sys, {package}.__main__\nassert not {{'torch', 'numpy', 'typer'}} & set(sys.modules)"
    done = python(tmp_path, code)
    assert done.returncode == 0, done.stderr
