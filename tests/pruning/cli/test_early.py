"""Ctrl-C or `kill` at any time of a command: one sentence, and exit status 130 or 143."""

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
from tests.conftest import TINY

BOTH = pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])


def python(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", code]
    said = {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    return subprocess.run(words, capture_output=True, text=True, env=os.environ | said, check=False)


@BOTH
def test_what_ends_a_command_while_it_is_imported_is_a_sentence(name: str, status: int, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(f"import os, signal, time\nos.kill(os.getpid(), signal.{name})\ntime.sleep(9)\n")
    done = python(tmp_path, "from pruning.cli.early import run\nrun('slow')")
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "Stopped before anything was begun.\n")


@BOTH
def test_once_it_is_imported_it_is_the_command_s(name: str, status: int, tmp_path: Path) -> None:
    (tmp_path / "quick.py").write_text(f"import os, signal\napp = lambda: os.kill(os.getpid(), signal.{name})\n")
    done = python(tmp_path, "from pruning.cli.early import run\nrun('quick')")
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "Stopped.\n")


COMMAND = """import os, signal, sys, typer
from pruning.cli.console import main, stoppable
app = typer.Typer(pretty_exceptions_enable=False)
@app.command()
def command(way: str, number: int):
    try:
        if way == "answered":
            with stoppable("found"):
                os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
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
@BOTH
def test_in_any_command_it_is_a_word(name: str, status: int, way: str) -> None:
    """Also where it comes out of an import as another exception."""
    words = [sys.executable, "-c", COMMAND, way, str(int(signal.Signals[name]))]
    done = subprocess.run(
        words, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False
    )
    assert (done.returncode, done.stderr) == (status, SAID[way])


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_run_in_several_processes_is_ended_in_order(tmp_path: Path) -> None:
    """Python complains of what a process that is ended otherwise leaves to the system."""
    (tmp_path / "study.toml").write_text(TINY.replace("epochs = ", "epochs = 9000 # "))
    words = [sys.executable, "-m", "pruning", "run", str(tmp_path), "--jobs", "2"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    assert running.stdout is not None
    said = ""
    while "begun" not in said and (line := running.stdout.readline()):
        said += line
    running.terminate()
    said += running.communicate(timeout=60)[0]
    assert said.endswith("Stopped. What was found is kept; the same command goes on from here.\n"), said
    assert running.returncode == 143


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
