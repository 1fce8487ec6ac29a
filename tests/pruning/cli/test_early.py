"""Ctrl-C in the first seconds of a command: one sentence and exit status 130."""

import os
import subprocess
import sys
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
    (tmp_path / "quick.py").write_text("import signal\napp = lambda: print(signal.getsignal(signal.SIGINT).__name__)\n")
    assert python(tmp_path, "from pruning.cli.early import run\nrun('quick')").stdout == "default_int_handler\n"


@pytest.mark.parametrize("package", ["pruning", "analysis"])
def test_nothing_slow_is_imported_before(package: str, tmp_path: Path) -> None:
    code = f"import sys, {package}.__main__\nassert not {{'torch', 'numpy', 'typer'}} & set(sys.modules)"
    done = python(tmp_path, code)
    assert done.returncode == 0, done.stderr
