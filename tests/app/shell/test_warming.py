"""The app says that corruptions are being compiled as long as they are, and no longer."""

import subprocess
import sys

import pytest

from app.shell import warming


def test_it_is_compiling_until_the_process_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not warming.compiling()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        monkeypatch.setattr(warming, "_compiling", [process])
        assert warming.compiling()
        process.communicate(b"\n")
        warming.wait()
        assert not warming.compiling()
