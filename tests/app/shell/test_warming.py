"""The app says that corruptions are being compiled as long as they are, and no longer."""

import gc
import subprocess
import sys
import time

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


@pytest.mark.parametrize("broken", [False, True])
def test_garbage_is_looked_for_again_once_all_is_read(broken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking() -> bool:
        assert not broken
        return False

    monkeypatch.setattr("analysis.corruptions.compiled.stored.lacking", lacking)
    monkeypatch.setattr(warming, "PAUSE", 0.0)
    try:
        warming.begin()
        assert not gc.isenabled()
        warming.go_on()
        warming.go_on()  # of a second page: there is nothing left to do
        deadline = time.monotonic() + 60
        while not gc.isenabled() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.enable()
        gc.unfreeze()
