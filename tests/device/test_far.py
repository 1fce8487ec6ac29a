"""`far_checks.py` in a process of its own: once torch knows of a device, other tests would see it."""

import subprocess
import sys
from pathlib import Path

from tests import ROOT

CHECKS = Path(__file__).with_name("far_checks.py")


def test_nothing_mixes_devices() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(CHECKS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "[100%]" in done.stdout
