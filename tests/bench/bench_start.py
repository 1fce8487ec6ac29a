"""What stands between the start of the app and its first page: the processor's time, in imports of torch."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from tests import ROOT
from tests.bench.rows import Row

TORCH = "import torch"
MODULES = """
from app import beside
from app.shell import navigation, pages, sections
sections.of_page(pages.in_order()[0].name)
"""
DRAWN = f"""
from streamlit.testing.v1 import AppTest
test = AppTest.from_file({str(ROOT / "app" / "main.py")!r}, default_timeout=300).run()
assert not test.exception and not test.error
"""


def run(quick: bool) -> list[Row]:
    """Rows for the modules of the start page, and for the page of the first sample drawn with empty caches."""
    repeats = 1 if quick else 3
    torch, modules, drawn = (min(_seconds(code) for _ in range(repeats)) for code in (TORCH, MODULES, DRAWN))
    return [
        Row("the modules of the start page, over those of torch", torch, modules, 2.0, at_most=True),
        Row("the start page drawn in a fresh process, over the import of torch", torch, drawn, 3.0, at_most=True),
    ]


def _seconds(code: str) -> float:
    """Seconds that processors worked for a fresh process that runs the code."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": folder}
        command = [sys.executable, "-c", code]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, code
    return used.ru_utime + used.ru_stime
