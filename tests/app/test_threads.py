"""A page's calculations are on one thread each, and nothing else is."""

import os
import subprocess
import sys

import pytest

from app import THREADS
from tests import ROOT

ASKED = "import app, os, torch; print(torch.get_num_threads(), app.outside(os.environ).get(app.THREADS))"


@pytest.mark.parametrize(("before", "then"), [(None, "1 None"), ("2", "2 2")])
def test_unless_somebody_says_otherwise(before: str | None, then: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != THREADS}
    environment |= {THREADS: before} if before else {}
    done = subprocess.run([sys.executable, "-c", ASKED], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == then.split(), done.stderr
