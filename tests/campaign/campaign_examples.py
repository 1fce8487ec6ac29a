"""The tests by hypothesis with many times their examples, and other ones each time."""

import os
import re
import subprocess
import sys

from tests import ROOT
from tests.campaign.tally import FAILED, Tally

FEWEST = 100  # examples that tests have by themselves, about
SHARE = 0.3


def run(count: int, seed: int, tally: Tally) -> None:
    """Run them in two processes, with `count` examples or more each."""
    words = ["-m", "pytest", "-n", "2", "-p", "tests.campaign.more_examples", "--timeout=0", "-m", "not browser"]
    done = subprocess.run(
        [sys.executable, *words, f"--hypothesis-seed={seed}", "tests"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "CAMPAIGN_TIMES": str(max(1, round(count / FEWEST)))},
    )  # fmt: skip
    tally.tried = sum(int(number) for number in re.findall(r"(\d+) (?:passed|failed|error)", done.stdout))
    for line in done.stdout.splitlines():
        if line.startswith(("FAILED", "ERROR")):
            tally.count(FAILED, line)
    if (done.returncode or not tally.tried) and not tally.faults:
        tally.count(FAILED, (done.stdout + done.stderr)[-300:])
